"""A follower takes every event of its sources once, in order, whatever the broker does.

It keeps a position per source in its own database. A message that is next is applied, an older one
dropped, one that is ahead sends it to the source's feed for what lies between. So the broker is the
quick way and the feed the sure way. Source: docs/architecture.md, "Followers".
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

import structlog

from shared.kernel.cloudevent import START, CloudEvent, Place
from shared.runtime.mongo import Database, PyMongoError, is_passing
from shared.runtime.parking import Handler, Parking
from shared.runtime.positions import Positions, StoredPositions
from shared.runtime.source import Source, SourceUnavailable

HEARTBEAT_S = 5.0
BEHIND_S = 0.5
RELOAD_S = 0.05
NEWS = 100
"""Events of one page of a feed that are no sign of being behind."""

log = structlog.get_logger()


class PositionMoved(Exception):
    """Another replica has taken this source further; its position is read again."""


class SourceStopped(Exception):
    """Raised by a handler, of a follower that does not park, that takes nothing more of a source.

    The source is left alone from then on, its position where it was; the others go on. The text says why.
    """


@dataclass(slots=True)
class _Track:
    """How far one source has been followed."""

    source: Source
    place: Place | None = None
    behind: bool = True
    away: bool = False
    nudged: bool = False
    stopped: str | None = None
    heard: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class Follower:
    """Applies the events of `sources` through `handler`, effects first, then the position.

    `handler` gets batches of one source in order, and must be idempotent: after a crash the last batch
    comes again. An event that it cannot take is parked, unless `parks` is false: then the source waits.

    `seen_again` gets what comes at a place that was applied already, instead of its being dropped unseen.
    With it, each comparison with a source also reads the last commit that was applied once more.
    """

    def __init__(
        self,
        name: str,
        sources: Mapping[str, Source],
        handler: Handler,
        database: Database,
        parks: bool = True,
        seen_again: Handler | None = None,
        positions: Positions | None = None,
    ) -> None:
        self.name = name
        self._tracks = {service: _Track(source) for service, source in sources.items()}
        self._handler = handler
        self._positions = positions or StoredPositions(database, name)
        self._parking = Parking(database, name)
        self._parks = parks
        self._seen_again = seen_again
        self._moved = asyncio.Condition()

    async def load(self) -> None:
        """Read positions and parked streams; once, before the first `take`."""
        await self._parking.load()
        for service, track in self._tracks.items():
            track.place = await self._positions.load(service)

    def place(self, service: str) -> Place:
        """The place of the last event of `service` that was applied."""
        place = self._tracks[service].place
        return START if place is None else place

    async def applied(self, service: str) -> Place:
        """The same, of whichever replica has come furthest."""
        return await self._positions.load(service)

    @property
    def sources(self) -> list[str]:
        """The services that it follows."""
        return list(self._tracks)

    def is_behind(self, service: str) -> bool:
        """Whether something of this source is known to be missing."""
        return self._tracks[service].behind

    def standing(self, service: str) -> str:
        """`followed`, `behind`, or why the source was stopped."""
        track = self._tracks[service]
        return track.stopped or ("behind" if track.behind else "followed")

    def stop(self, service: str, reason: str) -> None:
        """Take nothing more of `service`."""
        track = self._tracks[service]
        if track.stopped is None:
            log.error("source-stopped", follower=self.name, source=service, reason=reason)
        track.stopped, track.behind = reason, True

    async def wait_for(self, service: str, pos: int, patience: float) -> bool:
        """Wait until commit `pos` of `service` is applied; false if that takes over `patience` seconds."""
        track = self._tracks[service]
        deadline = monotonic() + patience
        while not self._has(service, pos):
            if monotonic() > deadline:
                return False
            track.wake.set()
            try:
                async with asyncio.timeout(RELOAD_S), self._moved:
                    await self._moved.wait()
            except TimeoutError:
                track.place = await self._positions.load(service)  # another replica may have applied it
        return True

    def _has(self, service: str, pos: int) -> bool:
        place = self.place(service)
        return place.pos > pos or (place.pos == pos and place.index + 1 >= place.size)

    def nudge(self, service: str) -> None:
        """Look at the source's log now: something may have been appended to it."""
        self._tracks[service].wake.set()

    async def take(self, events: Sequence[CloudEvent]) -> None:
        """Take events as the broker brought them: any order, any gap, any number of times."""
        by_service: dict[str, list[CloudEvent]] = {}
        for event in events:
            by_service.setdefault(event.service, []).append(event)
        for service, of_service in by_service.items():
            if (track := self._tracks.get(service)) is not None and track.stopped is None:
                async with track.lock:
                    try:
                        await self._take(service, track, sorted(of_service, key=lambda event: event.place))
                    except SourceStopped as stopped:
                        self.stop(service, str(stopped))

    async def follow_feeds(self) -> None:
        """Compare with every source at the start and every few seconds; runs until cancelled."""
        async with asyncio.TaskGroup() as group:
            for service, track in self._tracks.items():
                group.create_task(self._follow_feed(service, track))

    async def redrive(self) -> tuple[int, int]:
        """Give parked events to the handler again, while nothing else is applied."""
        async with self.paused():
            return await self._parking.redrive(self._handler)

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Nothing is applied inside; positions may be moved, and are read again behind it."""
        async with AsyncExitStack() as locks:
            for track in self._tracks.values():
                await locks.enter_async_context(track.lock)
            yield

    async def _follow_feed(self, service: str, track: _Track) -> None:
        while True:
            due = track.behind or track.nudged or monotonic() - track.heard >= HEARTBEAT_S
            if due and track.stopped is None:
                track.nudged = False
                await self._catch_up_or_say_so(service, track)
            try:
                async with asyncio.timeout(BEHIND_S if track.behind else HEARTBEAT_S / 2):
                    await track.wake.wait()
                track.wake.clear()
                track.nudged = True
            except TimeoutError:
                continue

    async def _catch_up_or_say_so(self, service: str, track: _Track) -> None:
        try:
            async with track.lock:
                track.place = await self._positions.load(service)
                await self._catch_up(service, track)
        except SourceStopped as stopped:
            self.stop(service, str(stopped))
        except (SourceUnavailable, PyMongoError, PositionMoved) as error:
            if isinstance(error, PyMongoError) and not is_passing(error):
                raise
            if not track.away:
                log.warning("source-away", follower=self.name, source=service, reason=str(error)[:200])
            track.behind = track.away = True

    async def _catch_up(self, service: str, track: _Track) -> None:
        """Read the feed until its end. Commits come whole, so one begun is read again from its start."""
        look_back = 0 if self._seen_again is None else 1
        while True:
            place = self.place(service)
            whole = place.index + 1 >= place.size
            events = await track.source.read(max(place.pos - (look_back if whole else 1), 0))
            again = [event for event in events if _is_old(event, place)]
            if look_back and place != START and not again:
                raise SourceUnavailable(f"the feed ends before {place}, which was applied")
            look_back = 0
            await self._show_again(again)
            fresh = [event for event in events if not _is_old(event, place)]
            if not fresh:
                track.behind, track.away, track.heard = False, False, monotonic()
                return
            if not place.next_is(fresh[0].place):
                raise SourceUnavailable(f"the feed goes on at {fresh[0].place}, behind {place}")
            await self._apply(service, track, fresh)
            track.behind = track.behind or len(fresh) > NEWS

    async def _take(self, service: str, track: _Track, events: list[CloudEvent]) -> None:
        last = self.place(service)
        again = [event for event in events if _is_old(event, last)]
        await self._show_again(again)
        run: list[CloudEvent] = []
        twins: list[CloudEvent] = []
        for event in events[len(again) :]:
            if _is_old(event, last):
                twins.append(event)
                continue
            if not last.next_is(event.place):
                track.behind = True
                break
            run.append(event)
            last = event.place
        if run:
            await self._apply(service, track, run)
        await self._show_again(twins)
        if track.behind:
            track.wake.set()

    async def _show_again(self, events: Sequence[CloudEvent]) -> None:
        if events and self._seen_again is not None:
            await self._seen_again(events)

    async def _apply(self, service: str, track: _Track, events: Sequence[CloudEvent]) -> None:
        await self._handle(events)
        await self._move(service, track, events[-1].place)
        track.heard = monotonic()
        async with self._moved:
            self._moved.notify_all()

    async def _handle(self, events: Sequence[CloudEvent]) -> None:
        waiting = self._parking.streams
        if not waiting or not any(event.stream in waiting for event in events):
            try:
                await self._handler(events)
                return
            except Exception as error:
                if is_passing(error) or not self._parks:
                    raise
        for event in events:
            await self._handle_or_park(event)

    async def _handle_or_park(self, event: CloudEvent) -> None:
        if event.stream in self._parking.streams:
            await self._parking.park(event, None)
            return
        try:
            await self._handler([event])
        except Exception as error:
            if is_passing(error):
                raise
            await self._parking.park(event, error)

    async def _move(self, service: str, track: _Track, place: Place) -> None:
        if not await self._positions.move(service, self.place(service), place):
            track.place = await self._positions.load(service)
            raise PositionMoved(service)
        track.place = place


def _is_old(event: CloudEvent, last: Place) -> bool:
    """Whether `event` is at `last` or before it, whatever size it gives its commit."""
    return (event.place.pos, event.place.index) <= (last.pos, last.index)
