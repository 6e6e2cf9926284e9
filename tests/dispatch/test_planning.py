"""Visits are planned: scheduled, rescheduled, cancelled; each command's way, its guards, its repeat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.dispatch.domain.placing import Release
from services.dispatch.domain.planning import CancelVisit, Reschedule, ScheduleVisit
from services.dispatch.domain.request import REQUEST
from shared.events.dispatch import Slot, VisitRescheduled
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
    TEN_TO_ELEVEN,
    assigned,
    created,
    scheduled,
    slot,
)
from tests.support.story_of_life import (
    ASSIGNMENT,
    CANCELLED,
    LATER,
    NOW,
    SECOND,
    SECOND_VISIT,
    SITUATIONS,
    VISIT,
    of_visit,
    said,
)

SCHEDULE = ScheduleVisit(VISIT, MEI.id, NINE_TO_TEN)
RESCHEDULE = Reschedule(VISIT, TEN_TO_ELEVEN, "requester-asked", NOW)
RESCHEDULED = said(VisitRescheduled, **of_visit(), slot=TEN_TO_ELEVEN, reason="requester-asked")
CANCEL = CancelVisit(VISIT, "weather")


def test_a_visit_is_fixed_for_a_volunteer_who_is_placed() -> None:
    given(REQUEST, *AFTER_ASSIGNMENT).when(SCHEDULE).then(scheduled())


@pytest.mark.parametrize("history", [(created(),), AFTER_TRIAGE, (*AFTER_TRIAGE, assigned(BO))])
def test_a_volunteer_who_is_not_placed_visits_nobody(history: tuple[Event, ...]) -> None:
    given(REQUEST, *history).when(SCHEDULE).refused("volunteer-not-assigned")


@pytest.mark.parametrize("history", [AFTER_SCHEDULING, AFTER_CHECK_IN, AFTER_COMPLETION])
def test_fixing_the_same_visit_again_is_nothing(history: tuple[Event, ...]) -> None:
    given(REQUEST, *history).when(replace(SCHEDULE, id=SECOND_VISIT)).then_nothing()


def test_a_visit_that_was_cancelled_can_be_fixed_anew() -> None:
    again = replace(SCHEDULE, id=SECOND_VISIT)
    given(REQUEST, *AFTER_SCHEDULING, CANCELLED).when(again).then(scheduled(number=2))


def test_a_second_visit_is_another_one() -> None:
    (
        given(REQUEST, *AFTER_SCHEDULING)
        .when(ScheduleVisit(SECOND_VISIT, MEI.id, TEN_TO_ELEVEN))
        .then(scheduled(when=TEN_TO_ELEVEN, number=2))
    )


@pytest.mark.parametrize("when", [slot("25T01:30", "25T02:30"), slot("25T00:00", "25T03:00")])
def test_a_volunteer_does_not_visit_twice_at_once(when: Slot) -> None:
    second = ScheduleVisit(SECOND_VISIT, MEI.id, when)
    given(REQUEST, *AFTER_SCHEDULING).when(second).refused("volunteer-not-free", conflict=VISIT)
    both = (*AFTER_SCHEDULING, scheduled(when=TEN_TO_ELEVEN, number=2))
    given(REQUEST, *both).when(RESCHEDULE).refused("volunteer-not-free", conflict=SECOND_VISIT)


def test_whoever_was_not_let_in_may_come_again_in_the_same_hour_and_be_released() -> None:
    """The visit that came to nothing takes no time of anybody's."""
    history = (*SITUATIONS["nobody-opened"], scheduled(number=2))
    state = given(REQUEST, *history).state
    assert [duty for duty, *_ in state.duties()] == [ASSIGNMENT]
    freed = REQUEST.decide(Release(ASSIGNMENT, "volunteer-asked"), state)
    after = REQUEST.fold.over(freed, state)
    assert [*after.duties()] == []


def test_a_visit_names_the_assignment_in_whose_slot_it_lies_and_else_the_first() -> None:
    twice = (*AFTER_ASSIGNMENT, assigned(when=TEN_TO_ELEVEN, number=2))
    inside = ScheduleVisit(VISIT, MEI.id, slot("25T02:15", "25T02:45"))
    given(REQUEST, *twice).when(inside).then(scheduled(when=inside.slot, assignment=SECOND))
    outside = replace(inside, slot=slot("25T05:00", "25T06:00"))
    given(REQUEST, *twice).when(outside).then(scheduled(when=outside.slot, assignment=ASSIGNMENT))


def test_a_visit_inside_its_assignment_is_that_duty_and_one_outside_is_its_own() -> None:
    def duties(*history: Event) -> list[str]:
        return [duty for duty, *_ in given(REQUEST, *history).state.duties()]

    assert duties(*AFTER_SCHEDULING) == [ASSIGNMENT]
    assert duties(*AFTER_SCHEDULING, RESCHEDULED) == [ASSIGNMENT, VISIT]
    assert duties(*AFTER_SCHEDULING, RESCHEDULED, CANCELLED) == [ASSIGNMENT]


def test_a_visit_is_moved() -> None:
    given(REQUEST, *AFTER_SCHEDULING).when(RESCHEDULE).then(RESCHEDULED)
    after = given(REQUEST, *AFTER_SCHEDULING, RESCHEDULED)
    assert after.state.visits[0].slot == TEN_TO_ELEVEN
    after.when(RESCHEDULE).then_nothing()


def test_a_visit_is_not_moved_to_a_time_that_is_over() -> None:
    late = replace(RESCHEDULE, slot=LATER, now=LATER.end)
    given(REQUEST, *AFTER_SCHEDULING).when(late).refused("slot-in-the-past")


def test_a_visit_is_cancelled_once() -> None:
    given(REQUEST, *AFTER_SCHEDULING).when(CANCEL).then(CANCELLED)
    given(REQUEST, *AFTER_SCHEDULING, CANCELLED).when(CANCEL).then_nothing()


@pytest.mark.parametrize(
    "situation", ["missed", "there", "leaving", "visited", "nobody-opened", "resolved", "closed"]
)
def test_a_visit_that_began_or_is_over_is_neither_moved_nor_cancelled(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(CANCEL).refused("visit-not-scheduled")
    given(REQUEST, *SITUATIONS[situation]).when(RESCHEDULE).refused("visit-not-scheduled")


def test_a_visit_that_was_cancelled_is_not_moved() -> None:
    given(REQUEST, *SITUATIONS["cancelled"]).when(RESCHEDULE).refused("visit-not-scheduled")


def test_a_visit_that_is_not_there_is_neither_moved_nor_cancelled() -> None:
    given(REQUEST, *AFTER_ASSIGNMENT).when(CANCEL).refused("not-found")
    given(REQUEST, *AFTER_ASSIGNMENT).when(RESCHEDULE).refused("not-found")
