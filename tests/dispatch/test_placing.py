"""Who goes: offered, accepted or placed, declined, released, reassigned; each command's way, its guards, its
repeat."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.dispatch.domain.placing import Accept, AssignVolunteer, Decline, Offer, Reassign, Release
from services.dispatch.domain.planning import ScheduleVisit
from services.dispatch.domain.request import REQUEST
from shared.events.dispatch import (
    AssignmentDeclined,
    AssignmentExpired,
    Slot,
    VisitCancelled,
    VolunteerReassigned,
    VolunteerReleased,
)
from shared.kernel.event import Event
from tests.support.given import given
from tests.support.story import (
    AFTER_ASSIGNMENT,
    AFTER_CHECK_IN,
    AFTER_COMPLETION,
    AFTER_SCHEDULING,
    AFTER_TRIAGE,
    BO,
    MEI,
    NINE_TO_TEN,
    REQUEST_ID,
    TEN_TO_ELEVEN,
    WITH_SCHOOL,
    assigned,
    at,
    created,
    scheduled,
    slot,
)
from tests.support.story_of_life import (
    ANSWER_BY,
    ASSIGNMENT,
    BASIS,
    NOW,
    RELEASED,
    SECOND,
    SITUATIONS,
    VISIT,
    of_assignment,
    of_visit,
    offered,
    said,
)

ASSIGN = AssignVolunteer(ASSIGNMENT, MEI, NINE_TO_TEN, at("24T03:40"), BASIS)
OTHER = replace(ASSIGN, id=SECOND, volunteer=BO)
OFFER = Offer(ASSIGNMENT, MEI, NINE_TO_TEN, ANSWER_BY, NOW, BASIS)
ACCEPT = Accept(ASSIGNMENT, NOW, BASIS)
DECLINE = Decline(ASSIGNMENT, "too-far")
RELEASE = Release(ASSIGNMENT, "volunteer-asked")
REASSIGN = Reassign(ASSIGNMENT, SECOND, BO, "volunteer-unavailable", NOW, BASIS)
REASSIGNED = (
    said(VolunteerReleased, **of_assignment(), reason="volunteer-unavailable"),
    said(
        VolunteerReassigned,
        **of_assignment(2, BO),
        slot=NINE_TO_TEN,
        replaced=ASSIGNMENT,
        basis=BASIS,
        units=WITH_SCHOOL,
    ),
)
MOMENT = timedelta(milliseconds=1)


def test_a_volunteer_is_asked_and_has_time_to_answer() -> None:
    given(REQUEST, *AFTER_TRIAGE).when(OFFER).then(offered())


def test_the_unit_of_whoever_is_asked_is_concerned_until_the_answer() -> None:
    asked = offered(volunteer=BO, units=WITH_SCHOOL)
    declined = said(AssignmentDeclined, **of_assignment(1, BO), reason="too-far", units=WITH_SCHOOL)
    given(REQUEST, *AFTER_TRIAGE).when(replace(OFFER, volunteer=BO)).then(asked)
    given(REQUEST, *AFTER_TRIAGE, asked).when(DECLINE).then(declined)
    after = given(REQUEST, *AFTER_TRIAGE, asked, declined).state
    assert (after.units, after.untaken()) == (created().units, (BO.unit,))


def test_an_offer_takes_no_time() -> None:
    assert list(given(REQUEST, *AFTER_TRIAGE, offered()).state.duties()) == []
    assert list(given(REQUEST, *AFTER_ASSIGNMENT).state.duties()) == [
        (ASSIGNMENT, MEI.id, MEI.unit, NINE_TO_TEN)
    ]


def test_several_may_be_asked_for_the_same_time() -> None:
    second = replace(OFFER, id=SECOND, volunteer=BO)
    (
        given(REQUEST, *AFTER_TRIAGE, offered())
        .when(second)
        .then(offered(2, BO, NINE_TO_TEN, units=WITH_SCHOOL))
    )


def test_asking_again_is_nothing() -> None:
    again = replace(OFFER, id=SECOND, now=at("24T04:00"))
    given(REQUEST, *AFTER_TRIAGE, offered()).when(again).then_nothing()
    given(REQUEST, *AFTER_ASSIGNMENT).when(again).then_nothing()


@pytest.mark.parametrize("situation", ["declined", "unanswered"])
def test_whoever_was_asked_may_be_asked_anew(situation: str) -> None:
    (
        given(REQUEST, *SITUATIONS[situation])
        .when(replace(OFFER, id=SECOND, expires_at=NINE_TO_TEN.end))
        .then(offered(2, expires_at=NINE_TO_TEN.end))
    )


@pytest.mark.parametrize("expires_at", [NOW, NOW - MOMENT, NINE_TO_TEN.end + MOMENT])
def test_an_offer_ends_after_now_and_before_its_slot_does(expires_at: datetime) -> None:
    wrong = replace(OFFER, expires_at=expires_at)
    given(REQUEST, *AFTER_TRIAGE).when(wrong).refused("expiry-out-of-range")


def test_nobody_is_asked_for_a_time_that_is_over_or_taken_or_before_triage() -> None:
    over = replace(OFFER, now=NINE_TO_TEN.end)
    given(REQUEST, *AFTER_TRIAGE).when(over).refused("slot-in-the-past")
    taken = replace(OFFER, id=SECOND, volunteer=BO)
    given(REQUEST, *AFTER_ASSIGNMENT).when(taken).refused("slot-taken")
    given(REQUEST, created()).when(OFFER).refused("request-not-triaged")


def test_who_accepts_goes() -> None:
    given(REQUEST, *AFTER_TRIAGE, offered()).when(ACCEPT).then(assigned())
    after = given(REQUEST, *AFTER_TRIAGE, offered(), assigned())
    assert [(a.id, a.status) for a in after.state.assignments] == [(ASSIGNMENT, "accepted")]
    after.when(ACCEPT).then_nothing()


def test_whoever_else_was_asked_for_that_time_is_asked_no_longer() -> None:
    others = (
        offered(2, BO, slot("25T01:30", "25T02:30"), units=WITH_SCHOOL),
        offered(3, BO, TEN_TO_ELEVEN, units=WITH_SCHOOL),
    )
    expired = said(AssignmentExpired, **of_assignment(2, BO), reason="slot-taken", units=WITH_SCHOOL)
    asked = (*AFTER_TRIAGE, offered(), *others)
    given(REQUEST, *asked).when(ACCEPT).then(assigned(units=WITH_SCHOOL), expired)
    directly = replace(ASSIGN, id=f"{REQUEST_ID}.assignment-4")
    (
        given(REQUEST, *AFTER_TRIAGE, *others)
        .when(directly)
        .then(assigned(number=4, units=WITH_SCHOOL), expired)
    )


def test_an_offer_that_is_over_is_not_accepted() -> None:
    late = replace(ACCEPT, now=ANSWER_BY)
    given(REQUEST, *AFTER_TRIAGE, offered()).when(late).refused("offer-over")
    in_time = replace(ACCEPT, now=ANSWER_BY - MOMENT)
    given(REQUEST, *AFTER_TRIAGE, offered()).when(in_time).then(assigned())


@pytest.mark.parametrize("situation", ["declined", "unanswered", "released"])
def test_what_was_declined_or_ended_is_not_accepted(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(ACCEPT).refused("offer-over")


def test_an_offer_is_declined_once() -> None:
    declined = said(AssignmentDeclined, **of_assignment(), reason="too-far")
    given(REQUEST, *AFTER_TRIAGE, offered()).when(DECLINE).then(declined)
    given(REQUEST, *AFTER_TRIAGE, offered(), declined).when(DECLINE).then_nothing()
    given(REQUEST, *AFTER_ASSIGNMENT).when(DECLINE).refused("offer-over")


def test_a_volunteer_is_placed_on_a_triaged_request() -> None:
    given(REQUEST, *AFTER_TRIAGE).when(ASSIGN).then(assigned())


def test_the_volunteers_unit_is_concerned_from_then_on() -> None:
    given(REQUEST, *AFTER_TRIAGE).when(replace(ASSIGN, volunteer=BO)).then(assigned(BO, units=WITH_SCHOOL))
    (
        given(REQUEST, *AFTER_TRIAGE, assigned(BO, units=WITH_SCHOOL))
        .when(ScheduleVisit(VISIT, BO.id, NINE_TO_TEN))
        .then(scheduled(BO, units=WITH_SCHOOL))
    )


def test_a_request_that_is_not_triaged_takes_no_volunteer() -> None:
    given(REQUEST, created()).when(ASSIGN).refused("request-not-triaged")


@pytest.mark.parametrize(
    "overlapping",
    [NINE_TO_TEN, slot("25T00:30", "25T01:01"), slot("25T01:59", "25T03:00"), slot("25T01:20", "25T01:40")],
)
def test_one_slot_has_one_volunteer(overlapping: Slot) -> None:
    given(REQUEST, *AFTER_ASSIGNMENT).when(replace(OTHER, slot=overlapping)).refused("slot-taken")


def test_the_same_volunteer_cannot_be_placed_twice_at_once() -> None:
    overlapping = replace(OTHER, volunteer=MEI, slot=slot("25T01:30", "25T02:30"))
    given(REQUEST, *AFTER_ASSIGNMENT).when(overlapping).refused("slot-taken")


def test_slots_that_only_touch_are_two() -> None:
    (
        given(REQUEST, *AFTER_ASSIGNMENT)
        .when(replace(OTHER, slot=TEN_TO_ELEVEN))
        .then(assigned(BO, TEN_TO_ELEVEN, 2, units=WITH_SCHOOL))
    )


def test_a_slot_of_which_somebody_was_released_is_free() -> None:
    given(REQUEST, *SITUATIONS["released"]).when(OTHER).then(assigned(BO, number=2, units=WITH_SCHOOL))


def test_a_slot_that_is_over_is_refused() -> None:
    given(REQUEST, *AFTER_TRIAGE).when(replace(ASSIGN, now=NINE_TO_TEN.end)).refused("slot-in-the-past")


def test_a_slot_that_has_begun_is_not_over() -> None:
    given(REQUEST, *AFTER_TRIAGE).when(replace(ASSIGN, now=NINE_TO_TEN.end - MOMENT)).then(assigned())


@pytest.mark.parametrize("history", [AFTER_ASSIGNMENT, AFTER_CHECK_IN, AFTER_COMPLETION])
def test_placing_the_same_volunteer_for_the_same_slot_again_is_nothing(history: tuple[Event, ...]) -> None:
    again = replace(ASSIGN, id=SECOND, now=at("25T02:30"))
    given(REQUEST, *history).when(again).then_nothing()


def test_a_second_volunteer_while_the_first_is_there_takes_nothing_back() -> None:
    state = given(REQUEST, *AFTER_CHECK_IN, assigned(BO, TEN_TO_ELEVEN, 2, units=WITH_SCHOOL)).state
    assert state.status == "in-service"
    assert [assignment.volunteer for assignment in state.assignments] == [MEI.id, BO.id]


def test_a_volunteer_is_released_and_the_visits_of_it_are_cancelled() -> None:
    cancelled = said(VisitCancelled, **of_visit(), reason="volunteer-released")
    given(REQUEST, *AFTER_SCHEDULING).when(RELEASE).then(cancelled, RELEASED)
    after = given(REQUEST, *AFTER_SCHEDULING, cancelled, RELEASED)
    assert (after.state.status, list(after.state.duties())) == ("triaged", [])
    after.when(RELEASE).then_nothing()


def test_visits_by_another_assignment_stay() -> None:
    history = (*AFTER_SCHEDULING, assigned(when=TEN_TO_ELEVEN, number=2))
    given(REQUEST, *history).when(Release(SECOND, "volunteer-asked")).then(
        said(VolunteerReleased, **of_assignment(2), reason="volunteer-asked")
    )


def test_a_unit_hears_that_its_volunteer_was_released_and_then_no_more() -> None:
    bos = (*AFTER_TRIAGE, assigned(BO, units=WITH_SCHOOL))
    released = said(VolunteerReleased, **of_assignment(1, BO), reason="volunteer-asked", units=WITH_SCHOOL)
    given(REQUEST, *bos).when(RELEASE).then(released)
    assert given(REQUEST, *bos, released).state.units == created().units


def test_who_is_released_on_hold_is_missing_when_it_goes_on() -> None:
    held = SITUATIONS["held-when-assigned"]
    given(REQUEST, *held).when(RELEASE).then(RELEASED)
    resumed = SITUATIONS["resumed"][-1]
    assert given(REQUEST, *held, resumed).state.status == "assigned"
    assert given(REQUEST, *held, RELEASED, resumed).state.status == "triaged"


@pytest.mark.parametrize("situation", ["there", "leaving"])
def test_nobody_is_released_or_replaced_while_being_there(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(RELEASE).refused("visit-under-way")
    given(REQUEST, *SITUATIONS[situation]).when(REASSIGN).refused("visit-under-way")


@pytest.mark.parametrize("situation", ["resolved", "rated", "closed"])
def test_who_went_is_not_released_from_what_is_over(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(RELEASE).refused("assignment-not-active")
    given(REQUEST, *SITUATIONS[situation]).when(REASSIGN).refused("assignment-not-active")


@pytest.mark.parametrize("situation", ["offered", "declined", "unanswered", "reopened"])
def test_who_was_not_placed_or_has_been_there_is_not_released(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(RELEASE).refused("assignment-not-active")


def test_another_goes_instead_and_takes_the_open_visits_along() -> None:
    given(REQUEST, *AFTER_SCHEDULING).when(REASSIGN).then(*REASSIGNED)
    after = given(REQUEST, *AFTER_SCHEDULING, *REASSIGNED)
    assert [(v.id, v.volunteer, v.unit, v.status) for v in after.state.visits] == [
        (VISIT, BO.id, BO.unit, "scheduled")
    ]
    assert after.state.status == "assigned"
    assert list(after.state.duties()) == [(SECOND, BO.id, BO.unit, NINE_TO_TEN)]
    after.when(REASSIGN).then_nothing()


def test_a_visit_that_took_place_stays_with_whom_it_was() -> None:
    after = given(REQUEST, *AFTER_COMPLETION, *REASSIGNED).state
    assert [(v.volunteer, v.status) for v in after.visits] == [(MEI.id, "completed")]


def test_whoever_was_asked_for_the_time_of_a_replacement_is_asked_no_longer() -> None:
    asked = offered(3, BO, units=WITH_SCHOOL)
    released, reassigned = (event.model_copy(update={"units": WITH_SCHOOL}) for event in REASSIGNED)
    expired = said(AssignmentExpired, **of_assignment(3, BO), reason="slot-taken", units=WITH_SCHOOL)
    given(REQUEST, *AFTER_ASSIGNMENT, asked).when(REASSIGN).then(released, expired, reassigned)


def test_nobody_is_replaced_once_the_slot_is_over_or_by_nobody_knows_which() -> None:
    late = replace(REASSIGN, now=NINE_TO_TEN.end)
    given(REQUEST, *AFTER_ASSIGNMENT).when(late).refused("slot-in-the-past")
    given(REQUEST, *SITUATIONS["released"]).when(REASSIGN).refused("assignment-not-active")
    given(REQUEST, *SITUATIONS["held-when-assigned"]).when(REASSIGN).refused("request-not-open")
