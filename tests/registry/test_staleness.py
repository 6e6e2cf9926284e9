"""Records go stale after 90 days, once each, and not while somebody keeps them up: a year in seconds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.registry.api.records import RECORDS
from services.registry.domain.record import Amend, Assure, Command, End, Register
from services.registry.staleness import Staleness
from shared.events.registry import (
    ClientRegistered,
    GridDefined,
    Name,
    SeatFilled,
    UnitAmended,
    UnitRegistered,
    UnitRetired,
)
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import heard
from shared.kernel.commit import Actor, Answer, StoredEvent
from shared.runtime.execute import Context, Executor, Transaction
from shared.runtime.ids import new_event_id
from shared.runtime.keyring import load_keyring
from shared.runtime.mongo import Database
from shared.runtime.sealed import SealedDetails
from shared.runtime.store import EventStore
from shared.runtime.timers import Timers

NEW_YEAR = datetime(2026, 1, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)
UNIT = UnitRegistered(community="shaba", name="东川卫生服务中心", kind="health")
OF_UNIT = {"community": "shaba", "units": ("unit-1",)}


@dataclass
class Keeping:
    """registry's log, and as many replicas as there are `staleness` that look at one clock."""

    store: EventStore
    executor: Executor
    staleness: Sequence[Staleness] = ()
    now: datetime = NEW_YEAR
    told: int = field(default=0)

    async def does(self, stream: str, command: Command, tell: bool = True) -> None:
        """Run a command now; `tell` the replicas what it recorded."""

        async def work(transaction: Transaction) -> Answer:
            await transaction.decide(RECORDS, stream, command)
            return Answer(200, {})

        await self.executor.execute(Context(Actor("admin", "a"), self.now, "c", new_event_id()), work)
        if tell:
            await self.tell()

    async def tell(self) -> None:
        """Give every replica what it has not heard."""
        for commit in await self.store.read(self.told, 1000):
            self.told = commit.pos
            for replica in self.staleness:
                await replica.follow(heard("registry", commit))

    async def days(self, count: int) -> None:
        """Let days go by; all replicas look at once, at the end of each."""
        for _ in range(count):
            self.now += DAY
            await asyncio.gather(*(replica.look() for replica in self.staleness))
            await self.tell()

    async def stale(self, stream: str) -> list[StoredEvent]:
        """How often it was said to be stale, and what was said."""
        return [event for event in await self.store.stream(stream) if event.type == "record-stale"]


@pytest.fixture
async def keeping(database: Database, tmp_path: Path) -> AsyncIterator[Keeping]:
    store, sealed = EventStore(database), SealedDetails(database, load_keyring(tmp_path / "keys.json"))
    await store.start()
    found = Keeping(store, Executor(store, sealed))
    replicas = [Timers(database, lambda: found.now) for _ in range(2)]
    for timers in replicas:
        await timers.open()
    found.staleness = [Staleness(timers, store, found.executor) for timers in replicas]
    yield found
    await store.stop()


async def test_a_record_goes_stale_after_90_days_and_not_before(keeping: Keeping) -> None:
    await keeping.does("unit-1", Register(UNIT))
    await keeping.days(89)
    assert await keeping.stale("unit-1") == []
    await keeping.days(1)
    [stale] = await keeping.stale("unit-1")
    said: dict[str, Json] = {"keeper": "unit-1", "units": ["unit-1"], "since": "2026-01-01T08:00:00.000Z"}
    assert stale.data == {"community": "shaba", **said}


async def test_it_is_said_once_though_two_replicas_look_for_a_year(keeping: Keeping) -> None:
    await keeping.does("unit-1", Register(UNIT))
    await keeping.days(365)
    assert len(await keeping.stale("unit-1")) == 1


async def test_each_confirmation_and_each_change_begins_the_time_anew(keeping: Keeping) -> None:
    await keeping.does("unit-1", Register(UNIT))
    await keeping.days(80)
    await keeping.does("unit-1", Assure(keeping.now))
    await keeping.days(80)
    await keeping.does("unit-1", Amend(UnitAmended.model_validate({**OF_UNIT, "kind": "hospital"})))
    await keeping.days(89)
    assert await keeping.stale("unit-1") == []
    await keeping.days(1)
    assert len(await keeping.stale("unit-1")) == 1
    await keeping.days(10)
    await keeping.does("unit-1", Assure(keeping.now))
    await keeping.days(90)
    assert len(await keeping.stale("unit-1")) == 2


async def test_a_confirmation_that_the_replicas_have_not_heard_of_counts(keeping: Keeping) -> None:
    await keeping.does("unit-1", Register(UNIT))
    await keeping.days(89)
    await keeping.does("unit-1", Assure(keeping.now), tell=False)
    keeping.now += DAY
    for replica in keeping.staleness:
        await replica.look()
    assert await keeping.stale("unit-1") == []
    await keeping.days(88)
    assert await keeping.stale("unit-1") == []
    await keeping.days(1)
    assert len(await keeping.stale("unit-1")) == 1


async def test_what_has_ended_does_not_go_stale(keeping: Keeping) -> None:
    await keeping.does("unit-1", Register(UNIT))
    await keeping.days(10)
    await keeping.does("unit-1", End(UnitRetired.model_validate({**OF_UNIT, "reason": "left"})))
    await keeping.days(200)
    assert await keeping.stale("unit-1") == []


async def test_the_keeper_is_named_by_whose_a_thing_is(keeping: Keeping) -> None:
    grid = GridDefined(community="shaba", grid="g", name=Name(zh="一", en="One"))
    client = ClientRegistered(community="shaba", role="auditor", communities=("shaba",), details="-")
    await keeping.does("grid-g", Register(grid))
    await keeping.does("seat-1", Register(SeatFilled(community="shaba", seat="member", unit="unit-2")))
    await keeping.does("client-1", Register(client))
    await keeping.days(90)
    keepers = {
        stream: [e.data["keeper"] for e in await keeping.stale(stream)] for stream in ("grid-g", "seat-1")
    }
    assert keepers == {"grid-g": ["community-shaba"], "seat-1": ["unit-2"]}
    assert await keeping.stale("client-1") == []


async def test_what_was_recorded_long_ago_is_stale_as_soon_as_it_is_heard_of(keeping: Keeping) -> None:
    await keeping.does("unit-1", Register(UNIT), tell=False)
    keeping.now += 400 * DAY
    await keeping.tell()
    await keeping.days(1)
    assert len(await keeping.stale("unit-1")) == 1
