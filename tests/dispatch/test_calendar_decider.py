"""A volunteer's calendar: nobody is in two places, and every week that a slot touches knows of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from services.dispatch.domain.calendar import CALENDAR, Book, Free
from shared.events.dispatch import DutyFreed, Slot
from shared.folds.calendar import weeks
from shared.kernel.times import parse_time
from tests.support.given import given
from tests.support.story import BO, NINE_TO_TEN, TEN_TO_ELEVEN, booked, slot

HERS = booked("request-1.assignment-1")
FREED = DutyFreed(**HERS.model_dump())
ONE_MS = timedelta(milliseconds=1)
HALF_A_DAY = timedelta(hours=12)


def span(start: str, end: str) -> Slot:
    return Slot(start=parse_time(start), end=parse_time(end))


def test_a_free_volunteer_is_booked() -> None:
    given(CALENDAR).when(Book(HERS)).then(HERS)


def test_the_same_duty_again_is_nothing() -> None:
    given(CALENDAR, HERS).when(Book(HERS)).then_nothing()
    given(CALENDAR, HERS, booked("request-2.assignment-1", TEN_TO_ELEVEN)).when(Book(HERS)).then_nothing()


@pytest.mark.parametrize(
    "overlapping",
    [
        NINE_TO_TEN,
        slot("25T00:00", "25T04:00"),
        slot("25T01:20", "25T01:40"),
        Slot(start=NINE_TO_TEN.end - ONE_MS, end=TEN_TO_ELEVEN.end),
        Slot(start=slot("25T00:00", "25T01:00").start, end=NINE_TO_TEN.start + ONE_MS),
    ],
    ids=["equal", "around", "inside", "last-moment", "first-moment"],
)
def test_a_volunteer_cannot_be_in_two_places_and_is_told_which(overlapping: Slot) -> None:
    (
        given(CALENDAR, HERS)
        .when(Book(booked("request-2.assignment-1", overlapping)))
        .refused("volunteer-not-free", conflict="request-1.assignment-1")
    )


@pytest.mark.parametrize("touching", [slot("25T00:00", "25T01:00"), TEN_TO_ELEVEN], ids=["before", "behind"])
def test_duties_that_only_touch_do_not_overlap(touching: Slot) -> None:
    next_duty = booked("request-2.assignment-1", touching)
    given(CALENDAR, HERS).when(Book(next_duty)).then(next_duty)


def test_the_conflict_named_is_the_one_that_overlaps() -> None:
    (
        given(CALENDAR, HERS, booked("request-2.assignment-1", TEN_TO_ELEVEN))
        .when(Book(booked("request-3.visit-1", slot("25T02:30", "25T03:30"))))
        .refused("volunteer-not-free", conflict="request-2.assignment-1")
    )


def test_time_that_is_given_back_is_free() -> None:
    given(CALENDAR, HERS).when(Free(FREED)).then(FREED)
    after = given(CALENDAR, HERS, FREED)
    assert after.state.duties == ()
    after.when(Free(FREED)).then_nothing()
    after.when(Book(booked("request-2.assignment-1"))).then(booked("request-2.assignment-1"))


def test_what_is_not_booked_or_at_another_time_is_not_given_back() -> None:
    other = booked("request-2.assignment-1", TEN_TO_ELEVEN)
    given(CALENDAR, other).when(Free(FREED)).then_nothing()
    moved = booked(HERS.duty, TEN_TO_ELEVEN)
    given(CALENDAR, moved).when(Free(FREED)).then_nothing()


def test_a_duty_that_moves_is_no_conflict_with_itself() -> None:
    moved = booked(HERS.duty, slot("25T01:30", "25T02:30"))
    given(CALENDAR, HERS).when(Book(moved)).then(moved)
    assert [duty.slot for duty in given(CALENDAR, HERS, moved).state.duties] == [moved.slot]


def test_a_slot_inside_a_week_is_in_that_weeks_calendar_alone() -> None:
    assert weeks(BO.id, NINE_TO_TEN) == ["calendar-volunteer-bo-2026-w48"]


def test_a_slot_across_midnight_of_sunday_is_in_both_weeks() -> None:
    night = span("2026-11-29T23:00:00Z", "2026-11-30T01:00:00Z")
    assert weeks(BO.id, night) == ["calendar-volunteer-bo-2026-w48", "calendar-volunteer-bo-2026-w49"]


def test_a_slot_that_ends_at_midnight_of_sunday_is_not_in_the_next_week() -> None:
    evening = span("2026-11-29T22:00:00Z", "2026-11-30T00:00:00Z")
    assert weeks(BO.id, evening) == ["calendar-volunteer-bo-2026-w48"]
    morning = span("2026-11-30T00:00:00Z", "2026-11-30T01:00:00Z")
    assert weeks(BO.id, morning) == ["calendar-volunteer-bo-2026-w49"]


def test_weeks_are_of_the_iso_year() -> None:
    new_year = span("2026-12-31T23:00:00Z", "2027-01-01T01:00:00Z")
    assert weeks(BO.id, new_year) == ["calendar-volunteer-bo-2026-w53"]
    sunday_night = span("2027-01-03T23:30:00Z", "2027-01-04T00:30:00Z")
    assert weeks(BO.id, sunday_night) == ["calendar-volunteer-bo-2026-w53", "calendar-volunteer-bo-2027-w01"]


def test_weeks_are_counted_in_utc_whatever_the_offset_it_was_written_in() -> None:
    monday_morning_in_china = span("2027-01-04T07:30:00+08:00", "2027-01-04T07:45:00+08:00")
    assert weeks(BO.id, monday_morning_in_china) == ["calendar-volunteer-bo-2026-w53"]


@st.composite
def overlapping_slots(draw: st.DrawFn) -> tuple[Slot, Slot]:
    """Two slots of a day at the most, around New Year, that share a moment."""
    shared = parse_time("2026-12-20T00:00:00Z") + draw(st.timedeltas(timedelta(0), timedelta(days=20)))
    before, behind = st.timedeltas(timedelta(0), HALF_A_DAY), st.timedeltas(ONE_MS, HALF_A_DAY)
    one, other = (Slot(start=shared - draw(before), end=shared + draw(behind)) for _ in range(2))
    return one, other


@settings(deadline=None)
@for_all(overlapping_slots())
def test_two_duties_that_overlap_always_meet_in_a_calendar(slots: tuple[Slot, Slot]) -> None:
    one, other = slots
    assert one.overlaps(other)
    assert set(weeks(BO.id, one)) & set(weeks(BO.id, other))
