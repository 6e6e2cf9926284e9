"""Working time: by when minutes of it have passed, and how much passes between two moments."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatch.domain.working_time import LOCAL, NATIONAL, WorkingCalendar
from shared.events.registry import WorkingHours

OPENING: dict[WorkingHours, tuple[time, time]] = {
    "extended": (time(8, 0), time(20, 0)),
    "office": (time(8, 30), time(17, 30)),
}


def china(text: str) -> datetime:
    """`27 17:00` of November 2026 on China's clocks; the 27th is a Friday."""
    return datetime.strptime(f"2026-11-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=LOCAL)


@pytest.mark.parametrize(
    ("hours", "created", "minutes", "expected"),
    [
        ("always", "27 23:50", 30, "28 00:20"),
        ("always", "28 12:00", 2880, "30 12:00"),
        ("extended", "27 09:00", 60, "27 10:00"),
        ("extended", "27 19:30", 60, "28 08:30"),
        ("extended", "27 22:00", 45, "28 08:45"),
        ("extended", "27 03:00", 45, "27 08:45"),
        ("extended", "27 08:00", 720, "27 20:00"),
        ("extended", "27 08:00", 721, "28 08:01"),
        ("office", "26 10:00", 120, "26 12:00"),
        ("office", "26 17:00", 60, "27 09:00"),
        ("office", "27 17:00", 60, "30 09:00"),
        ("office", "28 11:00", 15, "30 08:45"),
        ("office", "29 23:59", 15, "30 08:45"),
        ("office", "27 01:00", 15, "27 08:45"),
        ("office", "23 08:30", 5 * 540, "27 17:30"),
        ("office", "23 08:30", 5 * 540 + 1, "30 08:31"),
    ],
)
def test_minutes_run_in_working_hours_only(
    hours: WorkingHours, created: str, minutes: int, expected: str
) -> None:
    assert NATIONAL.after(china(created), minutes, hours) == china(expected)


@pytest.mark.parametrize(("hours", "closing"), [("extended", "26 20:00"), ("office", "26 17:30")])
def test_at_closing_time_the_day_is_over_and_until_then_it_is_not(hours: WorkingHours, closing: str) -> None:
    opening = "27 08:00" if hours == "extended" else "27 08:30"
    assert NATIONAL.after(china(closing), 1, hours) == china(opening) + timedelta(minutes=1)
    assert NATIONAL.after(china(closing) - timedelta(minutes=1), 1, hours) == china(closing)


def test_it_is_the_same_moment_in_whatever_zone_the_creation_is_written() -> None:
    created = china("27 17:00")
    assert NATIONAL.after(created.astimezone(UTC), 60, "office") == NATIONAL.after(created, 60, "office")
    assert NATIONAL.after(created, 60, "office").tzinfo is UTC


def on(text: str) -> datetime:
    """`05-09 10:00` of 2026 on China's clocks."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=LOCAL)


@pytest.mark.parametrize(
    ("hours", "created", "minutes", "expected"),
    [
        # The Spring Festival is off from the 15th to the 23rd; the Saturdays before and after are worked.
        ("office", "02-13 17:00", 60, "02-14 09:00"),
        ("office", "02-14 17:00", 60, "02-24 09:00"),
        ("office", "02-18 12:00", 60, "02-24 09:30"),
        ("office", "02-27 17:00", 60, "02-28 09:00"),
        ("office", "02-28 17:00", 60, "03-02 09:00"),
        ("extended", "02-17 19:30", 60, "02-18 08:30"),
        ("always", "02-17 23:30", 60, "02-18 00:30"),
    ],
)
def test_office_hours_know_the_countrys_holidays_and_the_others_run_on(
    hours: WorkingHours, created: str, minutes: int, expected: str
) -> None:
    assert NATIONAL.after(on(created), minutes, hours) == on(expected)


def test_what_a_community_declares_outweighs_the_country() -> None:
    calendar = WorkingCalendar(closed=frozenset({date(2026, 11, 24)}), open=frozenset({date(2026, 10, 3)}))
    assert calendar.after(on("11-23 17:00"), 60, "office") == on("11-25 09:00")
    assert calendar.after(on("10-02 09:00"), 60, "office") == on("10-03 09:30")
    assert calendar.after(on("11-24 09:00"), 60, "extended") == on("11-24 10:00")
    assert calendar.after(on("11-24 09:00"), 60, "always") == on("11-24 10:00")


@pytest.mark.parametrize(
    ("hours", "start", "end", "minutes"),
    [
        ("office", "11-24 10:00", "11-24 12:30", 150),
        ("office", "11-24 17:00", "11-25 09:00", 60),
        ("office", "11-27 17:00", "11-30 09:00", 60),
        ("office", "11-28 09:00", "11-29 18:00", 0),
        ("office", "11-24 18:00", "11-25 08:30", 0),
        ("office", "02-14 17:00", "02-24 09:00", 60),
        ("extended", "02-14 19:00", "02-15 09:00", 120),
        ("always", "02-14 19:00", "02-15 09:00", 840),
        ("office", "11-24 12:00", "11-24 10:00", 0),
        ("always", "11-24 12:00", "11-24 10:00", 0),
    ],
)
def test_only_working_time_counts_between_two_moments(
    hours: WorkingHours, start: str, end: str, minutes: int
) -> None:
    assert NATIONAL.between(on(start), on(end), hours) == timedelta(minutes=minutes)


def test_where_nothing_is_left_it_is_the_moment_itself() -> None:
    night = on("11-24 23:00")
    assert NATIONAL.after(night, 0, "office") == night
    assert NATIONAL.after(night, timedelta(minutes=-5), "office") == night


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))
MINUTES = st.integers(1, 44_640)
HOURS = st.sampled_from(["always", "extended", "office"])
DAYS = st.frozensets(st.dates(date(2026, 1, 1), date(2031, 12, 31)), max_size=40)
CALENDARS = st.builds(WorkingCalendar, closed=DAYS, open=DAYS)
PROPERTY = settings(deadline=None)


@PROPERTY
@given(CALENDARS, MOMENTS, MINUTES, HOURS)
def test_it_is_never_before_that_many_minutes_have_passed(
    calendar: WorkingCalendar, created: datetime, minutes: int, hours: WorkingHours
) -> None:
    assert calendar.after(created, minutes, hours) >= created + timedelta(minutes=minutes)


@PROPERTY
@given(CALENDARS, MOMENTS, MINUTES, MINUTES, HOURS)
def test_more_minutes_are_never_over_earlier(
    calendar: WorkingCalendar, created: datetime, minutes: int, more: int, hours: WorkingHours
) -> None:
    assert calendar.after(created, minutes, hours) < calendar.after(created, minutes + more, hours)


@PROPERTY
@given(CALENDARS, MOMENTS, MOMENTS, MINUTES, HOURS)
def test_who_came_first_is_never_due_later(
    calendar: WorkingCalendar, one: datetime, other: datetime, minutes: int, hours: WorkingHours
) -> None:
    earlier, later = sorted((one, other))
    assert calendar.after(earlier, minutes, hours) <= calendar.after(later, minutes, hours)


@PROPERTY
@given(CALENDARS, MOMENTS, MINUTES, st.sampled_from(["extended", "office"]))
def test_it_falls_into_working_time(
    calendar: WorkingCalendar, created: datetime, minutes: int, hours: WorkingHours
) -> None:
    local = calendar.after(created, minutes, hours).astimezone(LOCAL)
    opening, closing = OPENING[hours]
    assert opening < local.time() <= closing
    assert hours == "extended" or calendar.is_working_day(local.date())


@PROPERTY
@given(CALENDARS, MOMENTS, MINUTES, HOURS)
def test_what_passes_until_then_is_just_what_was_asked_for(
    calendar: WorkingCalendar, created: datetime, minutes: int, hours: WorkingHours
) -> None:
    moment = calendar.after(created, minutes, hours)
    asked = timedelta(minutes=minutes)
    assert calendar.between(created, moment, hours) == asked
    assert calendar.between(created, moment - timedelta.resolution, hours) < asked


@PROPERTY
@given(CALENDARS, MOMENTS, MOMENTS, HOURS)
def test_after_all_that_passed_it_is_the_end_or_the_closing_before_it(
    calendar: WorkingCalendar, one: datetime, other: datetime, hours: WorkingHours
) -> None:
    start, end = sorted((one, other))
    passed = calendar.between(start, end, hours)
    moment = calendar.after(start, passed, hours)
    assert start <= moment <= end
    assert calendar.between(moment, end, hours) == timedelta()


@PROPERTY
@given(CALENDARS, st.lists(MOMENTS, min_size=3, max_size=3), HOURS)
def test_what_passes_in_two_parts_is_what_passes_in_all(
    calendar: WorkingCalendar, moments: list[datetime], hours: WorkingHours
) -> None:
    first, second, third = sorted(moments)
    parts = calendar.between(first, second, hours) + calendar.between(second, third, hours)
    assert calendar.between(first, third, hours) == parts
    assert timedelta() <= parts <= third - first


@PROPERTY
@given(CALENDARS, MOMENTS, MINUTES, st.floats(0, 1), MOMENTS, HOURS)
def test_a_clock_that_was_held_goes_on_with_what_was_left(
    calendar: WorkingCalendar,
    created: datetime,
    minutes: int,
    part: float,
    resumed: datetime,
    hours: WorkingHours,
) -> None:
    held = created + part * (calendar.after(created, minutes, hours) - created)
    left = timedelta(minutes=minutes) - calendar.between(created, held, hours)
    again = max(held, resumed)
    moment = calendar.after(again, left, hours)
    assert calendar.between(created, held, hours) + calendar.between(again, moment, hours) == timedelta(
        minutes=minutes
    )
