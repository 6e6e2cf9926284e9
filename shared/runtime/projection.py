"""Read models of a service's own log: the pace of stored ones, and the ones kept in memory. Source: ADR 7."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol, runtime_checkable

from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.follower import Follower
from shared.runtime.parking import Handler
from shared.runtime.positions import KeptPositions
from shared.runtime.snapshots import Snapshots

STORED_EVERY_S = 0.05
KEPT_EVERY_S = 0.02
AFTER_S = 0.01
LOOK_S = 0.1
"""How soon a view in memory hears of what another process has appended."""
PART = 250
SAVE_LOOK_S = 5.0
SAVE_COMMITS = 2000


class View(Protocol):
    """A read model that is kept in memory."""

    async def follow(self, events: Sequence[CloudEvent]) -> None:
        """Apply events in order; one that was applied before changes nothing."""
        ...

    def rows(self) -> Iterator[Json]:
        """All of it, as what JSON can say; may be changed while it is read."""
        ...

    def restore(self, rows: Sequence[Json]) -> None:
        """Be what `rows` said."""
        ...


@runtime_checkable
class Renewable(View, Protocol):
    """A view that can be made anew while it is in use."""

    def fresh(self) -> View:
        """One like it, with nothing in it."""
        ...

    def become(self, fresh: View) -> None:
        """Have what `fresh` has, at once; `fresh` is used up by it."""
        ...


@dataclass(slots=True)
class Kept:
    """A view in memory, and how it outlives its process."""

    view: View
    service: str
    snapshots: Snapshots
    positions: KeptPositions = field(default_factory=KeptPositions)
    _saved: int = 0
    _size: int = 0

    async def open(self) -> None:
        """Restore the view from its last snapshot; what came behind it is followed from there."""
        found = await self.snapshots.load()
        if found is not None:
            self.positions.places[self.service], rows = found
            self.view.restore(rows)
            self._saved, self._size = found[0].pos, len(rows)

    async def keep_saving(self) -> None:
        """Save a snapshot whenever the log has grown by as much as a snapshot costs; until cancelled."""
        while True:
            await asyncio.sleep(SAVE_LOOK_S)
            place = await self.positions.load(self.service)
            if place.pos - self._saved >= max(SAVE_COMMITS, self._size):
                await self.save()

    async def save(self) -> None:
        """Save a snapshot now."""
        place = await self.positions.load(self.service)
        self._size = await self.snapshots.save(place, self.view.rows())
        self._saved = place.pos


async def nudge(follower: Follower, service: str, appended: asyncio.Event, look: float | None) -> None:
    """Wake `follower` at each append, and every `look` seconds; until cancelled."""
    while True:
        with suppress(TimeoutError):  # time to look, though nothing was appended here
            async with asyncio.timeout(look):
                await appended.wait()
        appended.clear()
        follower.nudge(service)


def by_parts(handler: Handler) -> Handler:
    """`handler`, given PART events at a time: what it asks of the store is answered in time, however much
    there is to catch up with."""

    async def handle(events: Sequence[CloudEvent]) -> None:
        for start in range(0, len(events), PART):
            await handler(events[start : start + PART])

    return handle


def at_most_every(seconds: float, handler: Handler) -> Handler:
    """`handler`, soon after a rest and else with a pause, in which more comes together: under load a few
    large batches cost the store far less than many small ones, and what others wait for goes first."""
    last = 0.0

    async def handle(events: Sequence[CloudEvent]) -> None:
        nonlocal last
        await asyncio.sleep(max(last + seconds - monotonic(), AFTER_S))
        last = monotonic()
        await handler(events)

    return handle
