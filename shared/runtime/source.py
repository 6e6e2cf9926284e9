"""Where a follower can fetch what it missed: a service's own log, or the feed of another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import aiohttp

from shared.kernel.canonical import decode_object, encode
from shared.kernel.cloudevent import CloudEvent, heard, parse
from shared.kernel.commit import Commit

PAGE = 200
TIMEOUT_S = 5.0


class SourceUnavailable(Exception):
    """The source's feed cannot be read now."""


class Source(Protocol):
    """A log that can be read on from a position, in whole commits."""

    async def read(self, after: int) -> list[CloudEvent]:
        """The events of the next commits behind `after`; none if it is the head.

        Raises SourceUnavailable.
        """
        ...


class ReadableLog(Protocol):
    """What a local source needs of a log."""

    async def read(self, after: int, limit: int) -> list[Commit]: ...

    def watch(self) -> asyncio.Event: ...


@dataclass(frozen=True, slots=True)
class OwnLog:
    """The service's own log, for its read models."""

    service: str
    log: ReadableLog

    async def read(self, after: int) -> list[CloudEvent]:
        """See `Source.read`."""
        commits = await self.log.read(after, PAGE)
        return [event for commit in commits for event in heard(self.service, commit)]


@dataclass(frozen=True, slots=True)
class Feed:
    """Another service's `GET /v1/events`. `token` gives an access token with the scope `events:read`."""

    url: str
    session: Callable[[], aiohttp.ClientSession]
    token: Callable[[], Awaitable[str]]

    async def read(self, after: int) -> list[CloudEvent]:
        """See `Source.read`."""
        try:
            async with self.session().get(
                f"{self.url}/v1/events",
                params={"after": str(after), "limit": str(PAGE)},
                headers={"Authorization": f"Bearer {await self.token()}"},
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            ) as response:
                body = await response.read()
                if response.status != 200:
                    raise SourceUnavailable(f"{self.url} answered {response.status}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SourceUnavailable(f"{self.url}: {type(error).__name__}") from error
        try:
            items = decode_object(body)["items"]
            if not isinstance(items, list):
                raise ValueError("no list")
            # Re-encoded, these are the bytes that were served: the encoding is canonical.
            return [parse(encode(item)) for item in items]
        except (ValueError, KeyError) as error:
            raise SourceUnavailable(f"{self.url} answered no events: {error}") from error
