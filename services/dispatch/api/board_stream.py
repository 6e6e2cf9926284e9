"""The board's changes as server-sent events (HTML, "Server-sent events")."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from services.dispatch.choosing import Choice
from services.dispatch.listeners import Listener, Listeners
from services.dispatch.rows import Row
from services.dispatch.views import Requests
from shared.kernel.canonical import Json, encode
from shared.runtime.http.event_stream import CHECK_S, HEARTBEAT_S, RETRY_MS
from shared.runtime.http.problems import Problem

RESET = {"code": "load-the-board", "detail": "what changed is not known any more; load /v1/board anew"}


@dataclass(frozen=True, slots=True)
class Told:
    """What a listener of `client` is told: what `choice` takes, behind the place `after` or from now on."""

    requests: Requests
    listeners: Listeners
    client: str
    choice: Choice
    after: str | None
    shown: Callable[[Row], Mapping[str, Json]]
    heartbeat_s: float = HEARTBEAT_S

    async def events(self, verify: Callable[[], Awaitable[object]]) -> AsyncIterator[bytes]:
        """What changes, until the listener is lost or `verify` raises a Problem."""
        listener, known = self.listeners.open(self.client, self.choice, self.after)
        try:
            yield format_sse_event(comment="linli", retry=RETRY_MS)
            if not known:
                yield _said("reset", RESET, listener.place)
            async for event in self._until_it_ends(listener, verify):
                yield event
        finally:
            self.listeners.close(listener)

    async def _until_it_ends(
        self, listener: Listener, verify: Callable[[], Awaitable[object]]
    ) -> AsyncIterator[bytes]:
        checked = spoke = monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECK_S):
                    await listener.woken.wait()
            if monotonic() - checked >= CHECK_S:
                try:
                    await verify()
                except Problem as problem:
                    yield _said("over", {"code": problem.code, "detail": problem.detail})
                    return
                checked = monotonic()
            for event in self._changes(listener):
                yield event
                spoke = monotonic()
            if listener.lost:
                yield _said("reset", RESET, listener.place)
                return
            if monotonic() - spoke >= self.heartbeat_s:
                yield KEEPALIVE_COMMENT
                spoke = monotonic()

    def _changes(self, listener: Listener) -> list[bytes]:
        """Each row that changed, as it is now. Only the last has the place: whoever is cut off before it asks
        for all of them again."""
        ids, place = listener.taken()
        found = []
        for number, id in enumerate(ids, start=1):
            row, last = self.requests.row(id), place if number == len(ids) else None
            if row is not None and self.choice.fits(row):
                found.append(_said("changed", self.shown(row), last))
            else:
                found.append(_said("gone", {"id": id}, last))
        return found


def _said(event: str, data: Mapping[str, Json], place: str | None = None) -> bytes:
    return format_sse_event(event=event, data_str=encode(data).decode(), id=place)
