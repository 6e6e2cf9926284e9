"""The due moment: minutes of working hours from creation, in China's time."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatch.domain.due import LOCAL, due
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
    assert due(china(created), minutes, hours) == china(expected)


@pytest.mark.parametrize(("hours", "closing"), [("extended", "26 20:00"), ("office", "26 17:30")])
def test_at_closing_time_the_day_is_over_and_until_then_it_is_not(hours: WorkingHours, closing: str) -> None:
    opening = "27 08:00" if hours == "extended" else "27 08:30"
    assert due(china(closing), 1, hours) == china(opening) + timedelta(minutes=1)
    assert due(china(closing) - timedelta(minutes=1), 1, hours) == china(closing)


def test_it_is_the_same_moment_in_whatever_zone_the_creation_is_written() -> None:
    created = china("27 17:00")
    assert due(created.astimezone(UTC), 60, "office") == due(created, 60, "office")
    assert due(created, 60, "office").tzinfo is UTC


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))
MINUTES = st.integers(1, 44_640)
HOURS = st.sampled_from(["always", "extended", "office"])


@settings(deadline=None)
@given(MOMENTS, MINUTES, HOURS)
def test_it_is_never_before_that_many_minutes_have_passed(
    created: datetime, minutes: int, hours: WorkingHours
) -> None:
    assert due(created, minutes, hours) >= created + timedelta(minutes=minutes)


@settings(deadline=None)
@given(MOMENTS, MINUTES, MINUTES, HOURS)
def test_more_minutes_are_never_due_earlier(
    created: datetime, minutes: int, more: int, hours: WorkingHours
) -> None:
    assert due(created, minutes, hours) < due(created, minutes + more, hours)


@settings(deadline=None)
@given(MOMENTS, MOMENTS, MINUTES, HOURS)
def test_who_came_first_is_never_due_later(
    one: datetime, other: datetime, minutes: int, hours: WorkingHours
) -> None:
    earlier, later = sorted((one, other))
    assert due(earlier, minutes, hours) <= due(later, minutes, hours)


@settings(deadline=None)
@given(MOMENTS, MINUTES, st.sampled_from(["extended", "office"]))
def test_it_falls_into_working_hours(created: datetime, minutes: int, hours: WorkingHours) -> None:
    local = due(created, minutes, hours).astimezone(LOCAL)
    opening, closing = OPENING[hours]
    assert opening < local.time() <= closing
    assert hours == "extended" or local.isoweekday() <= 5
