"""A visit's rules: fixed, checked in, completed; each command's way, its guards, its repeat."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.dispatch.domain.planning import ScheduleVisit
from services.dispatch.domain.request import REQUEST, Command
from services.dispatch.domain.visiting import CLOCK_SKEW, CheckIn, Complete
from shared.events.dispatch import ManualReason
from shared.kernel.event import Event
from tests.support.given import given
from tests.support.story import (
    AFTER_ASSIGNMENT,
    AFTER_CHECK_IN,
    AFTER_COMPLETION,
    AFTER_SCHEDULING,
    AFTER_TRIAGE,
    BO,
    DIGEST,
    MEI,
    NINE_TO_TEN,
    TEN_TO_ELEVEN,
    assigned,
    at,
    checked_in,
    completed,
    created,
    scheduled,
)

NOW = at("25T02:30")
CREATED_AT = at("24T03:00")
VISIT = "request-1.visit-1"
SCHEDULE = ScheduleVisit(VISIT, MEI.id, NINE_TO_TEN)
CHECK_IN = CheckIn(VISIT, "gps", None, None, at("25T01:05"), NOW, CREATED_AT, None)
COMPLETE = Complete(VISIT, "done", True, at("25T01:05"), at("25T01:50"), NOW, CREATED_AT, None)


@pytest.mark.parametrize("command", [SCHEDULE, CHECK_IN, COMPLETE])
def test_there_is_no_visit_without_a_request(command: Command) -> None:
    given(REQUEST).when(command).refused("not-found")


def test_a_visit_is_fixed_for_a_volunteer_who_is_placed() -> None:
    given(REQUEST, *AFTER_ASSIGNMENT).when(SCHEDULE).then(scheduled())


@pytest.mark.parametrize("history", [(created(),), AFTER_TRIAGE, (*AFTER_TRIAGE, assigned(BO))])
def test_a_volunteer_who_is_not_placed_visits_nobody(history: tuple[Event, ...]) -> None:
    given(REQUEST, *history).when(SCHEDULE).refused("volunteer-not-assigned")


@pytest.mark.parametrize("history", [AFTER_SCHEDULING, AFTER_CHECK_IN, AFTER_COMPLETION])
def test_fixing_the_same_visit_again_is_nothing(history: tuple[Event, ...]) -> None:
    again = replace(SCHEDULE, id="request-1.visit-2")
    given(REQUEST, *history).when(again).then_nothing()


def test_a_second_visit_is_another_one() -> None:
    (
        given(REQUEST, *AFTER_SCHEDULING)
        .when(ScheduleVisit("request-1.visit-2", MEI.id, TEN_TO_ELEVEN))
        .then(scheduled(when=TEN_TO_ELEVEN, number=2))
    )


def test_a_volunteer_checks_in() -> None:
    given(REQUEST, *AFTER_SCHEDULING).when(CHECK_IN).then(checked_in())


def test_somebody_checks_in_for_the_volunteer_and_says_why_by_hand() -> None:
    by_hand = replace(CHECK_IN, method="manual", reason="no-signal", on_behalf_of=MEI.id, details=DIGEST)
    (
        given(REQUEST, *AFTER_SCHEDULING)
        .when(by_hand)
        .then(checked_in(method="manual", reason="no-signal", on_behalf_of=MEI.id, details=DIGEST))
    )


def test_a_visit_that_nobody_fixed_is_not_there() -> None:
    given(REQUEST, *AFTER_ASSIGNMENT).when(CHECK_IN).refused("not-found")


def test_nobody_checks_in_for_a_volunteer_who_is_not_the_visits() -> None:
    for_bo = replace(CHECK_IN, on_behalf_of=BO.id)
    given(REQUEST, *AFTER_SCHEDULING).when(for_bo).refused("not-the-visits-volunteer")


def test_a_check_in_by_hand_needs_a_reason() -> None:
    by_hand = replace(CHECK_IN, method="manual")
    given(REQUEST, *AFTER_SCHEDULING).when(by_hand).refused("reason-required")


@pytest.mark.parametrize("reason", ["no-signal", "no-device", "other"])
def test_any_of_the_reasons_will_do(reason: ManualReason) -> None:
    by_hand = replace(CHECK_IN, method="manual", reason=reason)
    given(REQUEST, *AFTER_SCHEDULING).when(by_hand).then(checked_in(method="manual", reason=reason))


def test_a_check_in_may_be_as_far_ahead_as_clocks_are_apart_and_no_further() -> None:
    edge = NOW + CLOCK_SKEW
    beyond = edge + timedelta(milliseconds=1)
    given(REQUEST, *AFTER_SCHEDULING).when(replace(CHECK_IN, at=edge)).then(checked_in(checked_in_at=edge))
    given(REQUEST, *AFTER_SCHEDULING).when(replace(CHECK_IN, at=beyond)).refused("in-the-future")


def test_checking_in_again_is_nothing() -> None:
    given(REQUEST, *AFTER_CHECK_IN).when(CHECK_IN).then_nothing()
    given(REQUEST, *AFTER_CHECK_IN).when(replace(CHECK_IN, at=NOW, details=DIGEST)).then_nothing()


def test_nobody_checks_in_to_a_visit_that_is_over() -> None:
    given(REQUEST, *AFTER_COMPLETION).when(CHECK_IN).refused("visit-already-completed")


def test_one_visits_check_in_is_not_anothers() -> None:
    other = scheduled(when=TEN_TO_ELEVEN, number=2)
    state = given(REQUEST, *AFTER_SCHEDULING, other, checked_in()).state
    assert [visit.status for visit in state.visits] == ["checked-in", "scheduled"]


def test_a_visit_is_completed() -> None:
    given(REQUEST, *AFTER_CHECK_IN).when(COMPLETE).then(completed())


def test_what_was_said_goes_along_as_a_digest() -> None:
    with_text = replace(COMPLETE, details=DIGEST)
    given(REQUEST, *AFTER_CHECK_IN).when(with_text).then(completed(details=DIGEST))
    assert given(REQUEST, *AFTER_CHECK_IN, completed(details=DIGEST)).state.details == (DIGEST,)


def test_a_visit_to_which_nobody_came_is_not_completed() -> None:
    given(REQUEST, *AFTER_ASSIGNMENT).when(COMPLETE).refused("not-found")
    given(REQUEST, *AFTER_SCHEDULING).when(COMPLETE).refused("visit-not-checked-in")


def test_a_visit_ends_after_it_starts() -> None:
    backwards = replace(COMPLETE, started_at=at("25T01:51"))
    at_once = replace(COMPLETE, started_at=COMPLETE.ended_at)
    given(REQUEST, *AFTER_CHECK_IN).when(backwards).refused("ends-before-it-starts")
    given(REQUEST, *AFTER_CHECK_IN).when(at_once).then(completed(started_at=COMPLETE.ended_at))


def test_a_visit_may_end_as_far_ahead_as_clocks_are_apart_and_no_further() -> None:
    edge = NOW + CLOCK_SKEW
    beyond = edge + timedelta(milliseconds=1)
    given(REQUEST, *AFTER_CHECK_IN).when(replace(COMPLETE, ended_at=edge)).then(completed(ended_at=edge))
    given(REQUEST, *AFTER_CHECK_IN).when(replace(COMPLETE, ended_at=beyond)).refused("in-the-future")


def test_completing_a_visit_in_the_same_way_again_is_nothing() -> None:
    given(REQUEST, *AFTER_COMPLETION).when(COMPLETE).then_nothing()
    given(REQUEST, *AFTER_COMPLETION).when(replace(COMPLETE, details=DIGEST)).then_nothing()


@pytest.mark.parametrize(
    "otherwise",
    [
        replace(COMPLETE, outcome="not-done"),
        replace(COMPLETE, contact_made=False),
        replace(COMPLETE, started_at=at("25T01:06")),
        replace(COMPLETE, ended_at=at("25T01:51")),
    ],
    ids=["outcome", "contact", "start", "end"],
)
def test_a_visit_is_completed_in_one_way_only(otherwise: Complete) -> None:
    given(REQUEST, *AFTER_COMPLETION).when(otherwise).refused("visit-already-completed")


def test_nobody_was_there_long_before_the_request_was_made() -> None:
    early = CREATED_AT - timedelta(days=1, minutes=1)
    given(REQUEST, *AFTER_SCHEDULING).when(replace(CHECK_IN, at=early)).refused("before-the-request")
    began = replace(COMPLETE, started_at=early)
    given(REQUEST, *AFTER_CHECK_IN).when(began).refused("before-the-request")
