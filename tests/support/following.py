"""A source with a log, and a follower of it that notes what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from shared.kernel.cloudevent import CloudEvent, encoded, parse
from shared.runtime.background import keep_going
from shared.runtime.broker import Broker
from shared.runtime.consumer import Consumer
from shared.runtime.follower import Follower
from shared.runtime.mongo import Database
from shared.runtime.relay import Relay
from shared.runtime.source import OwnLog
from shared.runtime.store import EventStore
from tests.support.drafts import draft

SERVICE = "dispatch"


@dataclass
class Notes:
    """A handler that keeps what it is given, and fails on the types named in `poison`."""

    events: list[CloudEvent] = field(default_factory=list)
    poison: set[str] = field(default_factory=set)

    async def __call__(self, events: Sequence[CloudEvent]) -> None:
        for event in events:
            if event.type in self.poison:
                raise ValueError("cannot take this")
        self.events.extend(events)

    @property
    def ids(self) -> list[str]:
        return [event.id for event in self.events]


@dataclass
class Bench:
    """A running source, with everything that a follower of it needs."""

    store: EventStore
    relay: Relay
    follower: Follower
    consumer: Consumer
    notes: Notes
    queue: str

    async def append(self, count: int, events: int = 1, type: str = "thing-happened") -> list[str]:
        """Append `count` commits of `events` each on fresh streams; the event ids."""
        drafts = [draft(*((f"request-{uuid4()}", 1) for _ in range(events)), type=type) for _ in range(count)]
        commits = await asyncio.gather(*(self.store.append(wanted) for wanted in drafts))
        return [e.id for commit in sorted(commits, key=lambda c: c.pos) for e in commit.events]

    async def source_ids(self) -> list[str]:
        """The ids of all events of the source, in order."""
        return [event.id for event in await self.source_events()]

    async def source_events(self) -> list[CloudEvent]:
        """All events of the source, in order."""
        commits = await self.store.read(0, 100_000)
        return [parse(raw) for commit in commits for raw in encoded(SERVICE, commit)]

    async def is_equal(self) -> bool:
        """Whether the follower has been given just what the source's log holds, in order."""
        return self.notes.ids == await self.source_ids()


@asynccontextmanager
async def bench(database: Database, broker: Broker, parks: bool = True) -> AsyncIterator[Bench]:
    """A source and its follower, nothing running but the store's writer."""
    store = EventStore(database)
    await store.start()
    notes, queue = Notes(), f"{SERVICE}.{uuid4().hex[:8]}.v1"
    follower = Follower("tests", {SERVICE: OwnLog(SERVICE, store)}, notes, database, parks)
    await follower.load()
    yield Bench(
        store,
        Relay(SERVICE, store, database, broker),
        follower,
        Consumer(broker, queue, [SERVICE], follower),
        notes,
        queue,
    )
    await store.stop()


@asynccontextmanager
async def running(*works: object) -> AsyncIterator[None]:
    """Keep these going meanwhile: relays and consumers by `run`, followers by their feeds."""
    tasks = []
    for work in works:
        run = work.follow_feeds if isinstance(work, Follower) else work.run  # type: ignore[attr-defined]
        tasks.append(asyncio.create_task(keep_going(type(work).__name__, run)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
