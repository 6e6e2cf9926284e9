"""The calendars that dispatch reckons with are the same, in whatever order and however often it is told."""

from __future__ import annotations

from datetime import date
from itertools import permutations

from services.dispatch.domain.working_time import NATIONAL, WorkingCalendar
from services.dispatch.working_days import WorkingDays
from shared.events.registry import WorkingDayDeclared, WorkingDayWithdrawn
from shared.folds.working_days import stream_of
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.event import Event
from shared.runtime.mongo import Database
from tests.support.entering import Told


def closed(day: str, community: str = "shaba") -> WorkingDayDeclared:
    return WorkingDayDeclared(community=community, date=day, working=False, reason="premises")


def worked(day: str, community: str = "shaba") -> WorkingDayDeclared:
    return WorkingDayDeclared(community=community, date=day, working=True, reason="make-up-day")


def withdrawn(day: str) -> WorkingDayWithdrawn:
    return WorkingDayWithdrawn(community="shaba", date=day)


def told(*events: Event) -> list[CloudEvent]:
    return Told().history(*((stream_of(event.community), event) for event in events))


async def hears(known: WorkingDays, *events: CloudEvent) -> None:
    reactions = known.reactions()
    for event in events:
        await reactions[event.type](event)


async def test_days_count_by_their_version_in_whatever_order_they_come(database: Database) -> None:
    history = told(closed("2026-12-07"), worked("2026-12-05"), closed("2026-12-05"), withdrawn("2026-12-07"))
    for order in permutations(history):
        await database["working_days"].delete_many({})
        known = WorkingDays(database)
        await hears(known, *order, *order[::-1])
        assert known.calendar_of("shaba") == WorkingCalendar(closed=frozenset({date(2026, 12, 5)})), order


async def test_each_community_has_its_own_and_without_one_the_country_s_counts(database: Database) -> None:
    known = WorkingDays(database)
    assert known.calendar_of("shaba") is NATIONAL
    await hears(known, *told(closed("2026-12-07"), worked("2026-12-06", "tangdan")))
    assert known.calendar_of("shaba") == WorkingCalendar(closed=frozenset({date(2026, 12, 7)}))
    assert known.calendar_of("tangdan") == WorkingCalendar(open=frozenset({date(2026, 12, 6)}))
    assert known.calendar_of("another") is NATIONAL


async def test_what_another_replica_was_told_is_known_after_a_look(database: Database) -> None:
    one, other = WorkingDays(database), WorkingDays(database)
    await hears(one, *told(closed("2026-12-07"), withdrawn("2026-12-07"), worked("2026-12-06")))
    assert other.calendar_of("shaba") is NATIONAL
    await other.load()
    assert other.calendar_of("shaba") == one.calendar_of("shaba")
    assert other.calendar_of("shaba").is_working_day(date(2026, 12, 6))
    assert other.calendar_of("shaba").is_working_day(date(2026, 12, 7))
