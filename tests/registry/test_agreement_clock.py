"""By the clock, renewals are due and agreements expire: once each, and not if they were put off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.registry.agreement_clock import AGREEMENTS, EXPIRY, RENEWAL, AgreementClock
from services.registry.domain.agreement import Command, Renew, Sign
from services.registry.domain.record import End, Register
from shared.events.registry import AgreementDrafted, AgreementEnded
from shared.kernel.cloudevent import heard
from shared.kernel.commit import Actor, Answer
from shared.kernel.times import format_time
from shared.runtime.execute import Context, Executor, Transaction
from shared.runtime.ids import new_event_id
from shared.runtime.keyring import load_keyring
from shared.runtime.mongo import Database
from shared.runtime.sealed import SealedDetails
from shared.runtime.store import EventStore
from shared.runtime.timers import Timers, by_kind

NEW_YEAR = datetime(2026, 1, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)
ENDS = NEW_YEAR + 100 * DAY
ID = "agreement-1"
WHOSE = {"community": "shaba", "units": ("unit-1",), "unit": "unit-1"}
DRAFT = AgreementDrafted(
    community="shaba",
    units=("unit-1",),
    unit="unit-1",
    services=("service-a",),
    details_of=(),
    starts_at=NEW_YEAR,
    ends_at=ENDS,
)


@dataclass
class Office:
    """registry's log, and two replicas that look at one clock."""

    store: EventStore
    executor: Executor
    replicas: Sequence[tuple[Timers, AgreementClock]] = ()
    now: datetime = NEW_YEAR
    told: int = field(default=0)

    async def does(self, command: Command) -> None:
        """Run a command now, and tell the replicas of it."""

        async def work(transaction: Transaction) -> Answer:
            await transaction.decide(AGREEMENTS, ID, command)
            return Answer(200, {})

        await self.executor.execute(Context(Actor("admin", "a"), self.now, "c", new_event_id()), work)
        await self.tell()

    async def tell(self) -> None:
        for commit in await self.store.read(self.told, 1000):
            self.told = commit.pos
            for _, clock in self.replicas:
                await clock.follow(heard("registry", commit))

    async def days(self, count: int) -> None:
        """Let days go by; both look at the end of each."""
        for _ in range(count):
            self.now += DAY
            await asyncio.gather(
                *(
                    timers.look(by_kind({RENEWAL: clock.fire, EXPIRY: clock.fire}))
                    for timers, clock in self.replicas
                )
            )
            await self.tell()

    async def said(self) -> list[str]:
        """What the clock had recorded."""
        return [event.type for event in await self.store.stream(ID) if event.type in (RENEWAL, EXPIRY)]


@pytest.fixture
async def office(database: Database, tmp_path: Path) -> AsyncIterator[Office]:
    store, sealed = EventStore(database), SealedDetails(database, load_keyring(tmp_path / "keys.json"))
    await store.start()
    found = Office(store, Executor(store, sealed))
    timers = [Timers(database, lambda: found.now) for _ in range(2)]
    for each in timers:
        await each.open()
    found.replicas = [(each, AgreementClock(each, found.executor)) for each in timers]
    yield found
    await store.stop()


async def test_a_renewal_is_due_30_days_before_the_end_and_then_it_is_over(office: Office) -> None:
    await office.does(Register(DRAFT))
    await office.days(1)
    await office.does(Sign(office.now, office.now))
    await office.days(68)
    assert await office.said() == []
    await office.days(1)
    assert await office.said() == [RENEWAL]
    await office.days(29)
    assert await office.said() == [RENEWAL]
    await office.days(10)
    assert await office.said() == [RENEWAL, EXPIRY]
    last = (await office.store.stream(ID))[-1]
    assert last.data == {**WHOSE, "units": ["unit-1"], "ends_at": format_time(ENDS)}


async def test_a_renewed_one_goes_on_to_its_later_end(office: Office) -> None:
    await office.does(Register(DRAFT))
    await office.does(Sign(office.now, office.now))
    await office.days(75)
    await office.does(Renew(ENDS + 100 * DAY, office.now))
    await office.days(94)
    assert await office.said() == [RENEWAL]
    await office.days(1)
    assert await office.said() == [RENEWAL, RENEWAL]
    await office.days(30)
    assert await office.said() == [RENEWAL, RENEWAL, EXPIRY]


async def test_of_a_draft_or_an_ended_one_nothing_is_said(office: Office) -> None:
    await office.does(Register(DRAFT))
    await office.days(10)
    await office.does(Sign(office.now, office.now))
    ended = AgreementEnded(community="shaba", units=("unit-1",), unit="unit-1", reason="closed")
    await office.does(End(ended))
    await office.days(200)
    assert await office.said() == []


async def test_one_that_is_signed_late_is_reminded_of_at_once(office: Office) -> None:
    await office.days(95)
    await office.does(Register(DRAFT))
    await office.does(Sign(office.now, office.now))
    await office.days(1)
    assert await office.said() == [RENEWAL]
