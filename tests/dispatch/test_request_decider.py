"""A request's rules: taken in, triaged, assigned; each command's way, its guards, its repeat."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.dispatch.domain.intake import Create, Triage
from services.dispatch.domain.placing import AssignVolunteer
from services.dispatch.domain.planning import ScheduleVisit
from services.dispatch.domain.request import REQUEST, Command
from shared.events.dispatch import Slot
from shared.kernel.event import Event
from tests.support.given import given
from tests.support.story import (
    AFTER_ASSIGNMENT,
    AFTER_CHECK_IN,
    AFTER_COMPLETION,
    AFTER_TRIAGE,
    BO,
    CREATED_AT,
    MEI,
    NINE_TO_TEN,
    TEN_TO_ELEVEN,
    WITH_SCHOOL,
    assigned,
    at,
    created,
    scheduled,
    slot,
    triaged,
)

ASSIGN = AssignVolunteer("request-1.assignment-1", MEI, NINE_TO_TEN, at("24T03:40"), "registry@190")
SECOND = replace(ASSIGN, id="request-1.assignment-2", volunteer=BO)


def test_a_request_is_taken_in() -> None:
    given(REQUEST).when(Create(created())).then(created())


def test_taking_the_same_request_in_again_is_nothing() -> None:
    given(REQUEST, created()).when(Create(created())).then_nothing()
    given(REQUEST, *AFTER_COMPLETION).when(Create(created())).then_nothing()


def test_another_request_under_the_same_id_is_refused() -> None:
    given(REQUEST, created()).when(Create(created(grid="shaba-04"))).refused("already-registered")


@pytest.mark.parametrize("command", [Triage("urgent", CREATED_AT), ASSIGN])
def test_nothing_can_be_done_to_a_request_that_is_not_there(command: Command) -> None:
    given(REQUEST).when(command).refused("not-found")


def test_triage_gives_a_priority_and_a_moment_by_which_to_be_there() -> None:
    given(REQUEST, created()).when(Triage("urgent", CREATED_AT)).then(triaged())


def test_the_due_moment_counts_working_hours_from_creation() -> None:
    friday_evening = at("27T09:00")  # 17:00 in China, half an hour before closing
    (
        given(REQUEST, created(working_hours="office", response_minutes=60))
        .when(Triage("routine", friday_evening))
        .then(triaged(priority="routine", due=at("30T01:00")))
    )


@pytest.mark.parametrize("history", [AFTER_TRIAGE, AFTER_ASSIGNMENT, AFTER_COMPLETION])
def test_the_same_triage_again_is_nothing(history: tuple[Event, ...]) -> None:
    given(REQUEST, *history).when(Triage("urgent", CREATED_AT)).then_nothing()


@pytest.mark.parametrize("history", [AFTER_TRIAGE, AFTER_ASSIGNMENT, AFTER_COMPLETION])
def test_another_priority_after_triage_is_refused(history: tuple[Event, ...]) -> None:
    given(REQUEST, *history).when(Triage("stat", CREATED_AT)).refused("already-triaged")


def test_a_volunteer_is_placed_on_a_triaged_request() -> None:
    given(REQUEST, *AFTER_TRIAGE).when(ASSIGN).then(assigned())


def test_the_volunteers_unit_is_concerned_from_then_on() -> None:
    (given(REQUEST, *AFTER_TRIAGE).when(replace(ASSIGN, volunteer=BO)).then(assigned(BO, units=WITH_SCHOOL)))
    (
        given(REQUEST, *AFTER_TRIAGE, assigned(BO, units=WITH_SCHOOL))
        .when(ScheduleVisit("request-1.visit-1", BO.id, NINE_TO_TEN))
        .then(scheduled(BO, units=WITH_SCHOOL))
    )


def test_a_request_that_is_not_triaged_takes_no_volunteer() -> None:
    given(REQUEST, created()).when(ASSIGN).refused("request-not-triaged")


def test_one_slot_has_one_volunteer() -> None:
    given(REQUEST, *AFTER_ASSIGNMENT).when(SECOND).refused("slot-taken")


@pytest.mark.parametrize(
    "overlapping",
    [slot("25T00:30", "25T01:01"), slot("25T01:59", "25T03:00"), slot("25T01:20", "25T01:40")],
)
def test_overlapping_slots_are_one_slot(overlapping: Slot) -> None:
    given(REQUEST, *AFTER_ASSIGNMENT).when(replace(SECOND, slot=overlapping)).refused("slot-taken")


def test_the_same_volunteer_cannot_be_placed_twice_at_once() -> None:
    overlapping = replace(SECOND, volunteer=MEI, slot=slot("25T01:30", "25T02:30"))
    given(REQUEST, *AFTER_ASSIGNMENT).when(overlapping).refused("slot-taken")


def test_slots_that_only_touch_are_two() -> None:
    (
        given(REQUEST, *AFTER_ASSIGNMENT)
        .when(replace(SECOND, slot=TEN_TO_ELEVEN))
        .then(assigned(BO, TEN_TO_ELEVEN, 2, units=WITH_SCHOOL))
    )


def test_a_slot_that_is_over_is_refused() -> None:
    given(REQUEST, *AFTER_TRIAGE).when(replace(ASSIGN, now=NINE_TO_TEN.end)).refused("slot-in-the-past")


def test_a_slot_that_has_begun_is_not_over() -> None:
    almost_over = NINE_TO_TEN.end - timedelta(milliseconds=1)
    given(REQUEST, *AFTER_TRIAGE).when(replace(ASSIGN, now=almost_over)).then(assigned())


@pytest.mark.parametrize("history", [AFTER_ASSIGNMENT, AFTER_CHECK_IN, AFTER_COMPLETION])
def test_placing_the_same_volunteer_for_the_same_slot_again_is_nothing(history: tuple[Event, ...]) -> None:
    again = replace(ASSIGN, id="request-1.assignment-2", now=at("25T02:30"))
    given(REQUEST, *history).when(again).then_nothing()


def test_a_second_volunteer_while_the_first_is_there_takes_nothing_back() -> None:
    state = given(REQUEST, *AFTER_CHECK_IN, assigned(BO, TEN_TO_ELEVEN, 2, units=WITH_SCHOOL)).state
    assert state.status == "in-service"
    assert [assignment.volunteer for assignment in state.assignments] == [MEI.id, BO.id]
