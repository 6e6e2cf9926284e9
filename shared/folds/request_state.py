"""What a request is as of some version: its state, assignments, visits, referrals and calls included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.events.dispatch import (
    Flag,
    HoldReason,
    Level,
    Outcome,
    Priority,
    ReportOutcome,
    RequestCreated,
    Slot,
)

Status = Literal[
    "none",
    "received",
    "triaged",
    "assigned",
    "in-service",
    "referred",
    "on-hold",
    "duplicate",
    "rejected",
    "withdrawn",
    "resolved",
    "closed",
]
AssignmentStatus = Literal["offered", "accepted", "declined", "expired", "released", "completed"]
VisitStatus = Literal[
    "scheduled", "checked-in", "checked-out", "completed", "no-answer", "missed", "cancelled"
]
ReferralStatus = Literal["offered", "accepted", "declined", "expired"]

LIVE: frozenset[Status] = frozenset({"received", "triaged", "assigned", "in-service", "referred"})
"""In these the clock runs."""
WORKED_ON: frozenset[Status] = frozenset({"triaged", "assigned", "in-service"})
"""In these somebody can be sent."""
ENDED: frozenset[Status] = frozenset({"duplicate", "rejected", "withdrawn", "resolved", "closed"})
PLANNED: frozenset[VisitStatus] = frozenset({"scheduled"})
OPEN_VISIT: frozenset[VisitStatus] = frozenset({"scheduled", "checked-in", "checked-out"})


@dataclass(frozen=True, slots=True)
class Assignment:
    """A volunteer asked to go, or placed, for a slot."""

    id: str
    volunteer: str
    unit: str
    slot: Slot
    status: AssignmentStatus = "accepted"
    expires_at: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether the volunteer is to go."""
        return self.status == "accepted"


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
    checked_out_at: datetime | None = None
    follow_up: bool | None = None
    method: str | None = None

    @property
    def open(self) -> bool:
        """Whether something is to come of it yet."""
        return self.status in OPEN_VISIT


@dataclass(frozen=True, slots=True)
class Referral:
    """A unit asked to take the request over."""

    id: str
    unit: str
    from_unit: str | None
    expires_at: datetime
    status: ReferralStatus = "offered"


@dataclass(frozen=True, slots=True)
class Whistle:
    """A unit called in. `next_at` is when it climbs, unless the unit has reported."""

    id: str
    unit: str
    response_minutes: int
    next_at: datetime | None
    level: Level | None = None
    reported: ReportOutcome | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing can be done, since when, until when at the latest, and what the request was before."""

    reason: HoldReason
    held_at: datetime
    until: datetime
    before: Status


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of a round: from creation, or from a reopening (`since`), to the first check-in."""

    due: datetime | None = None
    warn_at: datetime | None = None
    since: datetime | None = None
    warned: bool = False
    breached: bool = False
    met_at: datetime | None = None
    level: Level | None = None
    escalates_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rating:
    """What the requester said of it."""

    solved: bool
    satisfaction: int


@dataclass(frozen=True, slots=True)
class Request:
    """A request as of some version. `created` holds its terms, as amended; None before it exists.

    `units` are those that it concerns, `base` those of them that it does whoever goes.
    `due` is that of the clock, by when somebody must have been there.
    `responsible` is the unit that took it over, `first_choice` the volunteer of the round before a reopening.
    """

    status: Status = "none"
    created: RequestCreated | None = None
    units: tuple[str, ...] = ()
    base: tuple[str, ...] = ()
    priority: Priority | None = None
    due: datetime | None = None
    clock: Clock = Clock()
    assignments: tuple[Assignment, ...] = ()
    visits: tuple[Visit, ...] = ()
    details: tuple[str, ...] = ()
    coordinator: str | None = None
    responsible: str | None = None
    referrals: tuple[Referral, ...] = ()
    whistles: tuple[Whistle, ...] = ()
    hold: Hold | None = None
    target: str | None = None
    duplicates: tuple[str, ...] = ()
    outcome: Outcome | None = None
    resolved_at: datetime | None = None
    reopen_until: datetime | None = None
    rating: Rating | None = None
    rounds: int = 1
    first_choice: str | None = None
    welfare_check: bool = False
    flags: tuple[Flag, ...] = ()

    def visit(self, visit: str) -> Visit | None:
        """The visit with this id."""
        return next((found for found in self.visits if found.id == visit), None)

    def find_assignment(self, id: str) -> Assignment | None:
        """The assignment with this id."""
        return next((found for found in self.assignments if found.id == id), None)

    def referral(self, id: str) -> Referral | None:
        """The referral with this id."""
        return next((found for found in self.referrals if found.id == id), None)

    def whistle(self, id: str) -> Whistle | None:
        """The call with this id."""
        return next((found for found in self.whistles if found.id == id), None)

    def assignment(self, volunteer: str, slot: Slot) -> Assignment | None:
        """The active assignment of this volunteer for exactly this slot."""
        return next((a for a in self.active() if a.volunteer == volunteer and a.slot == slot), None)

    def active(self) -> Iterator[Assignment]:
        """The assignments by which somebody is to go."""
        return (found for found in self.assignments if found.active)

    def offers(self) -> Iterator[Assignment]:
        """The assignments that wait for an answer."""
        return (found for found in self.assignments if found.status == "offered")

    def open_visits(self) -> Iterator[Visit]:
        """The visits of which something is to come yet."""
        return (found for found in self.visits if found.open)

    def duties(self) -> Iterator[tuple[str, str, str, Slot]]:
        """What takes volunteers' time: duty, volunteer, unit, slot. A visit inside an assignment of the same
        volunteer is that duty, not one of its own."""
        kept = [*self.active()]
        for assignment in kept:
            yield assignment.id, assignment.volunteer, assignment.unit, assignment.slot
        for visit in self.visits:
            inside = any(a.volunteer == visit.volunteer and a.slot.covers(visit.slot) for a in kept)
            if visit.open and not inside:
                yield visit.id, visit.volunteer, visit.unit, visit.slot

    def visits_of(
        self, assignment: Assignment, statuses: frozenset[VisitStatus] = PLANNED
    ) -> tuple[Visit, ...]:
        """The visits with one of `statuses` that are by this assignment, and by no other of the same
        volunteer."""
        others = [a for a in self.active() if a.volunteer == assignment.volunteer and a.id != assignment.id]
        return tuple(
            visit
            for visit in self.visits
            if visit.status in statuses
            and visit.volunteer == assignment.volunteer
            and (assignment.slot.covers(visit.slot) or not any(a.slot.covers(visit.slot) for a in others))
        )

    def concerned(self) -> tuple[str, ...]:
        """The units that it concerns: those of the service, and those that do something about it."""
        units = [
            *self.base,
            *([self.responsible] if self.responsible is not None else []),
            *(a.unit for a in self.assignments if a.status in ("offered", "accepted", "completed")),
            *(visit.unit for visit in self.visits if visit.status != "cancelled"),
            *(r.unit for r in self.referrals if r.status in ("offered", "accepted")),
            *(r.from_unit for r in self.referrals if r.from_unit is not None),
            *(whistle.unit for whistle in self.whistles),
        ]
        return tuple(dict.fromkeys(units))

    def untaken(self) -> tuple[str, ...]:
        """The units that were asked, or whose volunteers were, of whom nobody goes and nobody may yet."""
        asked = [(a.unit, a.status in ("offered", "accepted", "completed")) for a in self.assignments]
        asked += [(r.unit, r.status in ("offered", "accepted")) for r in self.referrals]
        willing = {unit for unit, may in asked if may}
        return tuple(dict.fromkeys(unit for unit, _ in asked if unit not in willing))
