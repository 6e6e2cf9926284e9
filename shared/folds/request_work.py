"""Who goes, what comes of it, and which units have a part in it: what these events of a request mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.events.dispatch import (
    AssignmentDeclined,
    AssignmentExpired,
    AssignmentOffered,
    ReferralAccepted,
    ReferralDeclined,
    ReferralExpired,
    RequestReferred,
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
    WhistleBlown,
)
from shared.folds.request_state import Assignment, Referral, Request, Status, Visit, Whistle
from shared.kernel.event import Event


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
    return _met(request, event.checked_in_at)


def _met(request: Request, at: datetime) -> Request:
    """Somebody was there, which is what the response time is about: that of this round, or of one before."""
    if request.clock.since is not None and at < request.clock.since:
        return request
    request = replace(request, status="in-service")
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
    request = _with_visit(request, event.visit, **said)
    return replace(request, welfare_check=request.welfare_check and not event.contact_made)


def _no_answer(request: Request, event: VisitNoAnswer) -> Request:
    request = _with_visit(request, event.visit, status="no-answer", started_at=event.at)
    return _met(request, event.at)


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
    return with_whistle(request, event.whistle, reported=event.outcome, next_at=None)


def _with_visit(request: Request, id: str, **said: Any) -> Request:
    visits = tuple(replace(visit, **said) if visit.id == id else visit for visit in request.visits)
    return replace(request, visits=visits)


def _with_assignment(request: Request, id: str, **said: Any) -> Request:
    kept = tuple(replace(a, **said) if a.id == id else a for a in request.assignments)
    return replace(request, assignments=kept)


def _with_referral(request: Request, id: str, **said: Any) -> Request:
    kept = tuple(replace(r, **said) if r.id == id else r for r in request.referrals)
    return replace(request, referrals=kept)


def with_whistle(request: Request, id: str, **said: Any) -> Request:
    """The request, with `said` of one of its calls."""
    kept = tuple(replace(w, **said) if w.id == id else w for w in request.whistles)
    return replace(request, whistles=kept)


WORK: dict[type[Event], Callable[[Request, Any], Request]] = {
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
    RequestReferred: _referred,
    ReferralAccepted: _taken_over,
    ReferralDeclined: _returned,
    ReferralExpired: _returned,
    WhistleBlown: _called,
    UnitReportedIn: _reported,
}
"""What each event of who goes, and of which units do, means."""
