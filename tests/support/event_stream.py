"""Server-sent events, as a client reads them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from json import loads
from typing import Any

import aiohttp

PATIENCE_S = 15.0


@dataclass
class Heard:
    """A stream that is read: each event as (event, data, id). `last` is the id that was heard last."""

    response: aiohttp.ClientResponse
    last: str | None = None
    _lines: dict[str, str] = field(default_factory=dict)

    async def next(self) -> tuple[str, Any, str | None]:
        """The next event that has data. Raises EOFError at the end of the stream."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                line = await self.response.content.readline()
                if not line:
                    raise EOFError
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    self._lines[name] = value
                    continue
                said, self._lines = self._lines, {}
                self.last = said.get("id", self.last)
                if "data" in said:
                    return said.get("event", "message"), loads(said["data"]), said.get("id")
