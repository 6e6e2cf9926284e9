"""A view in memory made anew from the log while it is in use: beside the old one, which it then replaces."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog

from shared.kernel.cloudevent import START, Place
from shared.runtime.follower import Follower
from shared.runtime.projection import Kept, Renewable, View
from shared.runtime.source import Source

PART = 100
"""Events that are applied before others have their turn."""

log = structlog.get_logger()


@dataclass(slots=True)
class Rebuilding:
    """One view, the follower that keeps it up, and the log that both read."""

    kept: Kept
    follower: Follower
    source: Source
    _running: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def under_way(self) -> bool:
        """Whether it is being made anew now."""
        return self._running.locked()

    async def run(self) -> Place:
        """Make the view anew, and save a snapshot of it; the place in the log up to which it was read.

        Raises SourceUnavailable and the store's errors: then the old one stays.
        """
        view = self.kept.view
        assert isinstance(view, Renewable)
        async with self._running:
            fresh = view.fresh()
            place = await self._read_on(fresh, START)
            async with self.follower.paused():
                positions, service = self.kept.positions, self.kept.service
                old = await positions.load(service)
                if place < old:
                    place = await self._read_on(fresh, place)
                view.become(fresh)
                await positions.move(service, old, place)
            self.follower.nudge(service)
            await self.kept.save()
        log.info("view-rebuilt", follower=self.follower.name, pos=place.pos)
        return place

    async def _read_on(self, fresh: View, place: Place) -> Place:
        """Apply what the log has behind `place`; the place of the last event."""
        while events := await self.source.read(place.pos):
            for start in range(0, len(events), PART):
                await fresh.follow(events[start : start + PART])
                await asyncio.sleep(0)
            place = events[-1].place
        return place
