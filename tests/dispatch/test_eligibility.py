"""What a volunteer lacks for a piece of work, and whether that is an obstacle."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.domain.eligibility import (
    HARD,
    Candidate,
    Shortfall,
    Wanted,
    candidate,
    require_eligible,
    shortfalls,
)
from shared.events.dispatch import Slot
from shared.events.registry import DateException, Opening, Span, Training, VolunteerRegistered, Weekday
from shared.folds.calendar import Calendar, Duty
from shared.kernel.decider import Refused
from tests.support.candidates import MEI
from tests.support.story import NINE_TO_TEN, TEN_TO_ELEVEN, at, slot

WORK = Wanted(NINE_TO_TEN)
WEDNESDAY = "2026-11-25"
ON_DUTY = Calendar((Duty("request-9.assignment-1", NINE_TO_TEN),))
LATER_THAT_DAY = Calendar((Duty("request-9.assignment-1", slot("25T06:00", "25T07:00")),))


def trained(until: str | None) -> Candidate:
    expires_at = None if until is None else at(until)
    training = Training(course="home-safety", completed_on="2026-01-05", expires_at=expires_at)
    return replace(MEI, trainings=(training,))


def available(*spans: tuple[str, str], day: Weekday = "wednesday") -> Candidate:
    week = tuple(Opening(day=day, opens=opens, closes=closes) for opens, closes in spans)
    return replace(MEI, availability=week)


def except_on(date: str, is_available: bool, *spans: tuple[str, str]) -> DateException:
    parts = tuple(Span(opens=opens, closes=closes) for opens, closes in spans)
    return DateException(date=date, available=is_available, spans=parts)


def lacks(volunteer: Candidate, wanted: Wanted = WORK, *calendars: Calendar) -> dict[str, dict[str, object]]:
    return {found.code: dict(found.facts) for found in shortfalls(volunteer, wanted, calendars)}


def test_nothing_said_is_no_obstacle() -> None:
    assert lacks(MEI) == {}
    assert lacks(MEI, WORK, Calendar()) == {}


def test_the_skills_that_are_missing_are_named() -> None:
    wanted = replace(WORK, skills=("first-aid", "haircut", "yi-cooking"))
    volunteer = replace(MEI, skills=frozenset({"haircut", "driving"}))
    assert lacks(volunteer, wanted) == {"skills-missing": {"skills": ["first-aid", "yi-cooking"]}}


def test_a_training_must_be_there_and_be_valid_until_the_slot_is_over() -> None:
    wanted = replace(WORK, training=("home-safety",))
    assert lacks(MEI, wanted) == {"training-missing": {"courses": ["home-safety"]}}
    expired = {"training-expired": {"courses": ["home-safety"]}}
    assert lacks(trained("24T00:00"), wanted) == expired
    assert lacks(trained("25T01:59"), wanted) == expired
    for good in ("25T02:00", "30T00:00", None):
        assert lacks(trained(good), wanted) == {}


@pytest.mark.parametrize(
    ("spans", "free"),
    [
        ([("09:00", "10:00")], True),
        ([("08:30", "17:30")], True),
        ([("08:00", "09:30"), ("09:30", "12:00")], True),
        ([("08:00", "09:30"), ("09:31", "12:00")], False),
        ([("09:01", "12:00")], False),
        ([("08:00", "09:59")], False),
        ([("19:00", "24:00")], False),
    ],
)
def test_the_whole_slot_lies_in_the_weekly_availability(spans: list[tuple[str, str]], free: bool) -> None:
    expected = {} if free else {"not-available": {"dates": [WEDNESDAY]}}
    assert lacks(available(*spans)) == expected


def test_another_days_availability_does_not_count() -> None:
    assert "not-available" in lacks(available(("00:00", "24:00"), day="tuesday"))


def test_a_dates_exception_goes_before_the_week() -> None:
    weekly = available(("08:00", "12:00"))
    never = replace(weekly, exceptions=(except_on(WEDNESDAY, False),))
    assert "not-available" in lacks(never)
    assert "not-available" in lacks(replace(MEI, exceptions=never.exceptions))
    other_day = replace(weekly, exceptions=(except_on("2026-11-26", False),))
    assert lacks(other_day) == {}
    other_times = replace(weekly, exceptions=(except_on(WEDNESDAY, True, ("14:00", "18:00")),))
    assert "not-available" in lacks(other_times)
    whole_day = replace(available(("19:00", "20:00")), exceptions=(except_on(WEDNESDAY, True),))
    assert lacks(whole_day) == {}


def test_a_slot_over_midnight_in_china_is_two_days() -> None:
    night = Wanted(slot("25T15:00", "25T17:30"))  # from 23:00 to 01:30
    evening = Opening(day="wednesday", opens="20:00", closes="24:00")
    morning = Opening(day="thursday", opens="00:00", closes="02:00")
    assert lacks(replace(MEI, availability=(evening, morning)), night) == {}
    assert lacks(replace(MEI, availability=(evening,)), night) == {"not-available": {"dates": ["2026-11-26"]}}
    until_midnight = Wanted(slot("25T15:00", "25T16:00"))
    assert lacks(replace(MEI, availability=(evening,)), until_midnight) == {}


def test_seconds_count() -> None:
    a_second_more = Slot(start=NINE_TO_TEN.start, end=NINE_TO_TEN.end + timedelta(seconds=1))
    assert "not-available" in lacks(available(("09:00", "10:00")), Wanted(a_second_more))
    later = Slot(start=NINE_TO_TEN.start + timedelta(milliseconds=1), end=NINE_TO_TEN.end)
    assert lacks(available(("09:00", "10:00")), Wanted(later)) == {}


def test_a_duty_at_that_time_is_named_and_is_no_obstacle_to_itself() -> None:
    assert lacks(MEI, WORK, ON_DUTY) == {"volunteer-not-free": {"conflict": "request-9.assignment-1"}}
    assert lacks(MEI, Wanted(TEN_TO_ELEVEN), ON_DUTY) == {}
    assert shortfalls(replace(MEI, load_cap=1), WORK, [ON_DUTY], duty="request-9.assignment-1") == ()


def test_the_load_cap_counts_the_duties_of_the_week() -> None:
    volunteer = replace(MEI, load_cap=1)
    assert lacks(volunteer, WORK, LATER_THAT_DAY) == {"load-cap-reached": {"load": 1, "cap": 1}}
    assert lacks(replace(volunteer, load_cap=2), WORK, LATER_THAT_DAY) == {}
    assert "load-cap-reached" in lacks(volunteer, WORK, Calendar(), LATER_THAT_DAY)
    assert lacks(replace(volunteer, load_cap=0)) == {"load-cap-reached": {"load": 0, "cap": 0}}


def test_one_of_the_residents_languages_is_enough() -> None:
    wanted = replace(WORK, languages=frozenset({"yi", "hui"}))
    assert lacks(replace(MEI, languages=frozenset({"yi", "zh"})), wanted) == {}
    for spoken in ({"zh"}, set[str]()):
        volunteer = replace(MEI, languages=frozenset(spoken))
        assert lacks(volunteer, wanted) == {"no-common-language": {"languages": ["hui", "yi"]}}


@pytest.mark.parametrize(
    ("volunteer", "wanted", "calendar", "code"),
    [
        (MEI, replace(WORK, training=("home-safety",)), Calendar(), "training-missing"),
        (trained("25T01:00"), replace(WORK, training=("home-safety",)), Calendar(), "training-expired"),
        (MEI, WORK, ON_DUTY, "volunteer-not-free"),
        (replace(MEI, load_cap=1), WORK, LATER_THAT_DAY, "load-cap-reached"),
    ],
)
def test_what_is_hard_is_refused_with_its_facts(
    volunteer: Candidate, wanted: Wanted, calendar: Calendar, code: str
) -> None:
    (found,) = shortfalls(volunteer, wanted, [calendar])
    assert (found.code, found.hard) == (code, True)
    with pytest.raises(Refused) as refused:
        require_eligible(volunteer, wanted, [calendar])
    assert (refused.value.code, refused.value.facts) == (code, found.facts)


def test_what_is_soft_is_left_to_staff() -> None:
    wanted = replace(WORK, skills=("first-aid",), languages=frozenset({"yi"}))
    volunteer = available(("19:00", "20:00"))
    found = shortfalls(volunteer, wanted)
    assert [each.code for each in found] == ["skills-missing", "not-available", "no-common-language"]
    assert not any(each.hard for each in found)
    require_eligible(volunteer, wanted)


def test_the_hard_ones_come_first() -> None:
    wanted = replace(WORK, skills=("first-aid",), training=("home-safety",))
    found = shortfalls(replace(MEI, load_cap=0), wanted, [ON_DUTY])
    assert [each.hard for each in found] == [True, True, True, False]
    assert {each.code for each in found if each.hard} <= HARD
    assert Shortfall("skills-missing").hard is False


def test_a_candidate_is_what_registry_says() -> None:
    facts = VolunteerRegistered(
        community="shaba",
        unit="unit-1",
        team="veterans",
        skills=("driving",),
        details="d" * 64,
        languages=("yi",),
        load_cap=3,
        availability=(
            Opening(day="monday", opens="13:00", closes="18:00"),
            Opening(day="sunday", opens="09:00", closes="24:00"),
        ),
        exceptions=(except_on(WEDNESDAY, False),),
        trainings=(Training(course="first-aid", completed_on="2026-05-20"),),
    )
    known = candidate("volunteer-1", facts)
    assert (known.id, known.community, known.unit, known.team) == (
        "volunteer-1",
        "shaba",
        "unit-1",
        "veterans",
    )
    assert (known.skills, known.languages, known.load_cap) == (frozenset({"driving"}), frozenset({"yi"}), 3)
    assert (known.availability, known.exceptions, known.trainings) == (
        facts.availability[::-1],
        facts.exceptions,
        facts.trainings,
    )


MINUTES = st.integers(0, 24 * 60 - 1)


@given(MINUTES, st.integers(1, 24 * 60), st.lists(st.tuples(MINUTES, MINUTES), max_size=5))
def test_a_slot_is_available_just_if_each_of_its_minutes_is(
    start: int, length: int, spans: list[tuple[int, int]]
) -> None:
    midnight = at("24T16:00")  # in China
    wanted = Wanted(
        Slot(start=midnight + timedelta(minutes=start), end=midnight + timedelta(minutes=start + length))
    )
    ordered = sorted((min(span), max(span)) for span in spans if span[0] != span[1])
    apart = [
        span for index, span in enumerate(ordered) if all(span[0] >= other[1] for other in ordered[:index])
    ]
    week = tuple(
        Opening(
            day="wednesday",
            opens=f"{opens // 60:02}:{opens % 60:02}",
            closes=f"{closes // 60:02}:{closes % 60:02}",
        )
        for opens, closes in apart
    )
    there = {minute for opens, closes in apart for minute in range(opens, closes)}
    covered = set(range(start, start + length)) <= there
    volunteer = replace(MEI, availability=week)
    assert ("not-available" not in lacks(volunteer, wanted)) == (covered or not week)
