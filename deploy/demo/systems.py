"""The systems of the partner units: the health centre's is a process of its own, the others listen here."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from aiohttp import web

from deploy.demo.callers import Callers
from deploy.demo.errors import DemoFailed
from deploy.demo.partner import Inbox, read_journal
from deploy.demo.stage import Stage
from deploy.stack.services import CHECKOUT

PARTNER = "unit-health-centre"
FIRST_FAILURES = 4
START_PATIENCE_S = 15.0

Journal = list[tuple[int, str]]
"""Status and event id of each webhook, in the order in which they came."""


@dataclass(slots=True)
class PartnerSystem:
    """The health centre's system. `journal` is the file that it writes."""

    port: int
    journal: Path
    secret: str = ""
    _process: asyncio.subprocess.Process | None = None

    async def start(self, failures: int = 0) -> None:
        """Start it, and return when it listens. Raises DemoFailed if it does not."""
        arguments = (PARTNER, str(self.port), str(self.journal), str(failures))
        command = (sys.executable, "-m", "deploy.demo.partner", *arguments)
        self._process = await asyncio.create_subprocess_exec(
            *command, cwd=CHECKOUT, stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        assert self._process.stdin is not None
        self._process.stdin.write(f"{self.secret}\n".encode())
        deadline = monotonic() + START_PATIENCE_S
        while not await _listens(self.port):
            if self._process.returncode is not None or monotonic() > deadline:
                raise DemoFailed("the health centre's system does not start")
            await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@dataclass(slots=True)
class Systems:
    """All that listens for webhooks, and the endpoint of each unit."""

    partner: PartnerSystem
    endpoints: dict[str, str] = field(default_factory=dict)
    _journals: dict[str, Journal] = field(default_factory=dict)

    def journals(self) -> Mapping[str, Journal]:
        """What each unit's system was sent and answered."""
        return {**self._journals, PARTNER: read_journal(self.partner.journal)}

    async def register(self, stage: Stage, callers: Callers, app: web.Application) -> None:
        """Each unit's own client registers its endpoint; the secret is shown to it alone."""
        for unit, api in callers.units.items():
            port, path = (stage.partner_port, "webhooks") if unit == PARTNER else (stage.systems_port, unit)
            body = {"unit": unit, "url": f"http://127.0.0.1:{port}/{path}", "events": ["*"]}
            reply = await api.post("notify", "/v1/endpoints", body)
            self.endpoints[unit] = reply.text("id")
            if unit == PARTNER:
                self.partner.secret = reply.text("secret")
            else:
                self._listen(unit, reply.text("secret"), app)

    def _listen(self, unit: str, secret: str, app: web.Application) -> None:
        journal: Journal = []
        self._journals[unit] = journal
        inbox = Inbox(unit, secret, lambda status, id: journal.append((status, id)))
        app.router.add_post(f"/{unit}", inbox.receive)


@asynccontextmanager
async def systems(stage: Stage, callers: Callers) -> AsyncIterator[Systems]:
    """The units' systems, registered and listening; nothing of them is left afterwards."""
    found = Systems(PartnerSystem(stage.partner_port, stage.folder / "health-centre.journal"))
    app = web.Application()
    await found.register(stage, callers, app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", stage.systems_port).start()
        await found.partner.start(FIRST_FAILURES)
        yield found
    finally:
        await found.partner.kill()
        await runner.cleanup()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
