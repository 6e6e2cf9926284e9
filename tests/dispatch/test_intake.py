"""A request is taken in, judged and corrected, or it is not for us; each command's way, its guards, its
repeat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.dispatch.domain.intake import (
    Amend,
    Create,
    FlagRequest,
    HandOver,
    JoinDuplicate,
    MarkDuplicate,
    Reject,
    Triage,
    Withdraw,
)
from services.dispatch.domain.request import REQUEST, Command
from services.dispatch.domain.working_time import WorkingCalendar
from shared.events.dispatch import (
    AssignmentExpired,
    DuplicateJoined,
    ReferralExpired,
    RequestAmended,
    RequestFlagged,
    RequestHandedOver,
    RequestMarkedDuplicate,
    RequestRejected,
    RequestWithdrawn,
    VisitCancelled,
    VolunteerReleased,
)
from shared.kernel.event import Event
from tests.support.given import given
from tests.support.story import (
    AFTER_ASSIGNMENT,
    AFTER_COMPLETION,
    AFTER_TRIAGE,
    BO,
    CREATED_AT,
    DIGEST,
    DUE,
    REQUEST_ID,
    TEN_TO_ELEVEN,
    UNITS,
    WARN_AT,
    WITH_SCHOOL,
    assigned,
    at,
    created,
    triaged,
)
from tests.support.story_of_life import (
    BASIS,
    COMMANDS,
    NOW,
    OF_REFERRAL,
    OTHER,
    OTHER_ID,
    SITUATIONS,
    WITH_POLICE,
    of_assignment,
    of_visit,
    offered,
    referred,
    said,
)

TRIAGE = Triage("urgent", CREATED_AT)
MERGE = MarkDuplicate(REQUEST_ID, OTHER_ID, OTHER, NOW)
REJECT = Reject("out-of-scope", NOW)
WITHDRAW = Withdraw("no-longer-needed", NOW)
FLAG = FlagRequest("agreement-ended", "unit-red-cross", BASIS)
VISITED = ["there", "leaving", "visited", "reopened"]


def test_a_request_is_taken_in() -> None:
    given(REQUEST).when(Create(created())).then(created())


def test_taking_the_same_request_in_again_is_nothing() -> None:
    given(REQUEST, created()).when(Create(created())).then_nothing()
    given(REQUEST, *AFTER_COMPLETION).when(Create(created())).then_nothing()


def test_another_request_under_the_same_id_is_refused() -> None:
    given(REQUEST, created()).when(Create(created(grid="shaba-04"))).refused("already-registered")


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "create"])
def test_nothing_can_be_done_to_a_request_that_is_not_there(name: str) -> None:
    given(REQUEST).when(COMMANDS[name]).refused("not-found")


def test_triage_gives_a_priority_and_keeps_the_clock_that_runs_since_the_creation() -> None:
    history = created(due=at("24T05:00"), warn_at=at("24T04:30"))
    (
        given(REQUEST, history)
        .when(replace(TRIAGE, coordinator="person-1"))
        .then(triaged(due=at("24T05:00"), warn_at=at("24T04:30"), coordinator="person-1"))
    )


def test_triage_starts_the_clock_of_a_request_that_has_none() -> None:
    given(REQUEST, created()).when(TRIAGE).then(triaged(due=DUE, warn_at=WARN_AT))


def test_the_due_moment_counts_working_hours_from_creation() -> None:
    friday_evening = at("27T09:00")  # 17:00 in China, half an hour before closing
    history = created(working_hours="office", response_minutes=60)
    on_monday = triaged(priority="routine", due=at("30T01:00"), warn_at=at("30T00:48"))
    given(REQUEST, history).when(Triage("routine", friday_evening)).then(on_monday)
    closed = WorkingCalendar(closed=frozenset({at("30T00:00").date()}))
    on_tuesday = {
        "due": at("30T01:00").replace(month=12, day=1),
        "warn_at": at("30T00:48").replace(month=12, day=1),
    }
    (
        given(REQUEST, history)
        .when(Triage("routine", friday_evening, closed))
        .then(triaged(priority="routine", **on_tuesday))
    )


@pytest.mark.parametrize(
    "situation", ["triaged", "assigned", "visited", "referred", "held", "withdrawn", "closed"]
)
def test_the_same_triage_again_is_nothing(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(TRIAGE).then_nothing()


@pytest.mark.parametrize("history", [AFTER_TRIAGE, AFTER_ASSIGNMENT, AFTER_COMPLETION])
def test_another_priority_after_triage_is_refused(history: tuple[Event, ...]) -> None:
    given(REQUEST, *history).when(Triage("stat", CREATED_AT)).refused("already-triaged")


def test_what_was_said_of_a_request_is_corrected_and_the_clock_stays() -> None:
    amended = said(RequestAmended, grid="shaba-04", priority="asap", details=DIGEST)
    command = Amend(grid="shaba-04", priority="asap", details=DIGEST)
    given(REQUEST, *AFTER_TRIAGE).when(command).then(amended)
    after = given(REQUEST, *AFTER_TRIAGE, amended)
    assert (after.state.due, after.state.clock.warn_at) == (DUE, WARN_AT)
    after.when(command).then_nothing()
    after.when(WITHDRAW).then(
        said(RequestWithdrawn, reason="no-longer-needed", grid="shaba-04", priority="asap")
    )


def test_saying_what_is_so_already_is_nothing() -> None:
    same = Amend(grid="shaba-03", priority="urgent", resident="resident-1")
    given(REQUEST, *AFTER_TRIAGE).when(same).then_nothing()
    given(REQUEST, *AFTER_TRIAGE).when(Amend()).then_nothing()


def test_whose_request_it_is_can_be_said_later_but_not_changed() -> None:
    nobodys = created(resident=None, tier=None)
    known = Amend(resident="resident-1", tier="key")
    (
        given(REQUEST, nobodys)
        .when(known)
        .then(said(RequestAmended, resident="resident-1", tier="key", priority=None))
    )
    another = Amend(resident="resident-2", tier="key")
    given(REQUEST, created()).when(another).refused("resident-known")


def test_a_request_gets_its_priority_by_triage() -> None:
    given(REQUEST, created()).when(Amend(priority="stat")).refused("request-not-triaged")


def test_a_duplicate_goes_to_another_request_with_those_who_watch_it() -> None:
    merged = said(RequestMarkedDuplicate, target=OTHER_ID, units=WITH_POLICE)
    given(REQUEST, *AFTER_TRIAGE).when(MERGE).then(merged)
    given(REQUEST, *AFTER_TRIAGE, merged).when(MERGE).then_nothing()
    another = replace(MERGE, target="request-3")
    given(REQUEST, *AFTER_TRIAGE, merged).when(another).refused("request-not-open")


def test_a_request_is_not_a_duplicate_of_just_any() -> None:
    of_itself = replace(MERGE, target=REQUEST_ID)
    given(REQUEST, *AFTER_TRIAGE).when(of_itself).refused("merged-into-itself")
    duplicate = replace(OTHER, status="duplicate", target="request-3")
    of_duplicate = replace(MERGE, other=duplicate)
    given(REQUEST, *AFTER_TRIAGE).when(of_duplicate).refused("target-is-duplicate", target="request-3")
    elsewhere = REQUEST.fold.over([created(community="jinma")])
    given(REQUEST, *AFTER_TRIAGE).when(replace(MERGE, other=elsewhere)).refused("other-community")
    nowhere = replace(MERGE, other=REQUEST.fold.initial)
    given(REQUEST, *AFTER_TRIAGE).when(nowhere).refused("other-community")
    over = replace(MERGE, other=replace(OTHER, status="closed"))
    given(REQUEST, *AFTER_TRIAGE).when(over).refused("request-not-open")


def test_a_request_hears_of_its_duplicate_and_the_units_of_that_hear_of_it() -> None:
    join = JoinDuplicate(OTHER_ID, WITH_POLICE)
    joined = said(DuplicateJoined, duplicate=OTHER_ID, units=WITH_POLICE)
    given(REQUEST, *AFTER_TRIAGE).when(join).then(joined)
    after = given(REQUEST, *AFTER_TRIAGE, joined)
    assert (after.state.units, after.state.duplicates) == (WITH_POLICE, (OTHER_ID,))
    after.when(join).then_nothing()


@pytest.mark.parametrize(
    ("command", "ended"),
    [
        (MERGE, said(RequestMarkedDuplicate, target=OTHER_ID, units=(*WITH_SCHOOL, "unit-police-station"))),
        (REJECT, said(RequestRejected, reason="out-of-scope", units=WITH_SCHOOL)),
        (WITHDRAW, said(RequestWithdrawn, reason="no-longer-needed", units=WITH_SCHOOL)),
    ],
    ids=["merge", "reject", "withdraw"],
)
def test_what_was_planned_for_a_request_ends_with_it(command: Command, ended: Event) -> None:
    concerned = {"units": WITH_SCHOOL}
    planned = (*SITUATIONS["planned"], offered(2, BO, TEN_TO_ELEVEN, **concerned))
    (
        given(REQUEST, *planned)
        .when(command)
        .then(
            said(VisitCancelled, **of_visit(), reason="request-ended", **concerned),
            said(AssignmentExpired, **of_assignment(2, BO), reason="request-ended", **concerned),
            *_released_then(ended),
        )
    )


def _released_then(ended: Event) -> tuple[Event, ...]:
    """Once the school's volunteer is asked no longer, the school is not concerned any more."""
    units = tuple(unit for unit in getattr(ended, "units", ()) if unit != "unit-school")
    return (
        said(VolunteerReleased, **of_assignment(), reason="request-ended", units=UNITS),
        ended.model_copy(update={"units": units}),
    )


def test_a_referral_ends_with_its_request() -> None:
    expired = said(ReferralExpired, **OF_REFERRAL)
    ended = said(RequestWithdrawn, reason="no-longer-needed")
    given(REQUEST, *AFTER_TRIAGE, referred()).when(WITHDRAW).then(expired, ended)


def test_whose_slot_is_over_is_not_released() -> None:
    late = replace(WITHDRAW, now=at("25T02:00"))
    ended = said(RequestWithdrawn, reason="no-longer-needed")
    given(REQUEST, *AFTER_ASSIGNMENT).when(late).then(ended)


def test_who_has_been_there_once_is_released_from_the_other_time() -> None:
    again = assigned(when=TEN_TO_ELEVEN, number=2)
    (
        given(REQUEST, *AFTER_COMPLETION, again)
        .when(WITHDRAW)
        .then(
            said(VolunteerReleased, **of_assignment(2), reason="request-ended"),
            said(RequestWithdrawn, reason="no-longer-needed"),
        )
    )


@pytest.mark.parametrize("situation", VISITED)
@pytest.mark.parametrize("command", [MERGE, REJECT])
def test_who_has_been_visited_is_neither_rejected_nor_merged(situation: str, command: Command) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(command).refused("already-visited")


@pytest.mark.parametrize("situation", ["there", "leaving"])
def test_nobody_withdraws_while_somebody_is_there(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(WITHDRAW).refused("visit-under-way")


def test_a_request_on_hold_can_end_and_is_on_hold_no_more() -> None:
    ended = said(RequestRejected, reason="out-of-scope")
    given(REQUEST, *SITUATIONS["held"]).when(REJECT).then(ended)
    assert given(REQUEST, *SITUATIONS["held"], ended).state.hold is None


def test_rejecting_and_withdrawing_again_is_nothing() -> None:
    given(REQUEST, *SITUATIONS["rejected"]).when(REJECT).then_nothing()
    given(REQUEST, *SITUATIONS["withdrawn"]).when(WITHDRAW).then_nothing()


def test_what_it_was_decided_on_does_not_hold_any_more() -> None:
    flagged = said(RequestFlagged, flag="agreement-ended", unit="unit-red-cross", basis=BASIS)
    given(REQUEST, *AFTER_ASSIGNMENT).when(FLAG).then(flagged)
    given(REQUEST, *AFTER_ASSIGNMENT, flagged).when(FLAG).then_nothing()
    assert given(REQUEST, *AFTER_ASSIGNMENT, flagged, flagged).state.flags == ("agreement-ended",)


@pytest.mark.parametrize("situation", ["duplicate", "rejected", "withdrawn", "resolved", "closed"])
def test_a_request_that_is_over_is_not_flagged(situation: str) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(FLAG).then_nothing()


def test_another_of_the_staff_looks_after_it() -> None:
    handed = said(RequestHandedOver, coordinator="person-2")
    given(REQUEST, *AFTER_TRIAGE).when(HandOver("person-2")).then(handed)
    given(REQUEST, *AFTER_TRIAGE, handed).when(HandOver("person-2")).then_nothing()
