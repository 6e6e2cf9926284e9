"""Deadlines happen once each, however many look and however often they crash; late, but never not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.dispatch.clocks import Clocks, Due
from services.dispatch.domain.between_units import BlowWhistle, Refer
from services.dispatch.domain.ending import Resolve
from services.dispatch.domain.intake import Triage
from services.dispatch.domain.pausing import Hold
from services.dispatch.domain.placing import AssignVolunteer, Offer
from services.dispatch.domain.planning import ScheduleVisit
from services.dispatch.domain.visiting import CheckIn
from services.dispatch.rows import Row
from shared.events.dispatch import Slot
from shared.kernel.times import format_time
from shared.runtime.keyring import load_keyring
from shared.runtime.mongo import Database
from shared.runtime.sealed import SealedDetails
from tests.support.clockwork import Clockwork
from tests.support.story import MEI, created

ID = "request-1"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONDAY = "2026-03-02T00:00:00Z"
"""Eight in the morning in China."""
ALWAYS = {"working_hours": "always", "response_minutes": 60}
CLIMBED = [
    "sla-warned",
    "sla-breached",
    "request-escalated:lead-unit",
    "request-escalated:community-office",
    "request-escalated:committee",
]


@pytest.fixture
async def town(database: Database, tmp_path: Path) -> AsyncIterator[Clockwork]:
    sealed = SealedDetails(database, load_keyring(tmp_path / "keys.json"))
    made = await Clockwork.of(database, sealed, MONDAY)
    yield made
    await made.store.stop()


async def test_nobody_comes_and_it_climbs_once_to_each(town: Clockwork) -> None:
    await town.create(ID, created(**ALWAYS))
    await town.passes(48 * timedelta(minutes=1) - timedelta(seconds=1))
    assert await town.said(ID) == []
    await town.passes(timedelta(seconds=1))
    assert await town.said(ID) == CLIMBED[:1]
    await town.passes(12 * timedelta(minutes=1))
    assert await town.said(ID) == CLIMBED[:3]
    await town.passes(2 * HOUR, steps=8)
    assert await town.said(ID) == CLIMBED
    await town.passes(365 * DAY, steps=50)
    assert await town.said(ID) == CLIMBED


async def test_after_an_outage_it_is_late_and_complete_and_in_order(town: Clockwork) -> None:
    await town.create(ID, created(**ALWAYS))
    town.replicas.clear()
    await town.passes(30 * DAY)
    assert await town.said(ID) == []
    await town.start()
    await town.start()
    await town.passes(timedelta(seconds=1), steps=5)
    assert await town.said(ID) == CLIMBED


async def test_a_crash_between_any_two_deadlines_loses_none_and_repeats_none(town: Clockwork) -> None:
    await town.create(ID, created(**ALWAYS))
    for _ in range(40):
        await town.passes(timedelta(minutes=5))
        town.replicas.pop(0)  # with all that it had in memory
        await town.start()
    assert await town.said(ID) == CLIMBED


async def test_whoever_is_there_stops_the_clock(town: Clockwork) -> None:
    await town.create(ID, created(**ALWAYS))
    await town.does(ID, lambda now: Triage("urgent", now))
    when = Slot(start=town.now, end=town.now + 3 * HOUR)
    await town.does(ID, lambda now: AssignVolunteer(f"{ID}.assignment-1", MEI, when, now, "registry@1"))
    await town.does(ID, lambda _: ScheduleVisit(f"{ID}.visit-1", MEI.id, when))
    await town.passes(50 * timedelta(minutes=1))
    here = (town.now, town.now, town.now, None)
    await town.does(ID, lambda _: CheckIn(f"{ID}.visit-1", "gps", None, None, *here))
    await town.passes(365 * DAY, steps=20)
    assert await town.said(ID) == ["sla-warned"]


async def test_a_visit_that_nobody_comes_to_is_missed(town: Clockwork) -> None:
    await town.create(ID, created(working_hours="always", response_minutes=100_000))
    await town.does(ID, lambda now: Triage("routine", now))
    when = Slot(start=town.now + HOUR, end=town.now + 2 * HOUR)
    await town.does(ID, lambda now: AssignVolunteer(f"{ID}.assignment-1", MEI, when, now, "registry@1"))
    await town.does(ID, lambda _: ScheduleVisit(f"{ID}.visit-1", MEI.id, when))
    await town.passes(2 * HOUR + 29 * timedelta(minutes=1))
    assert await town.said(ID) == []
    await town.passes(timedelta(minutes=1))
    assert await town.said(ID) == ["visit-missed"]


async def test_offers_and_referrals_come_back(town: Clockwork) -> None:
    await town.create(ID, created(working_hours="always", response_minutes=100_000))
    await town.does(ID, lambda now: Triage("routine", now))
    when = Slot(start=town.now + 3 * HOUR, end=town.now + 4 * HOUR)
    by = town.now + HOUR
    await town.does(ID, lambda now: Offer(f"{ID}.assignment-1", MEI, when, by, now, "registry@1"))
    await town.passes(HOUR)
    assert await town.said(ID) == ["assignment-expired"]
    await town.does(
        ID,
        lambda now: Refer(
            f"{ID}.referral-1",
            "unit-school",
            None,
            "no-capacity",
            "open",
            False,
            now + DAY,
            now,
            "registry@1",
        ),
    )
    await town.passes(DAY)
    assert await town.said(ID) == ["assignment-expired", "referral-expired"]
    assert [row.status for row in town.replicas[0].view.all()] == ["triaged"]


async def test_a_unit_that_does_not_answer_the_whistle_climbs(town: Clockwork) -> None:
    await town.create(ID, created(working_hours="always", response_minutes=100_000))
    calls = [(f"{ID}.whistle-1", "unit-police-station")]
    await town.does(ID, lambda now: BlowWhistle(calls, None, "emergency", 30, now))
    await town.passes(2 * HOUR, steps=12)
    assert await town.said(ID) == ["request-escalated:community-office", "request-escalated:committee"]


async def test_a_hold_stops_the_clock_and_ends_by_itself(town: Clockwork) -> None:
    await town.create(ID, created(**ALWAYS))
    await town.passes(timedelta(minutes=40))
    until = town.now + 7 * DAY
    await town.does(ID, lambda now: Hold("requester-asked", until, now))
    await town.passes(7 * DAY, steps=7)
    assert await town.said(ID) == ["request-resumed"]
    [row] = town.replicas[0].view.all()
    assert row.due == format_time(until + timedelta(minutes=20))
    await town.passes(timedelta(minutes=8))
    assert await town.said(ID) == ["request-resumed", "sla-warned"]


async def test_what_is_resolved_closes_when_its_window_is_over(town: Clockwork) -> None:
    await town.create(ID, created(**ALWAYS))
    await town.does(ID, lambda now: Triage("urgent", now))
    await town.does(ID, lambda now: Resolve("done", now))
    await town.passes(5 * DAY - timedelta(seconds=1), steps=4)
    assert await town.said(ID) == []
    await town.passes(timedelta(seconds=1))
    assert await town.said(ID) == ["request-closed"]


def row_with(nth: int, due: str) -> Row:
    return Row(
        id=f"request-{nth}",
        place=str(nth),
        status="received",
        created_at=due,
        version=1,
        channel="web",
        community="shaba",
        service="service-home-meals",
        category="community-service",
        grid="shaba-03",
        units=(),
        clock=(("sla-breached", "", due),),
    )


async def test_one_that_fails_holds_no_other_up_and_is_tried_again() -> None:
    rows = {f"request-{nth}": row_with(nth, f"2026-03-02T00:0{nth}:00.000Z") for nth in range(5)}
    clocks, fired, broken = Clocks(rows.get), [], {"request-1"}
    for row in rows.values():
        clocks.changed(row, None)

    async def fire(due: Due, _: object) -> None:
        if due.id in broken:
            raise TimeoutError
        fired.append(due.id)

    assert await clocks.look(fire) == 4
    assert fired == ["request-0", "request-2", "request-3", "request-4"]
    broken.clear()
    assert await clocks.look(fire) == 1
    assert fired[-1] == "request-1"
    assert await clocks.look(fire) == 0


async def test_a_look_at_ten_thousand_deadlines_that_are_not_due_touches_none() -> None:
    def untouched(id: str) -> Row:
        raise AssertionError(id)

    clocks = Clocks(untouched)
    for nth in range(10_000):
        clocks.changed(row_with(nth, "2999-01-01T00:00:00.000Z"), None)

    async def fire(due: Due, _: object) -> None:
        raise AssertionError(due)

    assert await clocks.look(fire) == 0
