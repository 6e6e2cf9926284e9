"""Visits take place, or nobody opens; each command's way, its guards, its repeat."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.dispatch.domain.request import REQUEST
from services.dispatch.domain.visiting import (
    CLOCK_SKEW,
    GRACE,
    AmendVisit,
    CheckIn,
    CheckOut,
    Complete,
    NoAnswer,
)
from shared.events.dispatch import (
    ManualReason,
    RequestEscalated,
    VisitAmended,
    VisitScheduled,
    WelfareCheckRaised,
)
from shared.events.registry import Tier
from shared.kernel.event import Event
from tests.support.given import given
from tests.support.story import (
    AFTER_ASSIGNMENT,
    AFTER_CHECK_IN,
    AFTER_COMPLETION,
    AFTER_SCHEDULING,
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
    slot,
    triaged,
)
from tests.support.story_of_life import (
    AFTER_RESOLUTION,
    MISSED,
    SECOND_VISIT,
    SITUATIONS,
    VISIT,
    checked_out,
    no_answer,
    of_visit,
    said,
)

NOW = at("25T02:30")
CREATED_AT = at("24T03:00")
MOMENT = timedelta(milliseconds=1)
CHECK_IN = CheckIn(VISIT, "gps", None, None, at("25T01:05"), NOW, CREATED_AT, None)
CHECK_OUT = CheckOut(VISIT, "gps", None, None, at("25T01:50"), NOW, CREATED_AT, None)
COMPLETE = Complete(VISIT, "done", True, at("25T01:05"), at("25T01:50"), NOW, CREATED_AT, None)
AMEND = AmendVisit(VISIT, "wrong-time", NOW, CREATED_AT, ended_at=at("25T01:40"))
NO_ANSWER = NoAnswer(VISIT, at("25T01:05"), NOW, CREATED_AT)


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
    edge = CHECK_IN.now + CLOCK_SKEW
    beyond = edge + timedelta(milliseconds=1)
    given(REQUEST, *AFTER_SCHEDULING).when(replace(CHECK_IN, at=edge)).then(checked_in(checked_in_at=edge))
    given(REQUEST, *AFTER_SCHEDULING).when(replace(CHECK_IN, at=beyond)).refused("in-the-future")


def test_nobody_has_been_there_at_a_time_that_was_planned_and_has_not_come() -> None:
    planned = replace(CHECK_IN, now=CREATED_AT)
    given(REQUEST, *AFTER_SCHEDULING).when(planned).refused("in-the-future")
    long_ago = slot("01T01:00", "01T02:00")
    before = scheduled(when=long_ago)
    early = replace(CHECK_IN, at=long_ago.start)
    given(REQUEST, *AFTER_ASSIGNMENT, before).when(early).refused("before-the-request")


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
    edge = CHECK_IN.now + CLOCK_SKEW
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


def test_the_first_check_in_meets_the_clock_and_what_is_said_of_an_earlier_one_too() -> None:
    two = (*AFTER_SCHEDULING, scheduled(when=TEN_TO_ELEVEN, number=2))
    second = checked_in(number=2, checked_in_at=at("25T02:10"))
    assert given(REQUEST, *two, second).state.clock.met_at == at("25T02:10")
    assert given(REQUEST, *two, second, checked_in()).state.clock.met_at == at("25T01:05")
    assert given(REQUEST, *two, checked_in(), second).state.clock.met_at == at("25T01:05")


def test_a_missed_visit_is_put_right_by_a_check_in_that_was_in_time() -> None:
    missed = (*AFTER_SCHEDULING, MISSED)
    edge = NINE_TO_TEN.end + GRACE
    later = replace(CHECK_IN, now=at("26T02:00"))
    given(REQUEST, *missed).when(later).then(checked_in())
    given(REQUEST, *missed).when(replace(later, at=edge)).then(checked_in(checked_in_at=edge))
    given(REQUEST, *missed).when(replace(later, at=edge + MOMENT)).refused("visit-missed")


def test_nobody_checks_in_to_a_visit_that_was_cancelled() -> None:
    given(REQUEST, *SITUATIONS["cancelled"]).when(CHECK_IN).refused("visit-cancelled")


def test_a_missed_visit_of_a_request_on_hold_waits_until_that_goes_on() -> None:
    held = SITUATIONS["held"][-1]
    given(REQUEST, *AFTER_SCHEDULING, MISSED, held).when(CHECK_IN).refused("request-not-open")


def test_a_volunteer_checks_out_once() -> None:
    given(REQUEST, *AFTER_CHECK_IN).when(CHECK_OUT).then(checked_out())
    given(REQUEST, *AFTER_CHECK_IN, checked_out()).when(CHECK_OUT).then_nothing()
    given(REQUEST, *AFTER_COMPLETION).when(CHECK_OUT).then_nothing()


def test_a_check_out_by_hand_for_the_volunteer_needs_a_reason_and_the_right_one() -> None:
    by_hand = replace(CHECK_OUT, method="manual")
    given(REQUEST, *AFTER_CHECK_IN).when(by_hand).refused("reason-required")
    for_another = replace(CHECK_OUT, on_behalf_of=BO.id)
    given(REQUEST, *AFTER_CHECK_IN).when(for_another).refused("not-the-visits-volunteer")
    whole = replace(by_hand, reason="no-device", on_behalf_of=MEI.id, details=DIGEST)
    (
        given(REQUEST, *AFTER_CHECK_IN)
        .when(whole)
        .then(checked_out(method="manual", reason="no-device", on_behalf_of=MEI.id, details=DIGEST))
    )


def test_who_did_not_come_does_not_go() -> None:
    given(REQUEST, *AFTER_SCHEDULING).when(CHECK_OUT).refused("visit-not-checked-in")
    given(REQUEST, *AFTER_CHECK_IN).when(replace(CHECK_OUT, at=at("25T01:04"))).refused(
        "ends-before-it-starts"
    )
    ahead = replace(CHECK_OUT, at=NOW + CLOCK_SKEW + MOMENT)
    given(REQUEST, *AFTER_CHECK_IN).when(ahead).refused("in-the-future")


def test_a_visit_is_completed_after_the_check_out_too() -> None:
    whole = replace(COMPLETE, feedback="f" * 64, follow_up=True)
    (
        given(REQUEST, *AFTER_CHECK_IN, checked_out())
        .when(whole)
        .then(completed(feedback="f" * 64, follow_up=True))
    )
    after = given(REQUEST, *AFTER_CHECK_IN, completed(feedback="f" * 64, details=DIGEST)).state
    assert after.details == (DIGEST, "f" * 64)


def test_what_was_said_of_a_visit_is_corrected_and_nothing_else() -> None:
    amended = said(VisitAmended, **of_visit(), reason="wrong-time", ended_at=at("25T01:40"))
    given(REQUEST, *AFTER_COMPLETION).when(AMEND).then(amended)
    after = given(REQUEST, *AFTER_COMPLETION, amended)
    assert after.state.visits[0].ended_at == at("25T01:40")
    assert after.state.visits[0].started_at == at("25T01:05")
    after.when(AMEND).then_nothing()


def test_a_correction_keeps_what_is_as_it_was_said_and_words_are_added() -> None:
    command = replace(
        AMEND, reason="wrong-outcome", outcome="not-done", contact_made=False, follow_up=True, details=DIGEST
    )
    same_end = replace(command, ended_at=at("25T01:50"))
    (
        given(REQUEST, *AFTER_COMPLETION)
        .when(same_end)
        .then(
            said(
                VisitAmended,
                **of_visit(),
                reason="wrong-outcome",
                outcome="not-done",
                contact_made=False,
                follow_up=True,
                details=DIGEST,
            )
        )
    )


def test_a_visit_can_be_corrected_once_the_request_is_over() -> None:
    amended = said(VisitAmended, **of_visit(), reason="wrong-time", ended_at=at("25T01:40"))
    given(REQUEST, *AFTER_RESOLUTION).when(AMEND).then(amended)


def test_a_correction_is_plausible_too() -> None:
    backwards = replace(AMEND, ended_at=at("25T01:04"))
    given(REQUEST, *AFTER_COMPLETION).when(backwards).refused("ends-before-it-starts")
    ahead = replace(AMEND, ended_at=NOW + CLOCK_SKEW + MOMENT)
    given(REQUEST, *AFTER_COMPLETION).when(ahead).refused("in-the-future")
    early = replace(AMEND, started_at=CREATED_AT - timedelta(days=2))
    given(REQUEST, *AFTER_COMPLETION).when(early).refused("before-the-request")


@pytest.mark.parametrize("situation", ["planned", "missed", "there", "leaving", "nobody-opened", "cancelled"])
def test_a_visit_that_is_not_completed_is_not_corrected(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(AMEND).refused("visit-not-completed")


@pytest.mark.parametrize("situation", ["planned", "missed", "there"])
def test_nobody_opens(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(NO_ANSWER).then(no_answer())


def test_saying_again_that_nobody_opened_is_nothing() -> None:
    given(REQUEST, *AFTER_SCHEDULING, no_answer()).when(NO_ANSWER).then_nothing()


@pytest.mark.parametrize("situation", ["leaving", "visited", "cancelled", "resolved"])
def test_somebody_opened_or_nobody_came(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(NO_ANSWER).refused("visit-not-scheduled")


def test_nobody_opens_at_a_time_that_is_yet_to_come_or_long_over() -> None:
    ahead = replace(NO_ANSWER, at=NO_ANSWER.now + CLOCK_SKEW + MOMENT)
    given(REQUEST, *AFTER_SCHEDULING).when(ahead).refused("in-the-future")
    early = replace(NO_ANSWER, at=CREATED_AT - timedelta(days=2))
    given(REQUEST, *AFTER_SCHEDULING).when(early).refused("before-the-request")


def of_tier(tier: Tier | None, *between: Event) -> tuple[Event, ...]:
    """A first visit, at nine, was of no use; a second is at ten."""
    resident = {"tier": tier} if tier else {"tier": None, "resident": None}
    second = scheduled(when=TEN_TO_ELEVEN, number=2)
    long = slot("25T01:00", "25T04:00")
    return (created(**resident), triaged(), assigned(when=long), scheduled(), *between, second)


SECOND_NO_ANSWER = replace(NO_ANSWER, visit=SECOND_VISIT, at=at("25T02:05"), now=at("25T02:05"))
NOBODY_AGAIN = no_answer(2, at=at("25T02:05"))
LOOKING = (MEI.unit,)
"""Who has to look, and nobody else: it says of what tier the resident is."""
RAISED = (
    said(WelfareCheckRaised, units=LOOKING, visit=SECOND_VISIT, times=2),
    said(RequestEscalated, units=LOOKING, level="community-office", cause="welfare-check"),
)


def test_the_second_time_in_a_row_somebody_has_to_look() -> None:
    history = of_tier("high", no_answer())
    given(REQUEST, *history).when(SECOND_NO_ANSWER).then(NOBODY_AGAIN, *RAISED)
    after = given(REQUEST, *history, NOBODY_AGAIN, *RAISED)
    assert after.state.welfare_check
    assert after.state.clock.level is None
    after.when(SECOND_NO_ANSWER).then_nothing()


@pytest.mark.parametrize("tier", ["key", "general", None])
def test_of_the_other_tiers_nobody_has_to_look(tier: Tier | None) -> None:
    given(REQUEST, *of_tier(tier, no_answer())).when(SECOND_NO_ANSWER).then(NOBODY_AGAIN)


def test_it_is_in_a_row_unless_somebody_opened_between() -> None:
    opened = (checked_in(), completed())
    unheard = (checked_in(), completed(contact_made=False, outcome="not-done"))
    given(REQUEST, *of_tier("high", *opened)).when(SECOND_NO_ANSWER).then(NOBODY_AGAIN)
    given(REQUEST, *of_tier("high", *unheard)).when(SECOND_NO_ANSWER).then(NOBODY_AGAIN)
    given(REQUEST, *of_tier("high")).when(SECOND_NO_ANSWER).then(NOBODY_AGAIN)


def test_what_was_at_other_requests_of_the_resident_counts() -> None:
    before = replace(SECOND_NO_ANSWER, before=1)
    given(REQUEST, *of_tier("high")).when(before).then(NOBODY_AGAIN, *RAISED)
    opened = (checked_in(), completed())
    given(REQUEST, *of_tier("high", *opened)).when(before).then(NOBODY_AGAIN)


def test_in_a_row_is_by_when_they_were_and_not_by_when_it_was_said() -> None:
    history = of_tier("high", no_answer(at=at("25T02:10")))
    opened = (
        checked_in(number=2, checked_in_at=at("25T02:00")),
        completed(number=2, started_at=at("25T02:00")),
    )
    third = said(VisitScheduled, **of_visit(3), slot=slot("25T03:00", "25T04:00"))
    last = replace(NO_ANSWER, visit="request-1.visit-3", at=at("25T02:20"), now=at("25T02:20"))
    raised = RAISED[0].model_copy(update={"visit": last.visit})
    (
        given(REQUEST, *history, *opened, third)
        .when(last)
        .then(no_answer(3, at=at("25T02:20")), raised, RAISED[1])
    )


def test_a_check_is_asked_for_once_until_somebody_opens() -> None:
    asked = (*of_tier("high", no_answer()), NOBODY_AGAIN, *RAISED)
    third = said(VisitScheduled, **of_visit(3), slot=slot("25T03:00", "25T04:00"))
    again = replace(NO_ANSWER, visit="request-1.visit-3", at=at("25T03:05"), now=at("25T03:05"))
    nobody = no_answer(3, at=at("25T03:05"))
    given(REQUEST, *asked, third).when(again).then(nobody)
    opened = (checked_in(number=3, checked_in_at=at("25T03:05")), completed(number=3))
    assert not given(REQUEST, *asked, third, *opened).state.welfare_check


@pytest.mark.parametrize("at_the_door", [NOW, at("25T01:05")])
def test_nobody_opening_is_a_visit_that_took_place(at_the_door: datetime) -> None:
    after = given(REQUEST, *AFTER_SCHEDULING, no_answer(at=at_the_door)).state
    assert (after.status, list(after.open_visits())) == ("in-service", [])
    assert after.visits[0].started_at == at_the_door
    assert after.clock.met_at == at_the_door
