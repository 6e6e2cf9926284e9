"""A follower ends equal to its source, whatever the broker did to the messages."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from shared.kernel.cloudevent import CloudEvent
from shared.runtime.broker import Broker
from shared.runtime.follower import Follower
from shared.runtime.mongo import Database
from shared.runtime.parking import parked_events
from shared.runtime.source import OwnLog
from tests.support.drafts import draft
from tests.support.following import Notes, bench, running
from tests.support.waiting import until

Batches = list[list[CloudEvent]]


def in_batches(events: list[CloudEvent], size: int) -> Batches:
    return [events[start : start + size] for start in range(0, len(events), size)]


def shuffled(events: list[CloudEvent]) -> Batches:
    mixed = events[:]
    random.Random(7).shuffle(mixed)
    return in_batches(mixed, 5)


def doubled(events: list[CloudEvent]) -> Batches:
    return in_batches([event for event in events for _ in range(2)], 7) + in_batches(events, 11)


def with_a_gap(events: list[CloudEvent]) -> Batches:
    return in_batches(events[:10] + events[25:], 6)


def without_its_tail(events: list[CloudEvent]) -> Batches:
    return in_batches(events[:-9], 6)


def without_anything(events: list[CloudEvent]) -> Batches:
    return []


@pytest.mark.parametrize("damage", [shuffled, doubled, with_a_gap, without_its_tail, without_anything])
async def test_a_follower_ends_equal_to_its_source(
    database: Database, broker: Broker, damage: Callable[[list[CloudEvent]], Batches]
) -> None:
    async with bench(database, broker) as b:
        await b.append(15, events=1)
        await b.append(9, events=3)
        batches = damage(await b.source_events())
        async with running(b.follower):
            for batch in batches:
                await b.follower.take(batch)
            await until(b.is_equal)
            await until(lambda: not b.follower.is_behind("dispatch"))


async def test_what_comes_in_order_needs_no_feed(database: Database, broker: Broker) -> None:
    async with bench(database, broker) as b:
        await b.append(10, events=2)
        for batch in in_batches(await b.source_events(), 3):
            await b.follower.take(batch)
        assert await b.is_equal()


async def test_a_position_outlives_its_follower(database: Database, broker: Broker) -> None:
    async with bench(database, broker) as b:
        first = await b.append(5)
        async with running(b.follower):
            await until(b.is_equal)
        async with bench(database, broker) as later:
            more = await later.append(5)
            async with running(later.follower):
                await until(lambda: later.notes.ids == more)
        assert b.notes.ids == first


async def test_a_poisonous_event_is_parked_with_its_stream_behind_it(
    database: Database, broker: Broker
) -> None:
    async with bench(database, broker) as b:
        b.notes.poison.add("poison")
        await b.store.append(draft(("request-a", 1)))
        bad = await b.store.append(draft(("request-b", 1), type="poison"))
        behind = await b.store.append(draft(("request-b", 2)))
        after = await b.store.append(draft(("request-c", 1)))
        async with running(b.follower):
            await until(lambda: after.events[0].id in b.notes.ids)
        assert behind.events[0].id not in b.notes.ids
        assert await b.follower.redrive() == (0, 2)  # still poisonous
        listed = {item["id"]: item["reason"] for item in await parked_events(database, 10)}
        assert listed[bad.events[0].id] == "ValueError"
        assert "waits behind" in str(listed[behind.events[0].id])
        b.notes.poison.clear()
        assert await b.follower.redrive() == (2, 0)
        assert b.notes.ids[-2:] == [bad.events[0].id, behind.events[0].id]
        assert await b.follower.redrive() == (0, 0)
        late = await b.store.append(draft(("request-b", 3)))
        async with running(b.follower):
            b.follower.nudge("dispatch")
            await until(lambda: b.notes.ids[-1] == late.events[0].id)


async def test_parked_events_survive_a_restart(database: Database, broker: Broker) -> None:
    async with bench(database, broker) as b:
        b.notes.poison.add("poison")
        await b.store.append(draft(("request-b", 1), type="poison"))
        async with running(b.follower):
            await until(lambda: b.follower.place("dispatch").pos == 1)
    async with bench(database, broker) as b:
        await b.store.append(draft(("request-b", 2)))
        async with running(b.follower):
            await until(lambda: b.follower.place("dispatch").pos == 2)
        assert b.notes.ids == []
        assert await b.follower.redrive() == (2, 0)


async def test_who_waits_for_a_position_gets_it_or_a_no(database: Database, broker: Broker) -> None:
    async with bench(database, broker) as b:
        await b.append(3)
        assert not await b.follower.wait_for("dispatch", 3, 0.1)
        async with running(b.follower):
            assert await b.follower.wait_for("dispatch", 3, 5.0)
            assert not await b.follower.wait_for("dispatch", 4, 0.1)


async def test_a_redrive_gives_each_follower_its_own(database: Database, broker: Broker) -> None:
    """Two followers of one service park in one collection; neither takes what is the other's."""
    async with bench(database, broker) as b:
        b.notes.poison.add("poison")
        await b.store.append(draft(("request-b", 1), type="poison"))
        other_notes = Notes()
        other = Follower("other", {"dispatch": OwnLog("dispatch", b.store)}, other_notes, database)
        async with running(b.follower):
            await until(lambda: b.follower.place("dispatch").pos == 1)
        await other.load()
        assert await other.redrive() == (0, 0)
        async with running(other):
            await until(lambda: len(other_notes.events) == 1)
        b.notes.poison.clear()
        assert await b.follower.redrive() == (1, 0)
        assert len(b.notes.events) == 1


async def test_a_look_at_the_source_is_no_sign_of_being_behind(database: Database, broker: Broker) -> None:
    async with bench(database, broker) as b:
        assert b.follower.standing("dispatch") == "behind"  # it has not looked yet
        standings: set[str] = set()

        async def note(events: Sequence[CloudEvent]) -> None:
            standings.add(own.standing("dispatch"))

        own = Follower("own", {"dispatch": OwnLog("dispatch", b.store)}, note, database)
        await own.load()
        async with running(own):
            await until(lambda: own.standing("dispatch") == "followed")
            for pos in range(1, 4):
                await b.append(1)
                assert await own.wait_for("dispatch", pos, 5.0)
            assert standings == {"followed"}
            await b.append(150)
            await b.append(150)
            own.nudge("dispatch")
            await until(lambda: own.place("dispatch").pos == 303)
            assert standings == {"followed", "behind"}
            await until(lambda: own.standing("dispatch") == "followed")
