"""A process of the measurement that is told what to do by lines of JSON, and answers each with one."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

LONGEST_LINE = 1 << 26

Doing = Callable[..., Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Asked:
    """Such a process, as the one that has started it sees it."""

    process: asyncio.subprocess.Process

    async def ask(self, do: str, **what: object) -> Any:
        """What it answers. One question at a time."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **what}).encode() + b"\n")
        return await self.said()

    async def said(self) -> Any:
        """The next line that it says."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, "the process has ended"
        return json.loads(line)


@asynccontextmanager
async def started(module: str, *arguments: str) -> AsyncIterator[Asked]:
    """`python -m tests.load.<module>` with these arguments, ended behind it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"tests.load.{module}", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
    )
    try:
        yield Asked(process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def say(what: object) -> None:
    """One line to who asked."""
    print(json.dumps(what), flush=True)


async def answer(doings: Mapping[str, Doing]) -> None:
    """Do what each line of the standard input says, until it ends."""
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        asked = json.loads(line)
        say(await doings[asked.pop("do")](**asked))
