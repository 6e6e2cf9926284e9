"""What is kept in memory outlives its process: a snapshot, and what the log has behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress

from shared.kernel.canonical import Json
from shared.kernel.cloudevent import START, CloudEvent, Place
from shared.runtime.follower import Follower
from shared.runtime.mongo import Database
from shared.runtime.projection import Kept, nudge
from shared.runtime.snapshots import CHUNK, Snapshots
from shared.runtime.source import OwnLog
from shared.runtime.store import EventStore
from tests.support.drafts import draft
from tests.support.waiting import until

PLACE = Place(7, 1, 3)


class Names:
    """A view: the ids of all events, in order."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    async def follow(self, events: Sequence[CloudEvent]) -> None:
        self.ids.extend(event.id for event in events if event.id not in self.ids)

    def rows(self) -> Iterator[Json]:
        return iter(self.ids)

    def restore(self, rows: Sequence[Json]) -> None:
        self.ids = [str(row) for row in rows]


async def test_a_snapshot_is_loaded_as_it_was_saved(database: Database) -> None:
    snapshots = Snapshots(database, "view.v1")
    rows: list[Json] = [[f"行 {number}", number, None] for number in range(2 * CHUNK + 1)]
    assert await snapshots.load() is None
    assert await snapshots.save(PLACE, iter(rows)) == len(rows)
    assert await snapshots.load() == (PLACE, rows)
    assert await Snapshots(database, "view.v2").load() is None


async def test_a_newer_snapshot_takes_the_place_of_the_older_and_leaves_nothing_of_it(
    database: Database,
) -> None:
    snapshots = Snapshots(database, "view.v1")
    await snapshots.save(PLACE, iter(range(3 * CHUNK)))
    await snapshots.save(Place(8, 0, 1), iter(range(2)))
    assert await snapshots.load() == (Place(8, 0, 1), [0, 1])
    assert await database["snapshots"].count_documents({}) == 2


async def test_a_snapshot_that_is_not_whole_is_none(database: Database) -> None:
    snapshots = Snapshots(database, "view.v1")
    await snapshots.save(PLACE, iter(range(CHUNK + 1)))
    chunk = await database["snapshots"].find_one({"_id": {"$ne": "view.v1"}})
    assert chunk is not None
    await database["snapshots"].delete_one({"_id": chunk["_id"]})
    assert await snapshots.load() is None


async def test_a_view_goes_on_behind_its_snapshot_and_hears_of_other_processes(
    store: EventStore, database: Database
) -> None:
    commits = [await store.append(draft((f"request-{number}", 1))) for number in range(6)]
    ids = [commit.events[0].id for commit in commits]
    await Snapshots(database, "view.v1").save(Place(4, 0, 1), iter(ids[:4]))

    elsewhere = EventStore(database)  # as another process has it: nothing here tells it of appends
    view = Names()
    kept = Kept(view, "dispatch", Snapshots(database, "view.v1"))
    await kept.open()
    assert view.ids == ids[:4]
    source = OwnLog("dispatch", elsewhere)
    follower = Follower("view", {"dispatch": source}, view.follow, database, positions=kept.positions)
    await follower.load()
    tasks = [
        asyncio.create_task(follower.follow_feeds()),
        asyncio.create_task(nudge(follower, "dispatch", elsewhere.watch(), 0.02)),
    ]
    await until(lambda: view.ids == ids, 5)
    late = await store.append(draft(("request-late", 1)))
    await until(lambda: view.ids == [*ids, late.events[0].id], 2)  # long before the heartbeat
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_without_a_snapshot_a_view_begins_at_the_beginning(database: Database) -> None:
    kept = Kept(Names(), "dispatch", Snapshots(database, "view.v1"))
    await kept.open()
    assert await kept.positions.load("dispatch") == START
