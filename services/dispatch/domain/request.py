"""A request, from the call that opens it to the visit that answers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict, assert_never

from services.dispatch.domain import refusals
from services.dispatch.domain.due import due
from shared.events.dispatch import (
    CheckInMethod,
    ManualReason,
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
from shared.events.registry import Category
from shared.folds.request import FOLD, Request, Visit
from shared.kernel.decider import NOT_FOUND, Decider, Refused, require
from shared.kernel.event import Event

OPEN = frozenset({"triaged", "assigned", "in-service"})
CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of ours another clock may be."""
WRITTEN_DOWN_LATER = timedelta(days=1)
"""How long after a visit a request may be taken in for it: paper and telephone come first."""


@dataclass(frozen=True, slots=True)
class Volunteer:
    """A volunteer as dispatch knows it, with its unit."""

    id: str
    unit: str


@dataclass(frozen=True, slots=True)
class Create:
    """Take a request in. The facts are complete: the service's terms, the resident's tier, what we knew."""

    facts: RequestCreated


@dataclass(frozen=True, slots=True)
class Triage:
    """Say how pressing it is; `created_at` is when the clock began."""

    priority: Priority
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AssignVolunteer:
    """Place a volunteer on a request directly, without an offer."""

    id: str
    volunteer: Volunteer
    slot: Slot
    now: datetime
    basis: str


@dataclass(frozen=True, slots=True)
class ScheduleVisit:
    """Fix when an assigned volunteer is to be there."""

    id: str
    volunteer: str
    slot: Slot


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


Command = Create | Triage | AssignVolunteer | ScheduleVisit | CheckIn | Complete


def decide(command: Command, request: Request) -> Sequence[Event]:
    """The events of `command`; none if it is so already. Raises Refused with the code of the rule."""
    if isinstance(command, Create):
        if request.created == command.facts:
            return []
        require(request.created is None, "already-registered", refusals.ANOTHER_REQUEST)
        return [command.facts]
    if request.created is None:
        raise Refused("not-found", NOT_FOUND)
    match command:
        case Triage():
            return _triage(command, request, request.created)
        case AssignVolunteer():
            return _assign(command, request, request.created)
        case ScheduleVisit():
            return _schedule(command, request, request.created)
        case CheckIn():
            return _check_in(command, request, request.created)
        case Complete():
            return _complete(command, request, request.created)
        case _:
            assert_never(command)


def _triage(command: Triage, request: Request, created: RequestCreated) -> Sequence[Event]:
    if request.priority == command.priority:
        return []
    require(request.status == "received", "already-triaged", refusals.TRIAGED)
    moment = due(command.created_at, created.response_minutes, created.working_hours)
    return [
        RequestTriaged(
            **_terms(request, created, priority=command.priority),
            due=moment,
        )
    ]


def _assign(command: AssignVolunteer, request: Request, created: RequestCreated) -> Sequence[Event]:
    if request.assignment(command.volunteer.id, command.slot) is not None:
        return []
    require(request.status in OPEN, "request-not-triaged", refusals.NOT_TRIAGED)
    require(command.slot.end > command.now, "slot-in-the-past", refusals.SLOT_OVER)
    taken = any(assignment.slot.overlaps(command.slot) for assignment in request.assignments)
    require(not taken, "slot-taken", refusals.SLOT_TAKEN)
    return [
        VolunteerAssigned(
            **_terms(request, created, joining=command.volunteer.unit),
            assignment=command.id,
            volunteer=command.volunteer.id,
            unit=command.volunteer.unit,
            slot=command.slot,
            basis=command.basis,
        )
    ]


def _schedule(command: ScheduleVisit, request: Request, created: RequestCreated) -> Sequence[Event]:
    if any(v.volunteer == command.volunteer and v.slot == command.slot for v in request.visits):
        return []
    unit = next((a.unit for a in request.assignments if a.volunteer == command.volunteer), None)
    if unit is None:
        raise Refused("volunteer-not-assigned", refusals.NOT_PLACED)
    return [
        VisitScheduled(
            **_terms(request, created),
            visit=command.id,
            volunteer=command.volunteer,
            unit=unit,
            slot=command.slot,
        )
    ]


def _check_in(command: CheckIn, request: Request, created: RequestCreated) -> Sequence[Event]:
    visit = _visit(request, command.visit)
    if visit.status != "scheduled":
        require(visit.status == "checked-in", "visit-already-completed", refusals.VISIT_OVER)
        return []
    own = command.on_behalf_of in (None, visit.volunteer)
    require(own, "not-the-visits-volunteer", refusals.OTHER_VOLUNTEER)
    reasoned = command.method != "manual" or command.reason is not None
    require(reasoned, "reason-required", refusals.NO_REASON)
    _require_plausible(visit, (command.at, command.at), command.now, command.created_at)
    return [
        VisitCheckedIn(
            **_terms(request, created),
            visit=visit.id,
            volunteer=visit.volunteer,
            unit=visit.unit,
            method=command.method,
            reason=command.reason,
            on_behalf_of=command.on_behalf_of,
            checked_in_at=command.at,
            details=command.details,
        )
    ]


def _complete(command: Complete, request: Request, created: RequestCreated) -> Sequence[Event]:
    visit = _visit(request, command.visit)
    said = (command.outcome, command.contact_made, command.started_at, command.ended_at)
    if visit.status == "completed":
        same = said == (visit.outcome, visit.contact_made, visit.started_at, visit.ended_at)
        require(same, "visit-already-completed", refusals.OTHER_OUTCOME)
        return []
    require(visit.status == "checked-in", "visit-not-checked-in", refusals.NOT_CHECKED_IN)
    require(command.started_at <= command.ended_at, "ends-before-it-starts", refusals.BACKWARD)
    said_times = (command.started_at, command.ended_at)
    _require_plausible(visit, said_times, command.now, command.created_at)
    return [
        VisitCompleted(
            **_terms(request, created),
            visit=visit.id,
            volunteer=visit.volunteer,
            unit=visit.unit,
            outcome=command.outcome,
            contact_made=command.contact_made,
            started_at=command.started_at,
            ended_at=command.ended_at,
            details=command.details,
        )
    ]


def _require_plausible(
    visit: Visit, said: tuple[datetime, datetime], now: datetime, created_at: datetime
) -> None:
    """Nothing lies ahead of now, but for the times that were planned; nothing long before the request."""
    first, last = said
    latest = max(now, visit.slot.end) + CLOCK_SKEW
    require(last <= latest, "in-the-future", refusals.AHEAD)
    earliest = min(created_at, visit.slot.start) - WRITTEN_DOWN_LATER
    require(first >= earliest, "before-the-request", refusals.LONG_BEFORE)


def _visit(request: Request, id: str) -> Visit:
    visit = request.visit(id)
    if visit is None:
        raise Refused("not-found", NOT_FOUND)
    return visit


class Terms(TypedDict):
    """What every event of a request carries."""

    community: str
    units: tuple[str, ...]
    service: str
    category: Category
    grid: str
    priority: Priority | None


def _terms(
    request: Request, created: RequestCreated, priority: Priority | None = None, joining: str | None = None
) -> Terms:
    """The terms as of `request`, with a new priority or one more unit that it concerns from now on."""
    joined = () if joining is None or joining in request.units else (joining,)
    return Terms(
        community=created.community,
        units=(*request.units, *joined),
        service=created.service,
        category=created.category,
        grid=created.grid,
        priority=priority or request.priority,
    )


REQUEST: Decider[Command, Request, Event] = Decider(decide, FOLD)
