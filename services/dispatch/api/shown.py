"""A request as the interface shows it, to staff and to units."""

from __future__ import annotations

from datetime import datetime

from shared.folds.request import Assignment, Request, Visit
from shared.kernel.canonical import Json
from shared.kernel.times import format_time
from shared.runtime.access import Principal


def request_shown(id: str, request: Request, version: int, principal: Principal) -> dict[str, Json]:
    """The request; a unit sees neither the resident nor other units and their volunteers."""
    created = request.created
    assert created is not None
    shown: dict[str, Json] = {
        "id": id,
        "status": request.status,
        "version": version,
        "community": created.community,
        "service": created.service,
        "category": created.category,
        "grid": created.grid,
        "channel": created.channel,
        "priority": request.priority,
        "due": _time(request.due),
        "units": [unit for unit in request.units if principal.sees((unit,))],
        "assignments": [_assignment(a) for a in request.assignments if principal.sees((a.unit,))],
        "visits": [visit_shown(v) for v in request.visits if principal.sees((v.unit,))],
    }
    if principal.unit is None:
        shown["resident"] = created.resident
        shown["tier"] = created.tier
    return shown


def visit_shown(visit: Visit) -> dict[str, Json]:
    """A visit, with what is known of it so far."""
    return {
        "id": visit.id,
        "status": visit.status,
        "volunteer": visit.volunteer,
        "unit": visit.unit,
        "slot": _slot(visit.slot.start, visit.slot.end),
        "checked_in_at": _time(visit.checked_in_at),
        "outcome": visit.outcome,
        "contact_made": visit.contact_made,
        "started_at": _time(visit.started_at),
        "ended_at": _time(visit.ended_at),
    }


def _assignment(assignment: Assignment) -> dict[str, Json]:
    return {
        "id": assignment.id,
        "volunteer": assignment.volunteer,
        "unit": assignment.unit,
        "slot": _slot(assignment.slot.start, assignment.slot.end),
    }


def _slot(start: datetime, end: datetime) -> dict[str, Json]:
    return {"start": format_time(start), "end": format_time(end)}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
