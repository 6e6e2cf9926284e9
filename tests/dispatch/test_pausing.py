"""A request is put aside and goes on: each command's way, its guards, its repeat, and what the clock does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.dispatch.domain.pausing import LONGEST_HOLD, Hold, Resume
from services.dispatch.domain.request import REQUEST
from services.dispatch.domain.working_time import WorkingCalendar
from shared.events.dispatch import RequestEscalated, RequestResumed, SlaBreached, SlaWarned
from tests.support.given import given
from tests.support.story import AFTER_ASSIGNMENT, AFTER_TRIAGE, DUE, WARN_AT, at, created, triaged
from tests.support.story_of_life import NOW, SITUATIONS, UNTIL, held, said

HOLD = Hold("waiting-for-material", UNTIL, NOW)
RESUME = Resume(at("25T01:00"))
MOMENT = timedelta(milliseconds=1)


@pytest.mark.parametrize("situation", ["received", "triaged", "assigned", "visited", "missed"])
def test_a_request_is_put_aside_and_goes_on_where_it_was(situation: str) -> None:
    history = SITUATIONS[situation]
    before = given(REQUEST, *history)
    put_aside = held(priority=before.state.priority)
    before.when(HOLD).then(put_aside)
    aside = given(REQUEST, *history, put_aside)
    assert aside.state.status == "on-hold"
    [resumed] = REQUEST.decide(RESUME, aside.state)
    after = given(REQUEST, *history, put_aside, resumed).state
    assert (after.status, after.hold) == (before.state.status, None)


def test_holding_again_is_nothing_and_for_another_reason_refused() -> None:
    given(REQUEST, *SITUATIONS["held"]).when(HOLD).then_nothing()
    given(REQUEST, *SITUATIONS["held"]).when(replace(HOLD, reason="weather")).refused("already-on-hold")


def test_a_hold_is_made_longer_or_shorter_and_the_clock_stands_since_it_began() -> None:
    longer = replace(HOLD, until=UNTIL + timedelta(days=1), now=NOW + timedelta(hours=1))
    again = held(until=longer.until)
    given(REQUEST, *SITUATIONS["held"]).when(longer).then(again)
    after = given(REQUEST, *SITUATIONS["held"], again)
    assert after.state.hold is not None
    assert (after.state.hold.held_at, after.state.hold.until) == (NOW, longer.until)
    after.when(replace(longer, until=None)).then_nothing()


def test_a_hold_lasts_two_weeks_if_nothing_is_said() -> None:
    given(REQUEST, *AFTER_TRIAGE).when(replace(HOLD, until=None)).then(held(until=NOW + timedelta(days=14)))


@pytest.mark.parametrize("situation", ["planned", "there", "leaving"])
def test_nothing_is_put_aside_while_a_visit_is_open(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(HOLD).refused("visit-open")


def test_nothing_is_put_aside_while_somebody_is_being_asked() -> None:
    given(REQUEST, *SITUATIONS["offered"]).when(HOLD).refused("offer-open")
    given(REQUEST, *SITUATIONS["referred"]).when(HOLD).refused("request-not-open")


@pytest.mark.parametrize("until", [NOW, NOW - MOMENT, NOW + LONGEST_HOLD + MOMENT])
def test_a_hold_ends_after_now_and_within_90_days(until: datetime) -> None:
    given(REQUEST, *AFTER_TRIAGE).when(replace(HOLD, until=until)).refused("hold-out-of-range")


def test_a_hold_may_last_90_days() -> None:
    longest = NOW + LONGEST_HOLD
    given(REQUEST, *AFTER_TRIAGE).when(replace(HOLD, until=longest)).then(held(until=longest))


@pytest.mark.parametrize("situation", ["duplicate", "rejected", "withdrawn", "resolved", "closed"])
def test_what_is_over_is_neither_put_aside_nor_goes_on(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(HOLD).refused("request-not-open")
    given(REQUEST, *SITUATIONS[situation]).when(RESUME).refused("request-not-open")


@pytest.mark.parametrize("situation", ["received", "triaged", "assigned", "there", "referred", "resumed"])
def test_what_is_not_on_hold_goes_on_anyway(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(RESUME).then_nothing()


def test_the_clock_goes_on_with_what_was_left_of_it() -> None:
    """Held at 03:45: nine minutes before the warning, a quarter of an hour before it was due."""
    resumed = said(RequestResumed, warn_at=at("25T01:09"), due=at("25T01:15"))
    given(REQUEST, *SITUATIONS["held"]).when(RESUME).then(resumed)
    after = given(REQUEST, *SITUATIONS["held"], resumed)
    assert (after.state.clock.warn_at, after.state.due) == (at("25T01:09"), at("25T01:15"))
    after.when(RESUME).then_nothing()


def test_what_was_over_already_stays_and_an_escalation_moves_along() -> None:
    escalated = said(RequestEscalated, level="lead-unit", cause="response-time", next_at=at("24T04:30"))
    late = (*AFTER_TRIAGE, said(SlaWarned, due=DUE), said(SlaBreached, due=DUE), escalated)
    put_aside = held(held_at=at("24T04:10"))
    resumed = said(RequestResumed, warn_at=WARN_AT, due=DUE, escalates_at=at("25T01:20"))
    given(REQUEST, *late, put_aside).when(RESUME).then(resumed)


def test_only_working_time_is_left_and_goes_on() -> None:
    """On a Friday, 40 minutes are left of the hour at half past four; on Monday the office is closed."""
    friday = {"due": at("27T09:10"), "warn_at": at("27T08:58"), "priority": "routine"}
    history = (
        created(working_hours="office", response_minutes=60),
        triaged(**friday),
        held(held_at=at("27T08:30"), until=at("30T00:00"), priority="routine"),
    )
    on_saturday = Resume(at("28T03:00"))
    on_monday = {"warn_at": at("30T00:58"), "due": at("30T01:10"), "priority": "routine"}
    given(REQUEST, *history).when(on_saturday).then(said(RequestResumed, **on_monday))
    closed = replace(on_saturday, calendar=WorkingCalendar(closed=frozenset({at("30T00:00").date()})))
    a_day_later = {
        name: moment + timedelta(days=1) for name, moment in on_monday.items() if isinstance(moment, datetime)
    }
    (given(REQUEST, *history).when(closed).then(said(RequestResumed, **{**on_monday, **a_day_later})))


def test_a_clock_that_was_not_set_stays_so() -> None:
    given(REQUEST, *SITUATIONS["held-before-triage"]).when(RESUME).then(said(RequestResumed, priority=None))


def test_who_is_placed_has_that_time_taken_during_a_hold() -> None:
    assert list(given(REQUEST, *AFTER_ASSIGNMENT, held()).state.duties()) == list(
        given(REQUEST, *AFTER_ASSIGNMENT).state.duties()
    )
