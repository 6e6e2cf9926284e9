"""Partners' systems that answer 204 as fast as may be: /hook/<number>, one number for each.

python -m tests.load.delivery_receiver

It says its port, and then does what it is told: see `Arrivals`. Times are of `perf_counter`, which all
processes of a machine share.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection
from time import perf_counter
from typing import cast

import uvloop

from tests.load.delivery_asked import answer, say

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ID = re.compile(rb"\r\nwebhook-id: *([^\r]+)", re.IGNORECASE)
_PATH = re.compile(rb"[A-Z]+ /hook/(\d+) ")


class Arrivals:
    """What has arrived since the last `reset`: each webhook's id, and when it first came."""

    def __init__(self) -> None:
        self.times: dict[str, float] = {}
        self.hanging: frozenset[int] = frozenset()
        self._due = 0
        self._enough = asyncio.Event()

    def arrived(self, id: str) -> None:
        """Note the moment, if it is new."""
        if id not in self.times:
            self.times[id] = perf_counter()
            if len(self.times) == self._due:
                self._enough.set()

    async def reset(self, hanging: Collection[int] = ()) -> None:
        """Forget what came. These numbers answer nothing from now on."""
        self.times.clear()
        self.hanging = frozenset(hanging)

    async def free(self) -> None:
        """All answer again; those who were not answered have to come again."""
        self.hanging = frozenset()

    async def wait(self, count: int, patience: float) -> list[float]:
        """When the first came, and the last of `count`. Raises TimeoutError."""
        self._due = count
        self._enough.clear()
        if len(self.times) < count:
            async with asyncio.timeout(patience):
                await self._enough.wait()
        moments = sorted(self.times.values())
        return [moments[0], moments[count - 1]]

    async def all(self) -> dict[str, float]:
        """Each id and its moment."""
        return self.times


class Partner(asyncio.Protocol):
    """One connection: whole requests, one behind the other."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are no subclass of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (head := self._read.find(END)) >= 0:
            length = _LENGTH.search(self._read, 0, head)
            end = head + len(END) + (int(length[1]) if length else 0)
            if len(self._read) < end:
                return
            self._take(self._read[:head])
            self._read = self._read[end:]

    def _take(self, head: bytes) -> None:
        path, id = _PATH.match(head), _ID.search(head)
        assert path is not None, head
        assert id is not None, head
        if int(path[1]) in self._arrivals.hanging:
            return
        self._arrivals.arrived(id[1].decode())
        self._transport.write(ANSWER)


async def main() -> None:
    arrivals = Arrivals()
    server = await asyncio.get_running_loop().create_server(lambda: Partner(arrivals), "127.0.0.1", 0)
    async with server:
        say(server.sockets[0].getsockname()[1])
        await answer(
            {"reset": arrivals.reset, "free": arrivals.free, "wait": arrivals.wait, "all": arrivals.all}
        )


if __name__ == "__main__":
    uvloop.run(main())
