"""A notify of its own on a real broker and store, the services that it hears, and partners that it tells."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import aiohttp
from aiormq.abc import FieldTable

from deploy.stack import Stack, ephemeral
from services.registry.domain.roles import SCOPES
from services.registry.signing import SIGNING, Grant, Signer, load_signer
from shared.runtime.broker import Broker
from shared.runtime.keyring import load_keyring
from tests.load.delivery_asked import Asked, started
from tests.support.client import Client, Reply
from tests.support.waiting import until

_PROC = Path("/proc/self/stat").exists()
CHECKOUT = Path(__file__).resolve().parents[2]
DEADLINE_S = 5.0
SETTINGS = {
    "LINLI_ALLOW_NETWORKS": "127.0.0.0/8",
    "LINLI_DEADLINE": str(DEADLINE_S),
    "LINLI_RETRY_SCHEDULE": "1,1,1,2,2,5,5,60",
    "LINLI_LOG_LEVEL": "warning",
}
QUEUE: FieldTable = {"x-queue-type": "quorum"}
IDLE = 0.1
"""The share of a core below which notify is at rest."""


@dataclass(frozen=True, slots=True)
class Stage:
    """All that runs. Units are `unit-bench-<number>`; the one with a number listens at /hook/<number>."""

    stack: Stack
    source: Asked
    receiver: Asked
    receives: str
    notify: Client
    process: asyncio.subprocess.Process
    signer: Signer
    issuer: str
    endpoints: dict[str, str] = field(default_factory=dict)
    """The endpoint of each unit."""

    def url(self, number: int) -> str:
        """Where a partner listens."""
        return f"{self.receives}/hook/{number}"

    @property
    def units(self) -> list[str]:
        """Those that have an endpoint."""
        return [*self.endpoints]

    async def found(self, count: int) -> None:
        """So many units more, each with an endpoint that it has registered itself."""
        numbers = range(len(self.endpoints), len(self.endpoints) + count)
        units = [f"unit-bench-{number}" for number in numbers]
        position = await self.source.ask("found", units=units, kid=self.signer.kid, x=self.signer.x)
        for unit, number in zip(units, numbers, strict=True):
            await until(lambda unit=unit: self._may_come_in(unit), 30)  # type: ignore[misc]
            body = {"unit": unit, "url": self.url(number), "events": ["request-created"]}
            reply = await self.of_unit(unit, "POST", "/v1/endpoints", body)
            assert reply.status == 201, reply.body
            self.endpoints[unit] = str(reply.body["id"])
        await self.heard(position)

    async def _may_come_in(self, unit: str) -> bool:
        return (await self.of_unit(unit, "GET", "/v1/endpoints?limit=1")).status == 200

    async def of_unit(self, unit: str, method: str, path: str, body: object = None) -> Reply:
        """A call by a client of `unit`."""
        grant = Grant(f"client-{unit}", f"client-{unit}", "unit", SCOPES["unit"], ("shaba",), unit)
        token = self.signer.token(grant, self.issuer)[0]
        return await self.notify.call(method, path, body, headers={"Authorization": f"Bearer {token}"})

    async def heard(self, position: str, patience: float = 300) -> None:
        """Wait until notify has applied what was published up to there."""
        grant = Grant("client-bench", "client-bench", "admin", SCOPES["admin"], ("shaba",))
        after = {
            "Authorization": f"Bearer {self.signer.token(grant, self.issuer)[0]}",
            "Linli-After": position,
        }

        async def applied() -> bool:
            reply = await self.notify.call("GET", "/v1/endpoints?limit=1", headers=after)
            return reply.status == 200

        await until(applied, patience)

    def halt(self) -> None:
        """notify stands still, as it is, until `go`."""
        self.process.send_signal(signal.SIGSTOP)

    def go(self) -> None:
        """notify goes on."""
        self.process.send_signal(signal.SIGCONT)

    async def at_rest(self) -> None:
        """Wait until notify has done what was left to do; on Linux, which says what a process takes."""
        if _PROC:
            await until(self._is_idle, 60)

    async def _is_idle(self) -> bool:
        took = self._cpu_s()
        await asyncio.sleep(0.5)
        return self._cpu_s() - took < 0.5 * IDLE

    def _cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @asynccontextmanager
    async def queue(self) -> AsyncIterator[str]:
        """A queue of a peer's own."""
        async with Broker(self.stack.site.amqp_url(), "operator").connected("bench") as connection:
            channel = await connection.channel()
            name = f"bench-{uuid4().hex[:8]}"
            await channel.declare_queue(name, durable=True, arguments=QUEUE)
            yield name
            await channel.queue_delete(name)


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """It, with no unit."""
    with ephemeral() as stack, tempfile.TemporaryDirectory(prefix="linli-") as folder:
        async with AsyncExitStack() as exits:
            site = stack.site
            receiver = await exits.enter_async_context(started("delivery_receiver"))
            port = await receiver.said()
            services = [
                part
                for name in ("registry", "dispatch")
                for part in (site.amqp_url(name), str(site.ports.of(name)))
            ]
            source = await exits.enter_async_context(started("delivery_source", site.amqp_url(), *services))
            assert await source.said() == "ready"
            session = await exits.enter_async_context(aiohttp.ClientSession())
            environment = stack.environment("notify") | SETTINGS
            process = await exits.enter_async_context(_notify(environment, Path(folder)))
            url = site.service_url("notify")

            async def opened() -> bool:
                assert process.returncode is None, (Path(folder) / "notify.log").read_text()[-2000:]
                return await _is_open(session, url)

            await until(opened, 30)
            yield Stage(
                stack,
                source,
                receiver,
                f"http://127.0.0.1:{port}",
                Client(url, session),
                process,
                load_signer(load_keyring(Path(folder) / "registry.json", (SIGNING,))),
                environment.get("LINLI_ISSUER") or site.service_url("registry"),
            )


async def _is_open(session: aiohttp.ClientSession, url: str) -> bool:
    """Whether it takes calls."""
    try:
        async with session.get(f"{url}/v1/event-types") as response:
            return response.status == 200
    except aiohttp.ClientConnectorError:
        return False


@asynccontextmanager
async def _notify(environment: dict[str, str], folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    with (folder / "notify.log").open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.notify"),
            cwd=CHECKOUT,
            env={"PATH": os.environ["PATH"], **environment},
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 15)
            except TimeoutError:
                process.kill()
                await process.wait()
