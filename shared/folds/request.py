"""A request: what its events mean, for dispatch that decides and for audit that replays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from shared.events.dispatch import (
    OfRequest,
    Outcome,
    Priority,
    RequestCreated,
    RequestTriaged,
    Slot,
    VisitCheckedIn,
    VisitCompleted,
    VisitScheduled,
    VolunteerAssigned,
)
from shared.kernel.decider import Fold
from shared.kernel.event import Event

Status = Literal["none", "received", "triaged", "assigned", "in-service"]
VisitStatus = Literal["scheduled", "checked-in", "completed"]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A volunteer placed on the request for a slot."""

    id: str
    volunteer: str
    unit: str
    slot: Slot


@dataclass(frozen=True, slots=True)
class Visit:
    """A volunteer at the door, once."""

    id: str
    volunteer: str
    unit: str
    slot: Slot
    status: VisitStatus = "scheduled"
    checked_in_at: datetime | None = None
    outcome: Outcome | None = None
    contact_made: bool | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A request as of some version. `created` holds its terms; None before it exists."""

    status: Status = "none"
    created: RequestCreated | None = None
    units: tuple[str, ...] = ()
    priority: Priority | None = None
    due: datetime | None = None
    assignments: tuple[Assignment, ...] = ()
    visits: tuple[Visit, ...] = ()
    details: tuple[str, ...] = ()

    def visit(self, visit: str) -> Visit | None:
        """The visit with this id."""
        return next((found for found in self.visits if found.id == visit), None)

    def assignment(self, volunteer: str, slot: Slot) -> Assignment | None:
        """The assignment of this volunteer for exactly this slot."""
        return next(
            (found for found in self.assignments if found.volunteer == volunteer and found.slot == slot), None
        )


def evolve(request: Request, event: Event) -> Request:
    """The request after `event`. Never raises: what makes no sense here changes nothing."""
    if not isinstance(event, OfRequest):
        return request
    request = replace(request, units=event.units)
    match event:
        case RequestCreated():
            return _with_details(replace(request, status="received", created=event), event.details)
        case RequestTriaged(priority=priority, due=due):
            return replace(request, status="triaged", priority=priority, due=due)
        case VolunteerAssigned(assignment=id, volunteer=volunteer, unit=unit, slot=slot):
            # Who is placed while somebody is there already takes nothing back.
            status: Status = "in-service" if request.status == "in-service" else "assigned"
            assignments = (*request.assignments, Assignment(id, volunteer, unit, slot))
            return replace(request, status=status, assignments=assignments)
        case VisitScheduled(visit=id, volunteer=volunteer, unit=unit, slot=slot):
            return replace(request, visits=(*request.visits, Visit(id, volunteer, unit, slot)))
        case VisitCheckedIn():
            return _with_details(_checked_in(request, event), event.details)
        case VisitCompleted():
            return _with_details(_completed(request, event), event.details)
        case _:
            return request


def _checked_in(request: Request, event: VisitCheckedIn) -> Request:
    visits = tuple(
        replace(visit, status="checked-in", checked_in_at=event.checked_in_at)
        if visit.id == event.visit
        else visit
        for visit in request.visits
    )
    return replace(request, status="in-service", visits=visits)


def _completed(request: Request, event: VisitCompleted) -> Request:
    visits = tuple(
        replace(
            visit,
            status="completed",
            outcome=event.outcome,
            contact_made=event.contact_made,
            started_at=event.started_at,
            ended_at=event.ended_at,
        )
        if visit.id == event.visit
        else visit
        for visit in request.visits
    )
    return replace(request, visits=visits)


def _with_details(request: Request, digest: str | None) -> Request:
    return request if digest is None else replace(request, details=(*request.details, digest))


FOLD: Fold[Request, Event] = Fold(Request(), evolve)
