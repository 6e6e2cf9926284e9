"""notify as a process of its own, on a real broker, and a source that it hears of by it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from deploy.stack import Stack
from services.registry.domain.roles import SCOPES
from services.registry.signing import SIGNING, Grant, Signer, load_signer
from shared.runtime.broker import Broker, declare_queue
from shared.runtime.keyring import load_keyring
from shared.runtime.mongo import Database
from shared.runtime.mongo import database as open_database
from shared.runtime.relay import Relay
from shared.runtime.store import EventStore
from tests.support.drafts import draft
from tests.support.following import running
from tests.support.notifying import FOR_LONG, NOWHERE, UNIT, is_open
from tests.support.waiting import until

CHECKOUT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """`python -m services.notify`."""

    def __init__(self, environment: dict[str, str], folder: Path, name: str = "notify") -> None:
        self.url = f"http://127.0.0.1:{environment['LINLI_PORT']}"
        self._environment = environment
        self._output = folder / f"{name}.log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, session: aiohttp.ClientSession) -> None:
        with self._output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "services.notify"),
                cwd=CHECKOUT,
                env={"PATH": os.environ["PATH"], **self._environment},
                stdout=output,
                stderr=output,
            )
        await until(lambda: self._takes_calls(session), 30)

    async def _takes_calls(self, session: aiohttp.ClientSession) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, self.said()
        return await is_open(session, self.url)

    def send(self, number: signal.Signals) -> None:
        """Send a signal: to stand still, or to go on."""
        assert self._process is not None
        self._process.send_signal(number)

    async def kill(self) -> None:
        """kill -9, if it runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def ends(self) -> bool:
        """SIGTERM; whether it ends by that and not by an error. Raises TimeoutError if it does not end."""
        assert self._process is not None
        self._process.terminate()
        return await asyncio.wait_for(self._process.wait(), 15) in (0, -signal.SIGTERM)

    def said(self) -> str:
        return self._output.read_text()


async def environment(servers: Stack, store_url: str, database: Database, folder: Path) -> dict[str, str]:
    """The settings of a notify on `database`, with nothing in its queue from others; each needs a port."""
    async with Broker(servers.site.amqp_url("notify"), "notify").connected("tests") as connection:
        queue = await declare_queue(
            await connection.channel(), "notify.events.v1", ["registry.#", "dispatch.#"]
        )
        await queue.purge()
    return {
        "LINLI_MONGO_URL": store_url,
        "LINLI_MONGO_DB": database.name,
        "LINLI_AMQP_URL": servers.site.amqp_url("notify"),
        "LINLI_KEY_FILE": str(folder / "notify.json"),
        "LINLI_CLIENT_SECRET": "none",
        "LINLI_ALLOW_NETWORKS": "127.0.0.0/8",
        "LINLI_RETRY_SCHEDULE": "1,1,1",
        **{f"LINLI_{name}_URL": NOWHERE for name in ("REGISTRY", "DISPATCH", "NOTIFY", "AUDIT")},
    }


@asynccontextmanager
async def registry(servers: Stack, database: Database, signer: Signer) -> AsyncIterator[EventStore]:
    """A source with registry's rights on the broker, which has published its key."""
    beside = open_database(database.client, f"{database.name}_registry")
    store = EventStore(beside)
    await store.start()
    relay = Relay("registry", store, beside, Broker(servers.site.amqp_url("registry"), "registry"))
    key = draft(
        (f"key-{signer.kid}", 1), type="signing-key-published", data={"kid": signer.kid, "x": signer.x}
    )
    await store.append(key)
    terms = {"unit": UNIT, "services": [], "details_of": [], **FOR_LONG}
    await store.append(draft(("agreement-1", 1), type="agreement-signed", data=terms))  # type: ignore[arg-type]
    async with running(relay):
        yield store
    await store.stop()
    await database.client.drop_database(beside.name)


async def say(store: EventStore, count: int) -> set[str]:
    """So many events that concern the unit; their ids."""
    head = await store.head()
    data = {"units": [UNIT], "unit": UNIT, "team": "residents", "skills": [], "details": "-"}
    drafts = [
        draft((f"volunteer-{head}-{n}", 1), type="volunteer-registered", data=data)  # type: ignore[arg-type]
        for n in range(count)
    ]
    commits = await asyncio.gather(*(store.append(wanted) for wanted in drafts))
    return {commit.events[0].id for commit in commits}


def unit_client(folder: Path) -> tuple[Signer, dict[str, str]]:
    """Who signs tokens, and the header with which the unit's own client calls."""
    signer = load_signer(load_keyring(folder / "registry.json", (SIGNING,)))
    grant = Grant("client-1", "client-1", "unit", SCOPES["unit"], ("shaba",), UNIT)
    return signer, {"Authorization": f"Bearer {signer.token(grant, NOWHERE)[0]}"}


async def register(session: aiohttp.ClientSession, process: Process, url: str) -> tuple[str, str]:
    """An endpoint of the unit's; its id and secret."""
    await until(lambda: _is_let_in(session, process.url))
    body = {"unit": UNIT, "url": url, "events": ["*"]}
    async with session.post(f"{process.url}/v1/endpoints", json=body) as response:
        assert response.status == 201
        answer = await response.json()
        return str(answer["id"]), str(answer["secret"])


async def _is_let_in(session: aiohttp.ClientSession, url: str) -> bool:
    async with session.get(f"{url}/v1/endpoints") as response:
        return response.status == 200
