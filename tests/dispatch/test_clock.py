"""What becomes of a request by the clock alone: in time, too early, late, after something else; and how it
climbs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from services.dispatch.domain.clock import Deadline, Kind, Pass, deadlines
from services.dispatch.domain.pausing import Resume
from services.dispatch.domain.request import REQUEST
from services.dispatch.domain.visiting import GRACE
from services.dispatch.domain.working_time import WorkingCalendar
from shared.events.dispatch import (
    AssignmentExpired,
    ReferralExpired,
    RequestClosed,
    RequestEscalated,
    RequestResumed,
    SlaBreached,
    SlaWarned,
    UnitReportedIn,
    VisitMissed,
)
from shared.folds.request_state import Request
from shared.kernel.event import Event
from tests.support.given import given
from tests.support.story import (
    AFTER_CHECK_IN,
    AFTER_SCHEDULING,
    AFTER_TRIAGE,
    DUE,
    NINE_TO_TEN,
    TEN_TO_ELEVEN,
    UNITS,
    WARN_AT,
    at,
    checked_in,
    created,
    scheduled,
    triaged,
)
from tests.support.story_of_life import (
    ANSWER_BY,
    ASSIGNMENT,
    OF_REFERRAL,
    OF_WHISTLE,
    POLICE,
    REFERRAL,
    REFERRED_UNTIL,
    REOPEN_UNTIL,
    SECOND,
    SECOND_VISIT,
    SITUATIONS,
    UNTIL,
    VISIT,
    WHISTLE,
    called,
    held,
    no_answer,
    of_assignment,
    of_visit,
    offered,
    reopened,
    resolved,
    said,
)

MOMENT = timedelta(milliseconds=1)
OUTAGE = timedelta(days=3)
WARNING, BREACH = Deadline("sla-warned", WARN_AT), Deadline("sla-breached", DUE)
OF_THE_CLOCK = {WARNING, BREACH}
CLOCKED = created(due=DUE, warn_at=WARN_AT, lead_unit=UNITS[0])
AFTER_CLOCKED = (CLOCKED, triaged())
WARNED, BREACHED = said(SlaWarned, due=DUE), said(SlaBreached, due=DUE)
MISS = Deadline("missed", NINE_TO_TEN.end + GRACE, VISIT)


def climbed(level: str, next_at: datetime | None, unit: str | None = None) -> RequestEscalated:
    return said(RequestEscalated, level=level, cause="response-time", next_at=next_at, unit=unit)


def pending(*history: Event) -> set[Deadline]:
    return set(deadlines(given(REQUEST, *history).state))


CLIMBS = {Deadline("escalate", at("24T04:30"))}
REFERRED = {Deadline("referral", REFERRED_UNTIL, REFERRAL)}
CALLED = {Deadline("whistle", at("24T04:00"), WHISTLE)}
ASKS = {Deadline("offer", ANSWER_BY, SECOND)}
EXPECTED: dict[str, set[Deadline]] = {
    "received": set(),
    "received-and-due": OF_THE_CLOCK,
    "overdue-before-triage": CLIMBS,
    "called-before-triage": CALLED,
    "triaged": OF_THE_CLOCK,
    "overdue": CLIMBS,
    "overdue-when-assigned": CLIMBS,
    "overdue-when-referred": CLIMBS | REFERRED,
    "offered": OF_THE_CLOCK | {Deadline("offer", ANSWER_BY, ASSIGNMENT)},
    "declined": OF_THE_CLOCK,
    "unanswered": OF_THE_CLOCK,
    "assigned": OF_THE_CLOCK,
    "asking-when-assigned": OF_THE_CLOCK | ASKS,
    "called-when-assigned": OF_THE_CLOCK | CALLED,
    "released": OF_THE_CLOCK,
    "planned": OF_THE_CLOCK | {MISS},
    "cancelled": OF_THE_CLOCK,
    "missed": OF_THE_CLOCK,
    "there": set(),
    "leaving": set(),
    "visited": set(),
    "asking-when-visited": ASKS,
    "called-when-visited": CALLED,
    "planned-when-visited": {Deadline("missed", TEN_TO_ELEVEN.end + GRACE, SECOND_VISIT)},
    "visited-and-released": set(),
    "nobody-opened": set(),
    "nobody-opened-before": {MISS},
    "referred": OF_THE_CLOCK | REFERRED,
    "referred-when-called": OF_THE_CLOCK | CALLED | REFERRED,
    "returned": OF_THE_CLOCK,
    "taken-over": OF_THE_CLOCK,
    "called": OF_THE_CLOCK | CALLED,
    "reported": OF_THE_CLOCK,
    "held": {Deadline("resume", UNTIL)},
    "held-before-triage": {Deadline("resume", UNTIL)},
    "held-when-assigned": {Deadline("resume", UNTIL)},
    "held-in-service": {Deadline("resume", UNTIL)},
    "resumed": {Deadline("sla-warned", at("25T01:09")), Deadline("sla-breached", at("25T01:15"))},
    "duplicate": set(),
    "rejected": set(),
    "withdrawn": set(),
    "withdrawn-when-called": set(),
    "resolved": {Deadline("close", REOPEN_UNTIL)},
    "rated": {Deadline("close", REOPEN_UNTIL)},
    "reopened": {Deadline("sla-warned", at("26T07:24")), Deadline("sla-breached", at("26T07:30"))},
    "closed": set(),
    "closed-when-rated": set(),
    "closed-with-target": set(),
}
"""What each way that a request can stand waits for."""


@pytest.mark.parametrize("situation", EXPECTED)
def test_the_moments_that_matter_are_read_off_the_state(situation: str) -> None:
    assert pending(*SITUATIONS[situation]) == EXPECTED[situation]


def test_the_moments_of_each_situation_are_known() -> None:
    assert set(EXPECTED) == set(SITUATIONS)


def test_the_clock_runs_from_the_call_on() -> None:
    assert pending(CLOCKED) == OF_THE_CLOCK


HAPPENS: list[tuple[str, tuple[Event, ...], Deadline, tuple[Event, ...]]] = [
    ("warned", AFTER_CLOCKED, WARNING, (WARNED,)),
    ("breached", AFTER_CLOCKED, BREACH, (BREACHED, climbed("lead-unit", at("24T04:30"), UNITS[0]))),
    (
        "escalated",
        (*AFTER_CLOCKED, BREACHED, climbed("lead-unit", at("24T04:30"), UNITS[0])),
        Deadline("escalate", at("24T04:30")),
        (climbed("community-office", at("24T05:00")),),
    ),
    (
        "offer",
        (*AFTER_TRIAGE, offered()),
        Deadline("offer", ANSWER_BY, ASSIGNMENT),
        (said(AssignmentExpired, **of_assignment(), reason="unanswered"),),
    ),
    (
        "referral",
        SITUATIONS["referred"],
        Deadline("referral", REFERRED_UNTIL, REFERRAL),
        (said(ReferralExpired, **OF_REFERRAL),),
    ),
    ("missed", AFTER_SCHEDULING, MISS, (said(VisitMissed, **of_visit()),)),
    (
        "whistle",
        SITUATIONS["called"],
        Deadline("whistle", at("24T04:00"), WHISTLE),
        (
            said(
                RequestEscalated,
                **OF_WHISTLE,
                level="community-office",
                cause="whistle",
                next_at=at("24T04:15"),
            ),
        ),
    ),
    (
        "close",
        SITUATIONS["resolved"],
        Deadline("close", REOPEN_UNTIL),
        (said(RequestClosed, reason="window-over"),),
    ),
    (
        "close-rated",
        SITUATIONS["rated"],
        Deadline("close", REOPEN_UNTIL),
        (said(RequestClosed, reason="rated"),),
    ),
]
"""A situation, what it waits for, and what happens then."""
WITH_NAMES = pytest.mark.parametrize(
    ("history", "deadline", "happened"), [row[1:] for row in HAPPENS], ids=[row[0] for row in HAPPENS]
)


@WITH_NAMES
def test_it_happens_in_time(
    history: tuple[Event, ...], deadline: Deadline, happened: tuple[Event, ...]
) -> None:
    given(REQUEST, *history).when(Pass(deadline, deadline.due)).then(*happened)


@WITH_NAMES
def test_it_does_not_happen_a_moment_too_early(
    history: tuple[Event, ...], deadline: Deadline, happened: tuple[Event, ...]
) -> None:
    given(REQUEST, *history).when(Pass(deadline, deadline.due - MOMENT)).then_nothing()


@WITH_NAMES
def test_it_happens_once(history: tuple[Event, ...], deadline: Deadline, happened: tuple[Event, ...]) -> None:
    given(REQUEST, *history, *happened).when(Pass(deadline, deadline.due)).then_nothing()


@WITH_NAMES
def test_after_an_outage_it_happens_late_and_just_so(
    history: tuple[Event, ...], deadline: Deadline, happened: tuple[Event, ...]
) -> None:
    given(REQUEST, *history).when(Pass(deadline, deadline.due + OUTAGE)).then(*happened)


def test_every_kind_is_tried() -> None:
    tried: set[Kind] = {deadline.kind for _, _, deadline, _ in HAPPENS} | {"resume"}
    known: set[Kind] = {deadline.kind for deadlines in EXPECTED.values() for deadline in deadlines}
    assert tried == known


@pytest.mark.parametrize("situation", ["there", "held", "withdrawn", "resolved", "reopened"])
@pytest.mark.parametrize("deadline", [WARNING, BREACH, MISS], ids=lambda each: str(each.kind))
def test_what_was_waited_for_before_is_nothing_any_more(situation: str, deadline: Deadline) -> None:
    given(REQUEST, *SITUATIONS[situation]).when(Pass(deadline, at("30T00:00"))).then_nothing()


def test_a_moment_that_moved_is_no_deadline() -> None:
    given(REQUEST, *SITUATIONS["resumed"]).when(Pass(BREACH, UNTIL)).then_nothing()


def test_nobody_warns_of_what_is_breached() -> None:
    climbs = climbed("lead-unit", at("24T04:30"), UNITS[0])
    late = given(REQUEST, *AFTER_CLOCKED, BREACHED, climbs)
    late.when(Pass(WARNING, at("24T05:00"))).then_nothing()
    assert set(deadlines(late.state)) == {Deadline("escalate", at("24T04:30"))}


def _next(state: Request, kind: Kind) -> Deadline | None:
    return next((found for found in deadlines(state) if found.kind == kind), None)


def test_what_nobody_sees_to_climbs_from_the_lead_unit_to_the_committee() -> None:
    seen: list[Event] = []
    state = given(REQUEST, *AFTER_CLOCKED, WARNED).state
    while deadline := next(deadlines(state), None):
        decided = REQUEST.decide(Pass(deadline, deadline.due + OUTAGE), state)
        seen += decided
        state = REQUEST.fold.over(decided, state)
    assert seen == [
        BREACHED,
        climbed("lead-unit", at("24T04:30"), UNITS[0]),
        climbed("community-office", at("24T05:00")),
        climbed("committee", None),
    ]


def test_it_climbs_on_by_working_time() -> None:
    """Due at 17:20 on a Friday; an office hour later it is Monday, or a Saturday that is declared open."""
    terms = {"priority": None, "working_hours": "office", "response_minutes": 60}
    friday = created(due=at("27T09:20"), warn_at=at("27T09:08"), lead_unit=UNITS[0], **terms)
    deadline = Deadline("sla-breached", at("27T09:20"))
    breached = said(SlaBreached, due=at("27T09:20"), priority=None)
    for calendar, next_at in [
        (WorkingCalendar(), at("30T01:20")),
        (WorkingCalendar(open=frozenset({date(2026, 11, 28)})), at("28T01:20")),
    ]:
        climbs = climbed("lead-unit", next_at, UNITS[0]).model_copy(update={"priority": None})
        given(REQUEST, friday).when(Pass(deadline, deadline.due, calendar)).then(breached, climbs)


def test_a_call_that_is_not_answered_climbs_to_the_office_and_the_committee() -> None:
    seen: list[Event] = []
    state = given(REQUEST, *SITUATIONS["called"]).state
    while deadline := _next(state, "whistle"):
        decided = REQUEST.decide(Pass(deadline, deadline.due), state)
        seen += decided
        state = REQUEST.fold.over(decided, state)
    terms = {**OF_WHISTLE, "cause": "whistle"}
    assert seen == [
        said(RequestEscalated, **terms, level="community-office", next_at=at("24T04:15")),
        said(RequestEscalated, **terms, level="committee"),
    ]
    assert state.clock.level is None


def test_a_report_ends_the_waiting_for_that_unit_alone() -> None:
    second = called(whistle="request-1.whistle-2", unit="unit-school", units=(*UNITS, POLICE, "unit-school"))
    reported = said(UnitReportedIn, **OF_WHISTLE, outcome="on-the-way")
    waits = pending(*AFTER_TRIAGE, called(), second, reported) - OF_THE_CLOCK
    assert waits == {Deadline("whistle", at("24T04:00"), "request-1.whistle-2")}


def test_the_first_check_in_meets_the_clock_for_the_round() -> None:
    two = (*AFTER_SCHEDULING, scheduled(when=TEN_TO_ELEVEN, number=2))
    missed = Deadline("missed", TEN_TO_ELEVEN.end + GRACE, SECOND_VISIT)
    assert pending(*two, checked_in()) == {missed}
    breached = (WARNED, BREACHED, climbed("lead-unit", at("24T04:30"), UNITS[0]))
    assert pending(*two, *breached, checked_in()) == {missed}


def test_a_reopened_request_has_a_clock_of_its_own_and_climbs_anew() -> None:
    breached = (WARNED, BREACHED, climbed("lead-unit", at("24T04:30"), UNITS[0]))
    history = (*AFTER_CLOCKED, *breached, resolved(), reopened(volunteer=None, unit=None))
    deadline = Deadline("sla-breached", at("26T07:30"))
    (
        given(REQUEST, *history)
        .when(Pass(deadline, deadline.due))
        .then(
            said(SlaBreached, due=at("26T07:30")),
            climbed("lead-unit", at("26T08:00"), UNITS[0]),
        )
    )


def test_an_offer_that_was_answered_does_not_lapse() -> None:
    lapse = Pass(Deadline("offer", ANSWER_BY, ASSIGNMENT), ANSWER_BY)
    for situation in ("declined", "assigned", "released", "withdrawn"):
        given(REQUEST, *SITUATIONS[situation]).when(lapse).then_nothing()


def test_a_visit_is_missed_only_if_nobody_came() -> None:
    lapse = Pass(MISS, MISS.due)
    for situation in ("there", "leaving", "visited", "nobody-opened", "cancelled"):
        given(REQUEST, *SITUATIONS[situation]).when(lapse).then_nothing()


def test_a_hold_ends_by_itself_and_the_clock_goes_on_with_what_was_left() -> None:
    ends = Pass(Deadline("resume", UNTIL), UNTIL)
    resumed = said(RequestResumed, warn_at=at("26T01:09"), due=at("26T01:15"))
    given(REQUEST, *AFTER_CLOCKED, held()).when(replace(ends, now=UNTIL - MOMENT)).then_nothing()
    given(REQUEST, *AFTER_CLOCKED, held()).when(ends).then(resumed)
    given(REQUEST, *AFTER_CLOCKED, held(), resumed).when(ends).then_nothing()
    assert pending(*AFTER_CLOCKED, held(), resumed) == {
        Deadline("sla-warned", at("26T01:09")),
        Deadline("sla-breached", at("26T01:15")),
    }


def test_a_hold_that_ends_late_takes_nothing_of_the_clock() -> None:
    late = Pass(Deadline("resume", UNTIL), at("26T02:00"))
    resumed = said(RequestResumed, warn_at=at("26T02:09"), due=at("26T02:15"))
    given(REQUEST, *AFTER_CLOCKED, held()).when(late).then(resumed)


def test_a_hold_that_ended_before_is_over() -> None:
    [resumed] = REQUEST.decide(Resume(at("25T01:00")), given(REQUEST, *AFTER_CLOCKED, held()).state)
    ends = Pass(Deadline("resume", UNTIL), UNTIL)
    given(REQUEST, *AFTER_CLOCKED, held(), resumed).when(ends).then_nothing()


def test_nothing_is_due_while_it_is_on_hold_and_what_was_left_of_it_is_due_after() -> None:
    history = (*AFTER_CLOCKED, called(), held())
    assert pending(*history) == {Deadline("resume", UNTIL), Deadline("whistle", at("24T04:00"), WHISTLE)}
    resumed = said(RequestResumed, warn_at=at("26T01:09"), due=at("26T01:15"), units=(*UNITS, POLICE))
    assert Deadline("whistle", at("24T04:00"), WHISTLE) in pending(*history, resumed)


def test_the_clock_moves_by_holding_alone() -> None:
    """Whatever else happens, what is due stays due."""
    for situation, history in SITUATIONS.items():
        states = [given(REQUEST, *history[: end + 1]).state for end in range(len(history))]
        for (before, after), event in zip(pairwise(states), history[1:], strict=True):
            moved = (before.due, before.clock.warn_at) != (after.due, after.clock.warn_at)
            assert not moved or event.type in ("request-triaged", "request-resumed", "request-reopened"), (
                situation
            )


def test_a_missed_visit_and_the_clock_are_waited_for_at_once() -> None:
    assert pending(*AFTER_SCHEDULING) > OF_THE_CLOCK
    assert pending(*AFTER_CHECK_IN) == set()
    assert pending(*AFTER_SCHEDULING, no_answer()) == set()
