"""What of a request is a volunteer's own, in each situation that there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.dispatch.domain.own_part import (
    READ_FOR,
    is_for_volunteer,
    may_read_details,
    on_behalf_of,
    takes_part,
)
from services.dispatch.domain.request import REQUEST
from shared.events.dispatch import RequestRated, RequestResolved, VisitCompleted, WhistleBlown
from shared.folds.request_state import Assignment, AssignmentStatus, Request, Visit, VisitStatus
from tests.support.given import as_stored
from tests.support.story import AFTER_SCHEDULING, BO, MEI, NINE_TO_TEN, TEN_TO_ELEVEN
from tests.support.story_of_life import SITUATIONS

END = NINE_TO_TEN.end


def one(status: AssignmentStatus) -> Request:
    return Request(assignments=(Assignment("a-1", MEI.id, MEI.unit, NINE_TO_TEN, status),))


def visited(status: VisitStatus) -> Request:
    return Request(visits=(Visit("v-1", MEI.id, MEI.unit, NINE_TO_TEN, status),))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("offered", True),
        ("accepted", True),
        ("completed", True),
        ("declined", False),
        ("expired", False),
        ("released", False),
    ],
)
def test_who_is_asked_goes_or_went_takes_part(status: AssignmentStatus, expected: bool) -> None:
    assert takes_part(one(status), MEI.id) is expected
    assert not takes_part(one(status), BO.id)


@pytest.mark.parametrize(
    ("status", "expected"), [("completed", True), ("missed", True), ("cancelled", False)]
)
def test_who_was_there_took_part_and_a_visit_that_never_was_is_none(
    status: VisitStatus, expected: bool
) -> None:
    assert takes_part(visited(status), MEI.id) is expected


@pytest.mark.parametrize("name", SITUATIONS)
def test_who_has_nothing_to_do_with_it_never_takes_part(name: str) -> None:
    state = REQUEST.fold.over(as_stored(SITUATIONS[name]))
    assert not takes_part(state, "volunteer-of-nothing")
    assert not may_read_details(state, "volunteer-of-nothing", END)


def test_details_are_read_until_a_day_after_the_slot_by_whom_goes_alone() -> None:
    assert may_read_details(one("accepted"), MEI.id, END + READ_FOR - timedelta(seconds=1))
    assert not may_read_details(one("accepted"), MEI.id, END + READ_FOR)
    assert not may_read_details(one("accepted"), BO.id, END)
    assert may_read_details(one("completed"), MEI.id, END)
    for status in ("offered", "declined", "released", "expired"):
        assert not may_read_details(one(status), MEI.id, END)
    assert not may_read_details(visited("scheduled"), MEI.id, END)


def test_a_visit_put_off_puts_off_the_end_of_reading() -> None:
    state = REQUEST.fold.over(as_stored(AFTER_SCHEDULING))
    [visit] = state.visits
    later = replace(state, visits=(replace(visit, slot=TEN_TO_ELEVEN),))
    last = TEN_TO_ELEVEN.end + READ_FOR - timedelta(seconds=1)
    assert may_read_details(later, MEI.id, last)
    assert not may_read_details(replace(later, visits=(replace(visit, status="cancelled"),)), MEI.id, last)


def test_details_are_those_of_what_is_asked_for_and_of_ones_own_visits() -> None:
    for type in ("request-created", "request-amended", "request-reopened"):
        assert is_for_volunteer(type, {}, MEI.id)
    assert is_for_volunteer(VisitCompleted.type, {"volunteer": MEI.id, "unit": MEI.unit}, MEI.id)
    assert not is_for_volunteer(VisitCompleted.type, {"volunteer": BO.id, "unit": MEI.unit}, MEI.id)
    for event in (RequestRated, RequestResolved, WhistleBlown):
        assert not is_for_volunteer(event.type, {"unit": MEI.unit}, MEI.id)


@pytest.mark.parametrize(
    ("said", "caller", "expected"),
    [
        (None, None, MEI.id),
        (MEI.id, None, MEI.id),
        (BO.id, None, BO.id),
        (None, MEI.id, None),
        (MEI.id, MEI.id, None),
        (BO.id, MEI.id, BO.id),
    ],
)
def test_on_whose_behalf(said: str | None, caller: str | None, expected: str | None) -> None:
    """Of another than the visit's volunteer, which the decider refuses, it says that one."""
    assert on_behalf_of(said, MEI.id, caller) == expected
