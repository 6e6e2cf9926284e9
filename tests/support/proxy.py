"""A TCP proxy on loopback that can cut a connection at a chosen moment, for outcomes nobody knows."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Literal
from urllib.parse import urlsplit

Mode = Literal["pass", "cut-after-write", "cut-before-write", "refuse"]


class Proxy:
    """Forwards to `target`. With `cut-after-write` the server gets what the client sent and the answer
    is lost; with `cut-before-write` neither side gets anything. Either applies to messages that hold
    `marker`; `cuts` counts how often it happened.
    """

    def __init__(self, url: str, marker: bytes) -> None:
        parts = urlsplit(url)
        self._given = url
        self._target = (str(parts.hostname), int(parts.port or 0))
        self._marker = marker
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.mode: Mode = "pass"
        self.cuts = 0
        self.limit = 1

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """The target's address with the proxy in its place."""
        host, port = self._target
        return self._given.replace(f"{host}:{port}", f"127.0.0.1:{self.port}") + "&directConnection=true"

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.drop()

    def drop(self) -> None:
        """End every connection that is open."""
        for writer in list(self._writers):
            writer.close()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "refuse":
            writer.close()
            return
        up_reader, up_writer = await asyncio.open_connection(*self._target)
        self._writers |= {writer, up_writer}
        state = {"mute": False}
        await asyncio.gather(
            self._requests(reader, up_writer, writer, state), self._answers(up_reader, writer, state)
        )

    async def _requests(
        self,
        reader: asyncio.StreamReader,
        up: asyncio.StreamWriter,
        down: asyncio.StreamWriter,
        state: dict[str, bool],
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 20):
                if self._marker in data and self.mode.startswith("cut") and self.cuts < self.limit:
                    self.cuts += 1
                    if self.mode == "cut-before-write":
                        break
                    state["mute"] = True
                up.write(data)
                await up.drain()
        up.close()
        down.close()

    @staticmethod
    async def _answers(up: asyncio.StreamReader, down: asyncio.StreamWriter, state: dict[str, bool]) -> None:
        with contextlib.suppress(OSError):
            while data := await up.read(1 << 20):
                if state["mute"]:
                    break
                down.write(data)
                await down.drain()
        down.close()
