"""Who goes: offered, accepted or placed directly, declined, released, reassigned.

Whether a volunteer may go at all says `eligibility.py`; that nobody is in two places, the calendars.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from services.dispatch.domain import refusals
from services.dispatch.domain.decision import (
    Decision,
    Volunteer,
    not_found,
    of_assignment,
    require_not_ended,
    require_worked_on,
)
from shared.events.dispatch import (
    AssignmentDeclined,
    AssignmentExpired,
    AssignmentOffered,
    DeclineReason,
    ReleaseReason,
    Slot,
    VisitCancelled,
    VolunteerAssigned,
    VolunteerReassigned,
    VolunteerReleased,
)
from shared.folds.request_state import Assignment
from shared.kernel.decider import require


@dataclass(frozen=True, slots=True)
class Offer:
    """Ask a volunteer to go; the answer is waited for until `expires_at`."""

    id: str
    volunteer: Volunteer
    slot: Slot
    expires_at: datetime
    now: datetime
    basis: str


@dataclass(frozen=True, slots=True)
class Accept:
    """The volunteer goes."""

    assignment: str
    now: datetime
    basis: str


@dataclass(frozen=True, slots=True)
class Decline:
    """The volunteer does not go."""

    assignment: str
    reason: DeclineReason


@dataclass(frozen=True, slots=True)
class AssignVolunteer:
    """Place a volunteer on a request directly, without an offer."""

    id: str
    volunteer: Volunteer
    slot: Slot
    now: datetime
    basis: str


@dataclass(frozen=True, slots=True)
class Release:
    """The volunteer does not go after all."""

    assignment: str
    reason: ReleaseReason


@dataclass(frozen=True, slots=True)
class Reassign:
    """Another goes instead, in the same slot, with the visits that are open."""

    assignment: str
    id: str
    volunteer: Volunteer
    reason: ReleaseReason
    now: datetime
    basis: str


Command = Offer | Accept | Decline | AssignVolunteer | Release | Reassign


def offer(command: Offer, decision: Decision) -> None:
    """`assignment-offered`; nothing if this very offer is open, or the volunteer placed already."""
    request, who = decision.request, command.volunteer
    asked = any(o.volunteer == who.id and o.slot == command.slot for o in request.offers())
    if asked or request.assignment(who.id, command.slot) is not None:
        return
    _require_place(decision, command.slot, command.now)
    in_time = command.now < command.expires_at <= command.slot.end
    require(in_time, "expiry-out-of-range", refusals.EXPIRY_OUT_OF_RANGE)
    decision.add(
        AssignmentOffered,
        joining=[who.unit],
        assignment=command.id,
        volunteer=who.id,
        unit=who.unit,
        slot=command.slot,
        expires_at=command.expires_at,
        basis=command.basis,
    )


def accept(command: Accept, decision: Decision) -> None:
    """`volunteer-assigned`; other offers for that time have come to nothing."""
    found = _assignment(decision, command.assignment)
    if found.status in ("accepted", "completed"):
        return
    holds = found.status == "offered" and found.expires_at is not None and command.now < found.expires_at
    require(holds, "offer-over", refusals.OFFER_OVER)
    _require_place(decision, found.slot, command.now)
    _place(decision, found, command.basis)


def assign(command: AssignVolunteer, decision: Decision) -> None:
    """`volunteer-assigned`; offers for that time have come to nothing."""
    who = command.volunteer
    if decision.request.assignment(who.id, command.slot) is not None:
        return
    _require_place(decision, command.slot, command.now)
    _place(decision, Assignment(command.id, who.id, who.unit, command.slot), command.basis)


def decline(command: Decline, decision: Decision) -> None:
    """`assignment-declined`."""
    found = _assignment(decision, command.assignment)
    if found.status != "declined":
        require(found.status == "offered", "offer-over", refusals.OFFER_OVER)
        decision.add(AssignmentDeclined, **of_assignment(found), reason=command.reason)


def release(command: Release, decision: Decision) -> None:
    """`volunteer-released`; the visits that were planned by it are cancelled."""
    found = _assignment(decision, command.assignment)
    if found.status == "released":
        return
    _require_active(decision, found)
    require_not_ended(decision.request)
    for visit in decision.request.visits_of(found):
        named = {"visit": visit.id, "volunteer": visit.volunteer, "unit": visit.unit}
        decision.add(VisitCancelled, **named, reason="volunteer-released")
    decision.add(VolunteerReleased, **of_assignment(found), reason=command.reason)


def reassign(command: Reassign, decision: Decision) -> None:
    """`volunteer-released` and `volunteer-reassigned`; nothing if the other has that slot already."""
    found, who = _assignment(decision, command.assignment), command.volunteer
    if decision.request.assignment(who.id, found.slot) is not None:
        return
    _require_active(decision, found)
    require_worked_on(decision.request)
    require(found.slot.end > command.now, "slot-in-the-past", refusals.SLOT_OVER)
    decision.add(VolunteerReleased, **of_assignment(found), reason=command.reason)
    _expire_offers(decision, found.slot, "")
    decision.add(
        VolunteerReassigned,
        joining=[who.unit],
        assignment=command.id,
        volunteer=who.id,
        unit=who.unit,
        slot=found.slot,
        replaced=found.id,
        basis=command.basis,
    )


def _assignment(decision: Decision, id: str) -> Assignment:
    found = decision.request.find_assignment(id)
    if found is None:
        raise not_found()
    return found


def _require_active(decision: Decision, found: Assignment) -> None:
    require(found.active, "assignment-not-active", refusals.NOT_ACTIVE)
    there = decision.request.visits_of(found, frozenset({"checked-in", "checked-out"}))
    require(not there, "visit-under-way", refusals.UNDER_WAY)


def _require_place(decision: Decision, slot: Slot, now: datetime) -> None:
    require_worked_on(decision.request)
    require(slot.end > now, "slot-in-the-past", refusals.SLOT_OVER)
    taken = any(assignment.slot.overlaps(slot) for assignment in decision.request.active())
    require(not taken, "slot-taken", refusals.SLOT_TAKEN)


def _place(decision: Decision, placed: Assignment, basis: str) -> None:
    decision.add(
        VolunteerAssigned, joining=[placed.unit], **of_assignment(placed), slot=placed.slot, basis=basis
    )
    _expire_offers(decision, placed.slot, placed.id)


def _expire_offers(decision: Decision, slot: Slot, accepted: str) -> None:
    for other in tuple(decision.request.offers()):
        if other.id != accepted and other.slot.overlaps(slot):
            decision.add(AssignmentExpired, **of_assignment(other), reason="slot-taken")


def decide(command: Command, decision: Decision) -> None:
    """See `services.dispatch.domain.request.decide`."""
    match command:
        case Offer():
            offer(command, decision)
        case Accept():
            accept(command, decision)
        case Decline():
            decline(command, decision)
        case AssignVolunteer():
            assign(command, decision)
        case Release():
            release(command, decision)
        case Reassign():
            reassign(command, decision)
        case _:
            assert_never(command)
