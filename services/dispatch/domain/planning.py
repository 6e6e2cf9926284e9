"""Visits are planned: scheduled, rescheduled, cancelled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from services.dispatch.domain import refusals
from services.dispatch.domain.decision import Decision, not_found, of_visit, require_worked_on
from shared.events.dispatch import ChangeReason, Slot, VisitCancelled, VisitRescheduled, VisitScheduled
from shared.folds.request_state import Request, Visit
from shared.kernel.decider import Refused, require


@dataclass(frozen=True, slots=True)
class ScheduleVisit:
    """Fix when an assigned volunteer is to be there."""

    id: str
    volunteer: str
    slot: Slot


@dataclass(frozen=True, slots=True)
class Reschedule:
    """Have the visit at another time."""

    visit: str
    slot: Slot
    reason: ChangeReason
    now: datetime


@dataclass(frozen=True, slots=True)
class CancelVisit:
    """Have no such visit."""

    visit: str
    reason: ChangeReason


Command = ScheduleVisit | Reschedule | CancelVisit


def schedule(command: ScheduleVisit, decision: Decision) -> None:
    """`visit-scheduled`."""
    request = decision.request
    planned = (v for v in request.visits if v.volunteer == command.volunteer and v.slot == command.slot)
    if any(visit.status != "cancelled" for visit in planned):
        return
    own = [a for a in request.active() if a.volunteer == command.volunteer]
    if not own:
        raise Refused("volunteer-not-assigned", refusals.NOT_PLACED)
    require_worked_on(request)
    _require_free(request, command.volunteer, command.slot)
    by = next((a for a in own if a.slot.covers(command.slot)), own[0])
    decision.add(
        VisitScheduled,
        visit=command.id,
        volunteer=command.volunteer,
        unit=by.unit,
        slot=command.slot,
        assignment=by.id,
    )


def reschedule(command: Reschedule, decision: Decision) -> None:
    """`visit-rescheduled`."""
    visit = _planned(decision, command.visit)
    if visit.slot == command.slot:
        return
    require_worked_on(decision.request)
    require(command.slot.end > command.now, "slot-in-the-past", refusals.SLOT_OVER)
    _require_free(decision.request, visit.volunteer, command.slot, visit.id)
    decision.add(VisitRescheduled, **of_visit(visit), slot=command.slot, reason=command.reason)


def cancel(command: CancelVisit, decision: Decision) -> None:
    """`visit-cancelled`."""
    found = decision.request.visit(command.visit)
    if found is None or found.status != "cancelled":
        visit = _planned(decision, command.visit)
        decision.add(VisitCancelled, **of_visit(visit), reason=command.reason)


def _require_free(request: Request, volunteer: str, slot: Slot, but: str = "") -> None:
    """The volunteer makes no other visit of this request then. Raises Refused `volunteer-not-free`."""
    for visit in request.visits:
        theirs = visit.volunteer == volunteer and visit.open and visit.id != but
        if theirs and visit.slot.overlaps(slot):
            raise Refused("volunteer-not-free", refusals.NOT_FREE, conflict=visit.id)


def _planned(decision: Decision, id: str) -> Visit:
    visit = decision.request.visit(id)
    if visit is None:
        raise not_found()
    require(visit.status == "scheduled", "visit-not-scheduled", refusals.NOT_SCHEDULED)
    return visit


def decide(command: Command, decision: Decision) -> None:
    """See `services.dispatch.domain.request.decide`."""
    match command:
        case ScheduleVisit():
            schedule(command, decision)
        case Reschedule():
            reschedule(command, decision)
        case CancelVisit():
            cancel(command, decision)
        case _:
            assert_never(command)
