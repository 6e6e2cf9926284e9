"""A request as the interface shows it, to staff and to units."""

from __future__ import annotations

from datetime import datetime

from services.dispatch.domain.working_time import LOCAL
from shared.folds.request_state import Assignment, Hold, Rating, Referral, Request, Visit, Whistle
from shared.kernel.canonical import Json
from shared.kernel.times import format_time
from shared.runtime.access import Principal

_AROUND: dict[str, Json] = {
    **dict.fromkeys(("escalated_to", "hold", "rating", "target")),
    "duplicates": [],
    "flags": [],
}
"""What a volunteer is not shown of a request."""


def request_shown(id: str, request: Request, version: int, principal: Principal) -> dict[str, Json]:
    """The request; a unit sees neither the resident nor other units and their volunteers. A volunteer sees
    its own assignments and visits, and nothing of what goes on around them."""
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
        "assignments": [
            assignment_shown(a) for a in request.assignments if principal.sees_work(a.volunteer, a.unit)
        ],
        "visits": [visit_shown(v) for v in request.visits if principal.sees_work(v.volunteer, v.unit)],
        "referrals": [referral_shown(r, principal) for r in request.referrals if principal.sees(_of(r))],
        "whistles": [whistle_shown(w) for w in request.whistles if principal.sees((w.unit,))],
        "warn_at": _time(request.clock.warn_at),
        "breached": request.clock.breached,
        "met_at": _time(request.clock.met_at),
        "escalated_to": request.clock.level,
        "hold": None if request.hold is None else _hold(request.hold),
        "responsible": _own(request.responsible, principal),
        "outcome": request.outcome,
        "resolved_at": _time(request.resolved_at),
        "reopen_until": _time(request.reopen_until),
        "rating": None if request.rating is None else _rating(request.rating),
        "round": request.rounds,
        "target": request.target,
        "duplicates": list(request.duplicates),
        "flags": list(request.flags),
    }
    if principal.unit is None:
        shown["resident"] = created.resident
        shown["tier"] = created.tier
        shown["coordinator"] = request.coordinator
        shown["first_choice"] = request.first_choice
        shown["welfare_check"] = request.welfare_check
        shown["untaken"] = list(request.untaken())
    if principal.volunteer is not None:
        shown |= {"units": [principal.unit], **_AROUND}
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
        "checked_out_at": _time(visit.checked_out_at),
        "follow_up": visit.follow_up,
    }


def verification_shown(request: Request, visit: Visit, principal: Principal) -> dict[str, Json]:
    """The six elements of electronic visit verification; what is not known yet is None. The place is the
    grid, and by which way the volunteer was found to be there; the position is among the details."""
    created = request.created
    assert created is not None
    started = visit.started_at or visit.checked_in_at
    return {
        "service": created.service,
        "recipient": created.resident if principal.unit is None else None,
        "provider": {"volunteer": visit.volunteer, "unit": visit.unit},
        "date": None if started is None else f"{started.astimezone(LOCAL):%Y-%m-%d}",
        "place": {"grid": created.grid, "method": visit.method},
        "start": _time(started),
        "end": _time(visit.ended_at or visit.checked_out_at),
    }


def referral_shown(referral: Referral, principal: Principal) -> dict[str, Json]:
    """A referral: who is asked, by whom, and what came of it. A unit sees its own id only."""
    return {
        "id": referral.id,
        "unit": _own(referral.unit, principal),
        "from_unit": _own(referral.from_unit, principal),
        "status": referral.status,
        "expires_at": _time(referral.expires_at),
    }


def whistle_shown(whistle: Whistle) -> dict[str, Json]:
    """A call for a unit: when it climbs, how far it has, and what the unit reported."""
    return {
        "id": whistle.id,
        "unit": whistle.unit,
        "response_minutes": whistle.response_minutes,
        "next_at": _time(whistle.next_at),
        "escalated_to": whistle.level,
        "reported": whistle.reported,
    }


def _of(referral: Referral) -> tuple[str, ...]:
    return (referral.unit, *([] if referral.from_unit is None else [referral.from_unit]))


def _own(unit: str | None, principal: Principal) -> str | None:
    return unit if unit is not None and principal.sees((unit,)) else None


def _hold(hold: Hold) -> dict[str, Json]:
    return {"reason": hold.reason, "held_at": _time(hold.held_at), "until": _time(hold.until)}


def _rating(rating: Rating) -> dict[str, Json]:
    return {"solved": rating.solved, "satisfaction": rating.satisfaction}


def assignment_shown(assignment: Assignment) -> dict[str, Json]:
    """An assignment; `expires_at` is until when an offer can be accepted."""
    return {
        "id": assignment.id,
        "status": assignment.status,
        "expires_at": _time(assignment.expires_at),
        "volunteer": assignment.volunteer,
        "unit": assignment.unit,
        "slot": _slot(assignment.slot.start, assignment.slot.end),
    }


def _slot(start: datetime, end: datetime) -> dict[str, Json]:
    return {"start": format_time(start), "end": format_time(end)}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
