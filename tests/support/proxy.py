"""A TCP proxy on loopback that can cut a connection at a chosen moment, for outcomes nobody knows."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal, Self
from urllib.parse import urlsplit

Mode = Literal["pass", "cut-after-write", "cut-before-write", "refuse"]


class Passage:
    """Listens on loopback in the place of the server at `url`. A subclass says what passes, in `serve`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._given = url
        self._target = (str(parts.hostname), int(parts.port or 0))
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """The target's address with the proxy in its place."""
        host, port = self._target
        return self._given.replace(f"{host}:{port}", f"127.0.0.1:{self.port}") + "&directConnection=true"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.drop()

    def drop(self) -> None:
        """End every connection that is open."""
        for writer in list(self._writers):
            writer.close()
        self._writers.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        raise NotImplementedError

    async def reach(self, writer: asyncio.StreamWriter) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the target for the client behind `writer`; `drop` ends both."""
        up_reader, up_writer = await asyncio.open_connection(*self._target)
        self._writers |= {writer, up_writer}
        return up_reader, up_writer


class Proxy(Passage):
    """Forwards to `url`. With `cut-after-write` the server gets what the client sent and the answer
    is lost; with `cut-before-write` neither side gets anything. Either applies to messages that hold
    `marker`; `cuts` counts how often it happened.
    """

    def __init__(self, url: str, marker: bytes) -> None:
        super().__init__(url)
        self._marker = marker
        self.mode: Mode = "pass"
        self.cuts = 0
        self.limit = 1

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward both ways, or refuse."""
        if self.mode == "refuse":
            writer.close()
            return
        up_reader, up_writer = await self.reach(writer)
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
