"""audit's log in a database of its own, and sources for it to record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.audit.app import FOLLOWED
from services.audit.entries import Entries
from services.audit.forks import Forks
from services.audit.offline import verify_database
from services.audit.recorder import Recorder
from shared.kernel.canonical import decode_object
from shared.kernel.cloudevent import CloudEvent, encoded, parse
from shared.runtime.follower import Follower
from shared.runtime.mongo import Database, Document
from shared.runtime.mongo import database as open_database
from shared.runtime.source import OwnLog, Source
from shared.runtime.store import EventStore
from tests.support.drafts import draft


@dataclass
class Archive:
    """What audit records with, as its `app.py` wires it, in one database."""

    database: Database
    store: EventStore
    entries: Entries
    forks: Forks
    recorder: Recorder

    def follower(self, **sources: Source) -> Follower:
        """A follower of `sources`, which parks nothing and shows what it sees again."""
        recorder = self.recorder
        return Follower("events", sources, recorder.record, self.database, False, recorder.seen_again)

    async def stored(self) -> list[Document]:
        """All entries, in order."""
        return await self.entries.window(0, 2**53)

    async def recorded(self, service: str) -> list[str]:
        """The ids of the events recorded of `service`, in order."""
        events = [decode_object(entry["leaf"])["event"] for entry in await self.stored()]
        return [str(event["id"]) for event in events if _of(event, service)]  # type: ignore[index,call-overload]

    async def assert_intact(self, entries: int) -> None:
        """The log has so many entries and no fault."""
        verdict = await verify_database(self.database)
        assert verdict.fault is None
        assert verdict.head.size == entries
        assert verdict.head == await self.recorder.head()


def _of(event: object, service: str) -> bool:
    return isinstance(event, dict) and event["source"] == f"/linli/{service}"


@asynccontextmanager
async def archive(database: Database) -> AsyncIterator[Archive]:
    """audit's recorder on `database`, opened."""
    store = EventStore(database)
    await store.start()
    entries = Entries(database)
    forks = Forks(entries, store, "shaba")
    recorder = Recorder(entries, forks, FOLLOWED)
    await recorder.open()
    yield Archive(database, store, entries, forks, recorder)
    await store.stop()


@dataclass
class Origin:
    """A service that speaks, with a log in a database of its own."""

    service: str
    store: EventStore

    @property
    def log(self) -> OwnLog:
        """What a follower reads of it."""
        return OwnLog(self.service, self.store)

    async def speak(self, *sizes: int) -> list[CloudEvent]:
        """Commits with so many events each, on fresh streams; the events."""
        spoken: list[CloudEvent] = []
        for size in sizes:
            head = await self.store.head()
            names = [f"request-{self.service}-{head}-{n}" for n in range(size)]
            commit = await self.store.append(draft(*((name, 1) for name in names)))
            spoken += [parse(raw) for raw in encoded(self.service, commit)]
        return spoken

    async def events(self) -> list[CloudEvent]:
        """All it has said."""
        commits = await self.store.read(0, 10_000)
        return [parse(raw) for commit in commits for raw in encoded(self.service, commit)]


@asynccontextmanager
async def origins(database: Database, *services: str, life: str = "") -> AsyncIterator[list[Origin]]:
    """Services with logs beside `database`; another `life` of the same service has another log."""
    names = {service: f"{database.name}_{service}{life}" for service in services}
    found = [
        Origin(service, EventStore(open_database(database.client, name))) for service, name in names.items()
    ]
    await asyncio.gather(*(origin.store.start() for origin in found))
    yield found
    await asyncio.gather(*(origin.store.stop() for origin in found))
    for name in names.values():
        await database.client.drop_database(name)
