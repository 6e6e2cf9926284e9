"""A proxy before the store that knows one message from the next, and ends a process at a chosen one.

Source: MongoDB wire protocol, "Standard Message Header" and "OP_MSG".
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from dataclasses import dataclass
from typing import Literal

from tests.support.proxy import Passage

Moment = Literal["before", "unanswered", "answered"]
"""Before the message is passed on; when the store has done it and the answer is held back; right behind the
answer."""

OP_MSG = 2013
HEADER_BYTES = 16
# Behind the header and the flags: the section's kind, the length of the body, the type of its first element.
TYPE_AT, NAME_AT = 25, 26
STRING = 0x02
# What a driver sends of itself, whenever it likes.
OF_THE_DRIVER = {"hello", "ismaster", "isMaster", "ping", "saslStart", "saslContinue", "endSessions"}


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came. `step` is `find commits` for a command on a collection, and empty if it is
    none, or the driver's own."""

    raw: bytes
    id: int
    answers: int
    step: str


async def read_message(reader: asyncio.StreamReader) -> Message:
    """The next message. Raises EOFError when there is none."""
    header = await reader.readexactly(HEADER_BYTES)
    length, id, answers, kind = struct.unpack("<iiii", header)
    raw = header + await reader.readexactly(length - HEADER_BYTES)
    return Message(raw, id, answers, _step(raw) if kind == OP_MSG and not answers else "")


def _step(raw: bytes) -> str:
    """A command's body begins with its name, whose value is the collection."""
    end = raw.index(b"\0", NAME_AT)
    command = raw[NAME_AT:end].decode()
    if command in OF_THE_DRIVER:
        return ""
    if raw[TYPE_AT] != STRING:
        return command
    (size,) = struct.unpack_from("<i", raw, end + 1)
    return f"{command} {raw[end + 5 : end + 4 + size].decode()}"


class Tripwire(Passage):
    """Passes all on to `url` until the process that `arm` was told of sends its `at`-th message from then.

    Then that process is ended with SIGKILL, at `moment`, and nothing passes any more.
    """

    def __init__(self, url: str, at: int, moment: Moment) -> None:
        super().__init__(url)
        self._at = at
        self._moment = moment
        self._process: asyncio.subprocess.Process | None = None
        self._unanswered: set[int] = set()
        self._watched: int | None = None
        self.steps: list[str] = []
        """What the process has sent since `arm`; the last, once it is `tripped`, is what ended it."""
        self.tripped = False

    def arm(self, process: asyncio.subprocess.Process) -> None:
        """Count from now on."""
        self._process = process

    def is_quiet(self) -> bool:
        """Whether the store has answered all that was passed on to it."""
        return not self._unanswered

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Neither end is closed when the other is: the store is to do what it has begun."""
        up_reader, up_writer = await self.reach(writer)
        await asyncio.gather(self._requests(reader, up_writer), self._answers(up_reader, writer))

    async def _requests(self, reader: asyncio.StreamReader, up: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError):
            while not self.tripped:
                message = await read_message(reader)
                if self._process is not None and message.step and not self.tripped:
                    await self._count(message)
                if not self.tripped:
                    up.write(message.raw)

    async def _count(self, message: Message) -> None:
        self.steps.append(message.step)
        if len(self.steps) == self._at:
            if self._moment == "before":
                return await self._trip()
            self._watched = message.id
        self._unanswered.add(message.id)

    async def _answers(self, up: asyncio.StreamReader, down: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                message = await read_message(up)
                self._unanswered.discard(message.answers)
                is_watched = message.answers == self._watched
                if not self.tripped and not (is_watched and self._moment == "unanswered"):
                    down.write(message.raw)
                if is_watched:
                    await self._trip()

    async def _trip(self) -> None:
        assert self._process is not None
        self.tripped = True
        self._process.kill()
        await self._process.wait()
