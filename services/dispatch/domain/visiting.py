"""Visits take place: checked in and out, completed, corrected; or nobody opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from services.dispatch.domain import refusals
from services.dispatch.domain.decision import Decision, not_found, of_visit, require_worked_on
from shared.events.dispatch import (
    AmendReason,
    CheckInMethod,
    ManualReason,
    Outcome,
    RequestEscalated,
    VisitAmended,
    VisitCheckedIn,
    VisitCheckedOut,
    VisitCompleted,
    VisitNoAnswer,
    WelfareCheckRaised,
)
from shared.folds.request_state import Request, Visit
from shared.kernel.decider import require

CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of ours another clock may be."""
WRITTEN_DOWN_LATER = timedelta(days=1)
"""How long after a visit a request may be taken in for it: paper and telephone come first."""
GRACE = timedelta(minutes=30)
"""How long after the end of a visit's window a check-in is still one of it."""
WELFARE_CHECK_AFTER = 2
"""Visits in a row at which nobody opens."""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """The volunteer is there, says the volunteer, or somebody on its behalf."""

    visit: str
    method: CheckInMethod
    reason: ManualReason | None
    on_behalf_of: str | None
    at: datetime
    now: datetime
    created_at: datetime
    details: str | None


@dataclass(frozen=True, slots=True)
class CheckOut(CheckIn):
    """The volunteer goes away again."""


@dataclass(frozen=True, slots=True)
class Complete:
    """The visit is over."""

    visit: str
    outcome: Outcome
    contact_made: bool
    started_at: datetime
    ended_at: datetime
    now: datetime
    created_at: datetime
    details: str | None
    feedback: str | None = None
    follow_up: bool | None = None


@dataclass(frozen=True, slots=True)
class AmendVisit:
    """What was said of a visit that is over is not so; None is as it was."""

    visit: str
    reason: AmendReason
    now: datetime
    created_at: datetime
    outcome: Outcome | None = None
    contact_made: bool | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    details: str | None = None
    follow_up: bool | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nobody opened; `before` is how often in a row nobody had at the resident's other requests."""

    visit: str
    at: datetime
    now: datetime
    created_at: datetime
    details: str | None = None
    before: int = 0


Command = CheckIn | CheckOut | Complete | AmendVisit | NoAnswer


def check_in(command: CheckIn, decision: Decision) -> None:
    """`visit-checked-in`; of a visit that was missed too, if it was in time."""
    visit = _visit(decision, command.visit)
    if visit.status not in ("scheduled", "missed"):
        require(visit.status != "cancelled", "visit-cancelled", refusals.CANCELLED)
        require(visit.status == "checked-in", "visit-already-completed", refusals.VISIT_OVER)
        return
    require_worked_on(decision.request)
    _require_own(command, visit)
    _require_now(command)
    in_time = visit.status == "scheduled" or command.at <= visit.slot.end + GRACE
    require(in_time, "visit-missed", refusals.MISSED)
    decision.add(
        VisitCheckedIn,
        **of_visit(visit),
        method=command.method,
        reason=command.reason,
        on_behalf_of=command.on_behalf_of,
        checked_in_at=command.at,
        details=command.details,
    )


def check_out(command: CheckOut, decision: Decision) -> None:
    """`visit-checked-out`."""
    visit = _visit(decision, command.visit)
    if visit.status in ("checked-out", "completed"):
        return
    require(visit.status == "checked-in", "visit-not-checked-in", refusals.NOT_CHECKED_IN)
    _require_own(command, visit)
    forward = visit.checked_in_at is not None and visit.checked_in_at <= command.at
    require(forward, "ends-before-it-starts", refusals.BACKWARD)
    _require_now(command)
    decision.add(
        VisitCheckedOut,
        **of_visit(visit),
        method=command.method,
        reason=command.reason,
        on_behalf_of=command.on_behalf_of,
        checked_out_at=command.at,
        details=command.details,
    )


def complete(command: Complete, decision: Decision) -> None:
    """`visit-completed`; nothing if just that was said of it before."""
    visit = _visit(decision, command.visit)
    said = (command.outcome, command.contact_made, command.started_at, command.ended_at)
    if visit.status == "completed":
        same = said == (visit.outcome, visit.contact_made, visit.started_at, visit.ended_at)
        require(same, "visit-already-completed", refusals.OTHER_OUTCOME)
        return
    there = visit.status in ("checked-in", "checked-out")
    require(there, "visit-not-checked-in", refusals.NOT_CHECKED_IN)
    _require_forward(visit, (command.started_at, command.ended_at), command.now, command.created_at)
    decision.add(
        VisitCompleted,
        **of_visit(visit),
        outcome=command.outcome,
        contact_made=command.contact_made,
        started_at=command.started_at,
        ended_at=command.ended_at,
        details=command.details,
        feedback=command.feedback,
        follow_up=command.follow_up,
    )


def amend(command: AmendVisit, decision: Decision) -> None:
    """`visit-amended` with what is not as it was said before."""
    visit = _visit(decision, command.visit)
    require(visit.status == "completed", "visit-not-completed", refusals.NOT_COMPLETED)
    names = ("outcome", "contact_made", "started_at", "ended_at", "follow_up")
    wanted = {name: getattr(command, name) for name in names}
    changed = {n: v for n, v in wanted.items() if v is not None and v != getattr(visit, n)}
    if command.details is not None and command.details not in decision.request.details:
        changed["details"] = command.details
    if not changed:
        return
    started, ended = command.started_at or visit.started_at, command.ended_at or visit.ended_at
    assert started is not None
    assert ended is not None
    _require_forward(visit, (started, ended), command.now, command.created_at)
    decision.add(VisitAmended, **of_visit(visit), reason=command.reason, **changed)


def no_answer(command: NoAnswer, decision: Decision) -> None:
    """`visit-no-answer`; at a resident of the tier `high`, the second in a row raises a welfare check."""
    visit = _visit(decision, command.visit)
    if visit.status == "no-answer":
        return
    open_yet = visit.status in ("scheduled", "missed", "checked-in")
    require(open_yet, "visit-not-scheduled", refusals.NOT_SCHEDULED)
    require_worked_on(decision.request)
    _require_now(command)
    decision.add(VisitNoAnswer, **of_visit(visit), at=command.at, details=command.details)
    times = unanswered(decision.request, command.before)
    high = decision.created.tier == "high"
    if high and times >= WELFARE_CHECK_AFTER and not decision.request.welfare_check:
        # It says of what tier the resident is: whoever has to look is told, and nobody else.
        told = (visit.unit, decision.created.lead_unit, decision.request.responsible)
        looking = [unit for unit in told if unit is not None]
        decision.add(WelfareCheckRaised, only=looking, visit=visit.id, times=times)
        decision.add(RequestEscalated, only=looking, level="community-office", cause="welfare-check")


def unanswered(request: Request, before: int) -> int:
    """At how many visits in a row nobody has opened; and `before`, if none was answered here."""
    over = [visit for visit in request.visits if visit.status in ("completed", "no-answer")]
    over.sort(key=lambda visit: visit.started_at or visit.slot.start)
    times = 0
    for visit in reversed(over):
        if visit.status == "completed" and visit.contact_made:
            return times
        times += visit.status == "no-answer"
    return times + before


def _visit(decision: Decision, id: str) -> Visit:
    visit = decision.request.visit(id)
    if visit is None:
        raise not_found()
    return visit


def _require_own(command: CheckIn, visit: Visit) -> None:
    own = command.on_behalf_of in (None, visit.volunteer)
    require(own, "not-the-visits-volunteer", refusals.OTHER_VOLUNTEER)
    reasoned = command.method != "manual" or command.reason is not None
    require(reasoned, "reason-required", refusals.NO_REASON)


def _require_now(command: CheckIn | NoAnswer) -> None:
    """Nobody has been there at a time that has not come, or long before there was a request."""
    require(command.at <= command.now + CLOCK_SKEW, "in-the-future", refusals.AHEAD)
    earliest = command.created_at - WRITTEN_DOWN_LATER
    require(command.at >= earliest, "before-the-request", refusals.LONG_BEFORE)


def _require_forward(
    visit: Visit, said: tuple[datetime, datetime], now: datetime, created_at: datetime
) -> None:
    require(said[0] <= said[1], "ends-before-it-starts", refusals.BACKWARD)
    _require_plausible(visit, said, now, created_at)


def _require_plausible(
    visit: Visit, said: tuple[datetime, datetime], now: datetime, created_at: datetime
) -> None:
    """Nothing lies ahead of now, and nothing long before the request."""
    first, last = said
    require(last <= now + CLOCK_SKEW, "in-the-future", refusals.AHEAD)
    require(first >= created_at - WRITTEN_DOWN_LATER, "before-the-request", refusals.LONG_BEFORE)


def decide(command: Command, decision: Decision) -> None:
    """See `services.dispatch.domain.request.decide`."""
    match command:
        case CheckOut():
            check_out(command, decision)
        case CheckIn():
            check_in(command, decision)
        case Complete():
            complete(command, decision)
        case AmendVisit():
            amend(command, decision)
        case NoAnswer():
            no_answer(command, decision)
        case _:
            assert_never(command)
