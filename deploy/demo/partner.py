"""A partner unit's own system, which listens for webhooks: a small process, as a partner would write it.

python -m deploy.demo.partner UNIT PORT JOURNAL FAILURES

The signing secret is the first line of its input; when its input ends, it ends. It answers 500 to its
first FAILURES webhooks. JOURNAL gets a line for each, `<status> <event id>`, before the answer goes out.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

ACCEPTED, BROKEN, NOT_OURS, FORGED = 204, 500, 400, 401


@dataclass(slots=True)
class Inbox:
    """Takes one unit's webhooks. `note` is told the status and the event id of each."""

    unit: str
    secret: str
    note: Callable[[int, str], None]
    failures: int = 0

    async def receive(self, request: web.Request) -> web.Response:
        """The answer to one webhook."""
        status = self._judge(await request.read(), {name.lower(): v for name, v in request.headers.items()})
        self.note(status, request.headers.get("webhook-id", "-"))
        return web.Response(status=status)

    def _judge(self, body: bytes, headers: dict[str, str]) -> int:
        try:
            event = Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            return FORGED
        if event["id"] != headers["webhook-id"] or event["data"]["units"] != [self.unit]:
            return NOT_OURS
        if self.failures:
            self.failures -= 1
            return BROKEN
        return ACCEPTED


def read_journal(path: Path) -> list[tuple[int, str]]:
    """What a journal says: status and event id of each webhook, in order."""
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    return [(int(status), event) for status, _, event in (line.partition(" ") for line in lines)]


async def _serve(unit: str, port: int, path: Path, failures: int) -> None:
    secret = sys.stdin.readline().strip()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
    with path.open("ab", buffering=0) as journal:
        inbox = Inbox(unit, secret, lambda status, id: _write(journal.write, status, id), failures)
        app = web.Application()
        app.router.add_post("/webhooks", inbox.receive)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await ended.wait()
        await runner.cleanup()


def _write(write: Callable[[bytes], object], status: int, id: str) -> None:
    write(f"{status} {id}\n".encode())


def main(arguments: Sequence[str]) -> None:
    """See the module."""
    unit, port, journal, failures = arguments
    asyncio.run(_serve(unit, int(port), Path(journal), int(failures)))


if __name__ == "__main__":
    main(sys.argv[1:])
