"""What was asked for was seen to: resolved, rated, reopened, closed; each command's way, its guards, its
repeat."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.dispatch.domain.clock import deadlines
from services.dispatch.domain.ending import (
    REOPENING_WINDOW,
    Close,
    CloseWithTarget,
    Rate,
    Reopen,
    Resolve,
)
from services.dispatch.domain.request import REQUEST
from services.dispatch.domain.working_time import WorkingCalendar
from shared.events.dispatch import AssignmentExpired, RequestClosed, VolunteerReleased
from tests.support.given import given
from tests.support.story import (
    AFTER_ASSIGNMENT,
    AFTER_COMPLETION,
    AFTER_TRIAGE,
    BO,
    DIGEST,
    MEI,
    TEN_TO_ELEVEN,
    WITH_SCHOOL,
    assigned,
    at,
    checked_in,
    completed,
    created,
    scheduled,
    slot,
)
from tests.support.story_of_life import (
    AFTER_RESOLUTION,
    MISSED,
    OTHER_ID,
    REOPEN_UNTIL,
    RESOLVED_AT,
    SITUATIONS,
    called,
    of_assignment,
    offered,
    rated,
    reopened,
    resolved,
    said,
)

RESOLVE = Resolve("done", RESOLVED_AT)
RATE = Rate(True, 5)
REOPEN = Reopen("not-solved", at("26T07:00"))
CLOSED_AFTER_WINDOW = said(RequestClosed, reason="window-over")
CLOSED_AFTER_RATING = said(RequestClosed, reason="rated")
MOMENT = timedelta(milliseconds=1)


def test_a_request_is_resolved_and_can_be_reopened_for_five_days() -> None:
    assert REOPEN_UNTIL - RESOLVED_AT == REOPENING_WINDOW == timedelta(days=5)
    given(REQUEST, *AFTER_COMPLETION).when(RESOLVE).then(resolved())
    words = replace(RESOLVE, details=DIGEST)
    given(REQUEST, *AFTER_COMPLETION).when(words).then(resolved(details=DIGEST))


@pytest.mark.parametrize(
    "situation", ["triaged", "missed", "visited", "nobody-opened", "taken-over", "reopened"]
)
def test_a_request_can_be_resolved_whether_somebody_went_or_not(situation: str) -> None:
    decided = REQUEST.decide(RESOLVE, given(REQUEST, *SITUATIONS[situation]).state)
    assert decided[-1].type == "request-resolved"


@pytest.mark.parametrize("situation", ["planned", "there", "leaving"])
def test_nothing_is_resolved_while_a_visit_is_open(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(RESOLVE).refused("visit-open")


def test_resolving_again_is_nothing_and_otherwise_refused() -> None:
    given(REQUEST, *AFTER_RESOLUTION).when(replace(RESOLVE, now=at("26T02:30"))).then_nothing()
    given(REQUEST, *AFTER_RESOLUTION).when(replace(RESOLVE, outcome="not-done")).refused("already-resolved")


def test_a_request_that_nobody_judged_or_that_is_over_is_not_resolved() -> None:
    given(REQUEST, created()).when(RESOLVE).refused("request-not-triaged")
    for situation in ("referred", "held", "duplicate", "rejected", "withdrawn", "closed"):
        given(REQUEST, *SITUATIONS[situation]).when(RESOLVE).refused("request-not-open")


def test_with_a_resolution_nobody_is_asked_or_to_go_any_more() -> None:
    asked = offered(2, BO, slot("26T01:00", "26T02:00"), units=WITH_SCHOOL)
    early = replace(RESOLVE, now=at("24T05:00"))
    (
        given(REQUEST, *AFTER_ASSIGNMENT, asked)
        .when(early)
        .then(
            said(AssignmentExpired, **of_assignment(2, BO), reason="request-ended", units=WITH_SCHOOL),
            said(VolunteerReleased, **of_assignment(), reason="request-ended"),
            resolved(resolved_at=at("24T05:00"), reopen_until=at("29T05:00")),
        )
    )


def test_who_was_there_before_the_slot_was_over_is_not_released() -> None:
    early = replace(RESOLVE, now=at("25T01:55"))
    (
        given(REQUEST, *AFTER_COMPLETION)
        .when(early)
        .then(resolved(resolved_at=at("25T01:55"), reopen_until=at("30T01:55")))
    )


def test_who_was_there_in_the_first_round_is_released_from_the_second() -> None:
    second = assigned(when=slot("26T08:00", "26T09:00"), number=2)
    again = replace(RESOLVE, now=at("26T07:30"))
    (
        given(REQUEST, *SITUATIONS["reopened"], second)
        .when(again)
        .then(
            said(VolunteerReleased, **of_assignment(2), reason="request-ended"),
            resolved(resolved_at=at("26T07:30"), reopen_until=at("26T07:30") + REOPENING_WINDOW),
        )
    )


def test_the_requester_says_once_what_came_of_it() -> None:
    given(REQUEST, *AFTER_RESOLUTION).when(RATE).then(rated())
    words = replace(RATE, details=DIGEST)
    given(REQUEST, *SITUATIONS["closed"]).when(words).then(rated(details=DIGEST))
    given(REQUEST, *SITUATIONS["rated"]).when(RATE).then_nothing()
    given(REQUEST, *SITUATIONS["closed-when-rated"]).when(RATE).then_nothing()
    given(REQUEST, *SITUATIONS["rated"]).when(replace(RATE, satisfaction=4)).refused("already-rated")
    given(REQUEST, *SITUATIONS["rated"]).when(replace(RATE, solved=False)).refused("already-rated")


@pytest.mark.parametrize("situation", ["visited", "held", "rejected", "duplicate", "closed-with-target"])
def test_what_is_not_resolved_is_not_rated(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(RATE).refused("request-not-resolved")


@pytest.mark.parametrize("situation", ["resolved", "rated", "closed", "closed-when-rated"])
def test_a_request_is_reopened_with_a_clock_of_its_own(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(REOPEN).then(reopened())
    after = given(REQUEST, *SITUATIONS[situation], reopened())
    state = after.state
    assert (state.status, state.rounds, state.first_choice) == ("triaged", 2, MEI.id)
    assert (state.outcome, state.resolved_at, state.reopen_until, state.rating) == (None, None, None, None)
    assert (state.due, state.clock.warn_at, state.clock.met_at) == (at("26T07:30"), at("26T07:24"), None)
    assert [a.status for a in state.assignments] == ["completed"]
    assert list(state.duties()) == []
    after.when(REOPEN).then_nothing()


def test_the_clock_of_a_reopened_request_keeps_to_working_hours_too() -> None:
    history = (created(working_hours="office"), *AFTER_RESOLUTION[1:])
    friday_evening = replace(
        REOPEN,
        now=at("27T09:20"),
        details=DIGEST,
        calendar=WorkingCalendar(open=frozenset({at("28T00:00").date()})),
    )
    on_saturday = {"due": at("28T00:50"), "warn_at": at("28T00:44")}
    given(REQUEST, *history).when(friday_evening).then(
        reopened(**on_saturday, reopened_at=friday_evening.now, details=DIGEST)
    )


def test_who_went_last_is_the_first_choice() -> None:
    bos = (
        assigned(BO, TEN_TO_ELEVEN, 2),
        scheduled(BO, TEN_TO_ELEVEN, 2, assignment="request-1.assignment-2"),
    )
    there = (checked_in(BO, 2), completed(BO, 2, started_at=at("25T02:05"), ended_at=at("25T02:20")))
    history = (*AFTER_COMPLETION, *bos, *there, resolved())
    decided = REQUEST.decide(REOPEN, given(REQUEST, *history).state)
    assert decided == [reopened(unit=BO.unit, volunteer=BO.id, units=WITH_SCHOOL)]


def test_if_nobody_went_it_is_who_was_to_go_or_nobody() -> None:
    missed = (*SITUATIONS["missed"], resolved(outcome="not-done"))
    given(REQUEST, *missed).when(REOPEN).then(reopened())
    nobody = (*AFTER_TRIAGE, resolved(outcome="not-done"))
    given(REQUEST, *nobody).when(REOPEN).then(reopened(unit=None, volunteer=None))


def test_a_request_is_reopened_inside_the_window_only() -> None:
    at_the_end = replace(REOPEN, now=REOPEN_UNTIL)
    span = {"due": REOPEN_UNTIL + timedelta(minutes=30), "warn_at": REOPEN_UNTIL + timedelta(minutes=24)}
    given(REQUEST, *AFTER_RESOLUTION).when(at_the_end).then(reopened(**span, reopened_at=at_the_end.now))
    late = replace(REOPEN, now=REOPEN_UNTIL + MOMENT)
    for situation in ("resolved", "closed"):
        given(REQUEST, *SITUATIONS[situation]).when(late).refused("reopening-window-over")


@pytest.mark.parametrize("situation", ["triaged", "visited", "held", "rejected", "withdrawn"])
def test_what_is_not_resolved_is_not_reopened(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(REOPEN).refused("request-not-resolved")


@pytest.mark.parametrize("situation", ["duplicate", "closed-with-target"])
def test_a_duplicate_is_not_reopened_but_its_target(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(REOPEN).refused("request-is-duplicate", target=OTHER_ID)


def test_a_reopened_request_that_is_worked_on_is_not_reopened_again() -> None:
    second = assigned(when=slot("26T08:00", "26T09:00"), number=2)
    given(REQUEST, *SITUATIONS["reopened"], second).when(REOPEN).refused("request-not-resolved")


def test_a_request_closes_when_it_is_rated_or_the_window_is_over() -> None:
    given(REQUEST, *SITUATIONS["rated"]).when(Close(at("25T03:00"))).then(CLOSED_AFTER_RATING)
    given(REQUEST, *AFTER_RESOLUTION).when(Close(REOPEN_UNTIL)).then(CLOSED_AFTER_WINDOW)
    given(REQUEST, *AFTER_RESOLUTION).when(Close(REOPEN_UNTIL - MOMENT)).refused("window-open")
    given(REQUEST, *SITUATIONS["closed"]).when(Close(REOPEN_UNTIL)).then_nothing()


@pytest.mark.parametrize("situation", ["received", "visited", "reopened", "held", "duplicate", "withdrawn"])
def test_what_is_not_resolved_is_not_closed(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(Close(REOPEN_UNTIL)).refused("request-not-resolved")


def test_a_duplicate_closes_with_its_target() -> None:
    closed = said(RequestClosed, reason="with-its-target")
    given(REQUEST, *SITUATIONS["duplicate"]).when(CloseWithTarget()).then(closed)
    given(REQUEST, *SITUATIONS["closed-with-target"]).when(CloseWithTarget()).then_nothing()
    given(REQUEST, *AFTER_TRIAGE).when(CloseWithTarget()).then_nothing()


def test_whoever_went_is_free_once_it_is_resolved() -> None:
    assert list(given(REQUEST, *AFTER_COMPLETION).state.duties()) != []
    assert list(given(REQUEST, *AFTER_RESOLUTION).state.duties()) == []


def test_a_visit_of_the_round_before_stops_no_clock_of_the_next() -> None:
    missed = (*AFTER_ASSIGNMENT, scheduled(), MISSED)
    ended = REQUEST.decide(Resolve("done", at("25T06:00")), given(REQUEST, *missed).state)
    state = given(REQUEST, *missed, *ended, reopened(priority="urgent")).state
    late = REQUEST.fold.over([checked_in()], state)
    assert (late.status, late.clock.met_at) == ("triaged", None)
    assert {each.kind for each in deadlines(late)} == {"sla-warned", "sla-breached"}


def test_nobody_is_looked_for_who_has_been_there_and_no_unit_is_waited_for_after_the_end() -> None:
    history = (*AFTER_RESOLUTION[:-1], called(), AFTER_RESOLUTION[-1])
    over = given(REQUEST, *history)
    assert {each.kind for each in deadlines(over.state)} == {"close"}
    again = given(REQUEST, *history, reopened())
    assert again.state.untaken() == ()
    assert "whistle" not in {each.kind for each in deadlines(again.state)}
