"""A program that handles three calls at once behind the edge, and writes lines in them and after them.

Run in a process of its own: how lines are written is set for a whole process.
"""

from __future__ import annotations

import asyncio
import logging

import structlog
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from shared.runtime.http.edge import Edge, Gate
from shared.runtime.http.rate import RateLimit
from shared.runtime.logs import configure

PATHS = ("/one", "/two", "/fails")
TRACE = "00-{:032x}-b7ad6b7169203331-01"

log = structlog.get_logger()


class Talker:
    """An application whose calls go on only once all of them have begun."""

    def __init__(self) -> None:
        self.all_begun = asyncio.Barrier(len(PATHS))
        self.all_over = asyncio.Event()
        self.left_behind: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        self.left_behind.append(asyncio.create_task(self._after(path)))
        log.info("in-a-call", path=path)
        await self.all_begun.wait()
        await asyncio.create_task(self._within(path))
        if path == "/fails":
            raise ValueError("a fault of ours")
        await Response(status_code=409)(scope, receive, send)

    async def _within(self, path: str) -> None:
        log.info("in-a-task-of-a-call", path=path)
        logging.getLogger("some.library").warning("in-a-library %s", path)

    async def _after(self, path: str) -> None:
        await self.all_over.wait()
        log.info("after-a-call", path=path)


async def main() -> None:
    configure("dispatch", "info")
    talker = Talker()

    async def yes(*_: object) -> bool:
        return True

    edge = Edge(talker, Gate(lambda: True, yes, yes, RateLimit()))
    calls = [asyncio.create_task(call(edge, number, path)) for number, path in enumerate(PATHS, 1)]
    await asyncio.wait(calls)
    talker.all_over.set()
    await asyncio.wait(talker.left_behind)
    log.info("outside")


async def call(edge: Edge, number: int, path: str) -> None:
    """The `number`th call, with ids that say so."""
    headers = [(b"x-request-id", f"call-{number}".encode()), (b"traceparent", TRACE.format(number).encode())]
    scope: Scope = {"type": "http", "method": "GET", "path": path, "headers": headers, "query_string": b""}

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Message) -> None:
        return

    await edge(scope, receive, send)


if __name__ == "__main__":
    asyncio.run(main())
