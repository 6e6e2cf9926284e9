"""A request: what its events mean, for dispatch that decides and for audit that replays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.events.dispatch import (
    AssignmentDeclined,
    AssignmentExpired,
    AssignmentOffered,
    DuplicateJoined,
    OfRequest,
    ReferralAccepted,
    ReferralDeclined,
    ReferralExpired,
    RequestAmended,
    RequestClosed,
    RequestCreated,
    RequestEscalated,
    RequestFlagged,
    RequestHandedOver,
    RequestHeld,
    RequestMarkedDuplicate,
    RequestRated,
    RequestReferred,
    RequestRejected,
    RequestReopened,
    RequestResolved,
    RequestResumed,
    RequestTriaged,
    RequestWithdrawn,
    SlaBreached,
    SlaWarned,
    UnitReportedIn,
    VisitAmended,
    VisitCancelled,
    VisitCheckedIn,
    VisitCheckedOut,
    VisitCompleted,
    VisitMissed,
    VisitNoAnswer,
    VisitRescheduled,
    VisitScheduled,
    VolunteerAssigned,
    VolunteerReassigned,
    VolunteerReleased,
    WelfareCheckRaised,
    WhistleBlown,
)
from shared.folds.request_state import (
    Assignment,
    Clock,
    Hold,
    Rating,
    Referral,
    Request,
    Status,
    Visit,
    Whistle,
)
from shared.kernel.decider import Fold
from shared.kernel.event import Event

__all__ = ["FOLD", "Assignment", "Clock", "Referral", "Request", "Status", "Visit", "Whistle", "evolve"]


def evolve(request: Request, event: Event) -> Request:
    """The request after `event`. Never raises: what makes no sense here changes nothing."""
    if not isinstance(event, OfRequest) or type(event) not in _MEANINGS:
        return request
    digest = getattr(event, "details", None)
    if digest is not None:
        request = replace(request, details=(*request.details, digest))
    after = _MEANINGS[type(event)](request, event)
    return replace(after, units=after.concerned())


def _created(request: Request, event: RequestCreated) -> Request:
    clock = Clock(due=event.due, warn_at=event.warn_at)
    return replace(request, status="received", created=event, base=event.units, clock=clock)


def _triaged(request: Request, event: RequestTriaged) -> Request:
    clock = replace(request.clock, due=event.due, warn_at=event.warn_at or request.clock.warn_at)
    coordinator = event.coordinator or request.coordinator
    return replace(request, status="triaged", priority=event.priority, clock=clock, coordinator=coordinator)


def _amended(request: Request, event: RequestAmended) -> Request:
    created = request.created
    if created is None:
        return request
    said: dict[str, object] = {"grid": event.grid}
    if event.resident is not None:
        said |= {"resident": event.resident, "tier": event.tier}
    return replace(request, created=created.model_copy(update=said), priority=event.priority)


def _offered(request: Request, event: AssignmentOffered) -> Request:
    asked = Assignment(event.assignment, event.volunteer, event.unit, event.slot, "offered", event.expires_at)
    return replace(request, assignments=(*request.assignments, asked))


def _assigned(request: Request, event: VolunteerAssigned) -> Request:
    placed = Assignment(event.assignment, event.volunteer, event.unit, event.slot)
    return _placed(request, placed)


def _placed(request: Request, placed: Assignment) -> Request:
    others = tuple(a for a in request.assignments if a.id != placed.id)
    before = tuple(a for a in request.assignments if a.id == placed.id)
    kept = tuple(placed if a.id == placed.id else a for a in request.assignments)
    # Who is placed while somebody is there already takes nothing back.
    status: Status = "in-service" if request.status == "in-service" else "assigned"
    return replace(request, status=status, assignments=kept if before else (*others, placed))


def _answered(request: Request, event: AssignmentDeclined | AssignmentExpired) -> Request:
    said: Any = "declined" if isinstance(event, AssignmentDeclined) else "expired"
    return _with_assignment(request, event.assignment, status=said)


def _released(request: Request, event: VolunteerReleased) -> Request:
    request = _with_assignment(request, event.assignment, status="released")
    waits = request.status == "assigned" and not any(request.active())
    return replace(request, status="triaged") if waits else request


def _reassigned(request: Request, event: VolunteerReassigned) -> Request:
    replaced = request.find_assignment(event.replaced)
    placed = Assignment(event.assignment, event.volunteer, event.unit, event.slot)
    request = _placed(request, placed)
    if replaced is None:
        return request
    for visit in request.visits_of(replaced):
        request = _with_visit(request, visit.id, volunteer=event.volunteer, unit=event.unit)
    return request


def _scheduled(request: Request, event: VisitScheduled) -> Request:
    visit = Visit(event.visit, event.volunteer, event.unit, event.slot)
    return replace(request, visits=(*request.visits, visit))


def _rescheduled(request: Request, event: VisitRescheduled) -> Request:
    return _with_visit(request, event.visit, slot=event.slot, status="scheduled")


def _cancelled(request: Request, event: VisitCancelled) -> Request:
    return _with_visit(request, event.visit, status="cancelled")


def _missed(request: Request, event: VisitMissed) -> Request:
    return _with_visit(request, event.visit, status="missed")


def _checked_in(request: Request, event: VisitCheckedIn) -> Request:
    request = _with_visit(
        request,
        event.visit,
        status="checked-in",
        checked_in_at=event.checked_in_at,
        method=event.method,
    )
    return _met(replace(request, status="in-service"), event.checked_in_at)


def _met(request: Request, at: datetime) -> Request:
    first = at if request.clock.met_at is None else min(request.clock.met_at, at)
    return replace(request, clock=replace(request.clock, met_at=first, escalates_at=None))


def _checked_out(request: Request, event: VisitCheckedOut) -> Request:
    return _with_visit(request, event.visit, status="checked-out", checked_out_at=event.checked_out_at)


def _completed(request: Request, event: VisitCompleted) -> Request:
    request = _with_visit(
        request,
        event.visit,
        status="completed",
        outcome=event.outcome,
        contact_made=event.contact_made,
        started_at=event.started_at,
        ended_at=event.ended_at,
        follow_up=event.follow_up,
    )
    if event.feedback is not None:
        request = replace(request, details=(*request.details, event.feedback))
    return replace(request, welfare_check=request.welfare_check and not event.contact_made)


def _corrected(request: Request, event: VisitAmended) -> Request:
    names = ("outcome", "contact_made", "started_at", "ended_at", "follow_up")
    said = {name: getattr(event, name) for name in names if getattr(event, name) is not None}
    return _with_visit(request, event.visit, **said)


def _no_answer(request: Request, event: VisitNoAnswer) -> Request:
    request = _with_visit(request, event.visit, status="no-answer", started_at=event.at)
    # Somebody was there, which is what the response time is about.
    return _met(replace(request, status="in-service"), event.at)


def _marked_duplicate(request: Request, event: RequestMarkedDuplicate) -> Request:
    return replace(request, status="duplicate", target=event.target, hold=None)


def _joined(request: Request, event: DuplicateJoined) -> Request:
    base = tuple(dict.fromkeys((*request.base, *event.units)))
    return replace(request, base=base, duplicates=(*request.duplicates, event.duplicate))


def _rejected(request: Request, _: RequestRejected) -> Request:
    return replace(request, status="rejected", hold=None)


def _withdrawn(request: Request, _: RequestWithdrawn) -> Request:
    return replace(request, status="withdrawn", hold=None)


def _held(request: Request, event: RequestHeld) -> Request:
    before = request.hold.before if request.hold is not None else request.status
    return replace(request, status="on-hold", hold=Hold(event.reason, event.held_at, event.until, before))


def _resumed(request: Request, event: RequestResumed) -> Request:
    clock = replace(request.clock, due=event.due, warn_at=event.warn_at, escalates_at=event.escalates_at)
    status = request.hold.before if request.hold is not None else request.status
    if status == "assigned" and not any(request.active()):
        status = "triaged"
    return replace(request, status=status, hold=None, clock=clock)


def _resolved(request: Request, event: RequestResolved) -> Request:
    return replace(
        request,
        status="resolved",
        outcome=event.outcome,
        resolved_at=event.resolved_at,
        reopen_until=event.reopen_until,
    )


def _rated(request: Request, event: RequestRated) -> Request:
    return replace(request, rating=Rating(event.solved, event.satisfaction))


def _reopened(request: Request, event: RequestReopened) -> Request:
    done = tuple(replace(a, status="completed") if a.active else a for a in request.assignments)
    return replace(
        request,
        status="triaged",
        assignments=done,
        clock=Clock(due=event.due, warn_at=event.warn_at),
        outcome=None,
        resolved_at=None,
        reopen_until=None,
        rating=None,
        rounds=request.rounds + 1,
        first_choice=event.volunteer,
    )


def _closed(request: Request, _: RequestClosed) -> Request:
    return replace(request, status="closed")


def _referred(request: Request, event: RequestReferred) -> Request:
    asked = Referral(event.referral, event.unit, event.from_unit, event.expires_at)
    return replace(request, status="referred", referrals=(*request.referrals, asked))


def _taken_over(request: Request, event: ReferralAccepted) -> Request:
    request = _with_referral(request, event.referral, status="accepted")
    return replace(request, status="triaged", responsible=event.unit)


def _returned(request: Request, event: ReferralDeclined | ReferralExpired) -> Request:
    said = "declined" if isinstance(event, ReferralDeclined) else "expired"
    request = _with_referral(request, event.referral, status=said)
    return replace(request, status="triaged") if request.status == "referred" else request


def _called(request: Request, event: WhistleBlown) -> Request:
    called = Whistle(event.whistle, event.unit, event.response_minutes, event.due)
    return replace(request, whistles=(*request.whistles, called))


def _reported(request: Request, event: UnitReportedIn) -> Request:
    return _with_whistle(request, event.whistle, reported=event.outcome, next_at=None)


def _warned(request: Request, _: SlaWarned) -> Request:
    return replace(request, clock=replace(request.clock, warned=True))


def _breached(request: Request, _: SlaBreached) -> Request:
    return replace(request, clock=replace(request.clock, warned=True, breached=True))


def _escalated(request: Request, event: RequestEscalated) -> Request:
    if event.cause == "whistle" and event.whistle is not None:
        return _with_whistle(request, event.whistle, level=event.level, next_at=event.next_at)
    if event.cause == "response-time":
        clock = replace(request.clock, level=event.level, escalates_at=event.next_at)
        return replace(request, clock=clock)
    return request


def _welfare_check(request: Request, _: WelfareCheckRaised) -> Request:
    return replace(request, welfare_check=True)


def _flagged(request: Request, event: RequestFlagged) -> Request:
    if event.flag in request.flags:
        return request
    return replace(request, flags=(*request.flags, event.flag))


def _handed_over(request: Request, event: RequestHandedOver) -> Request:
    return replace(request, coordinator=event.coordinator)


def _with_visit(request: Request, id: str, **said: Any) -> Request:
    visits = tuple(replace(visit, **said) if visit.id == id else visit for visit in request.visits)
    return replace(request, visits=visits)


def _with_assignment(request: Request, id: str, **said: Any) -> Request:
    kept = tuple(replace(a, **said) if a.id == id else a for a in request.assignments)
    return replace(request, assignments=kept)


def _with_referral(request: Request, id: str, **said: Any) -> Request:
    kept = tuple(replace(r, **said) if r.id == id else r for r in request.referrals)
    return replace(request, referrals=kept)


def _with_whistle(request: Request, id: str, **said: Any) -> Request:
    kept = tuple(replace(w, **said) if w.id == id else w for w in request.whistles)
    return replace(request, whistles=kept)


_MEANINGS: dict[type[Event], Callable[[Request, Any], Request]] = {
    RequestCreated: _created,
    RequestTriaged: _triaged,
    RequestAmended: _amended,
    RequestMarkedDuplicate: _marked_duplicate,
    DuplicateJoined: _joined,
    RequestRejected: _rejected,
    RequestWithdrawn: _withdrawn,
    RequestHeld: _held,
    RequestResumed: _resumed,
    RequestResolved: _resolved,
    RequestRated: _rated,
    RequestReopened: _reopened,
    RequestClosed: _closed,
    RequestFlagged: _flagged,
    RequestHandedOver: _handed_over,
    AssignmentOffered: _offered,
    VolunteerAssigned: _assigned,
    AssignmentDeclined: _answered,
    AssignmentExpired: _answered,
    VolunteerReleased: _released,
    VolunteerReassigned: _reassigned,
    VisitScheduled: _scheduled,
    VisitRescheduled: _rescheduled,
    VisitCancelled: _cancelled,
    VisitCheckedIn: _checked_in,
    VisitCheckedOut: _checked_out,
    VisitCompleted: _completed,
    VisitAmended: _corrected,
    VisitNoAnswer: _no_answer,
    VisitMissed: _missed,
    WelfareCheckRaised: _welfare_check,
    RequestReferred: _referred,
    ReferralAccepted: _taken_over,
    ReferralDeclined: _returned,
    ReferralExpired: _returned,
    WhistleBlown: _called,
    UnitReportedIn: _reported,
    SlaWarned: _warned,
    SlaBreached: _breached,
    RequestEscalated: _escalated,
}

FOLD: Fold[Request, Event] = Fold(Request(), evolve)
"""A request, from nothing."""
