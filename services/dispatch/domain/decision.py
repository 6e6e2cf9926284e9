"""What every decision about a request is made of: events that each say whom they concern."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict

from services.dispatch.domain import refusals
from shared.events.dispatch import (
    AssignmentExpired,
    OfRequest,
    Priority,
    ReferralExpired,
    RequestCreated,
    VisitCancelled,
    VolunteerReleased,
)
from shared.events.registry import Category
from shared.folds.request import evolve
from shared.folds.request_state import LIVE, WORKED_ON, Assignment, Referral, Request, Visit
from shared.kernel.decider import NOT_FOUND, Refused, require


@dataclass(frozen=True, slots=True)
class Volunteer:
    """A volunteer as dispatch knows it, with its unit."""

    id: str
    unit: str


class Terms(TypedDict):
    """What every event of a request carries."""

    community: str
    units: tuple[str, ...]
    service: str
    category: Category
    grid: str
    priority: Priority | None


@dataclass(slots=True)
class Decision:
    """The events decided so far, and the request as they leave it.

    An event concerns the units of the request before and after it, so that a unit hears that its volunteer
    was released.
    """

    request: Request
    events: list[OfRequest] = field(default_factory=list)

    @property
    def created(self) -> RequestCreated:
        """The terms of the request, which is there."""
        assert self.request.created is not None
        return self.request.created

    def add(
        self,
        event: type[OfRequest],
        /,
        joining: Iterable[str] = (),
        only: Iterable[str] | None = None,
        **facts: Any,
    ) -> None:
        """Decide `event` with these facts; `joining` are units that it concerns from now on, `only` those of
        the request's that are told of it, if not all."""
        units = self.request.units if only is None else [u for u in self.request.units if u in only]
        terms: Terms = {
            "community": self.created.community,
            "units": tuple(dict.fromkeys((*units, *joining))),
            "service": self.created.service,
            "category": self.created.category,
            "grid": self.created.grid,
            "priority": self.request.priority,
        }
        decided = event(**{**terms, **facts})
        self.events.append(decided)
        self.request = evolve(self.request, decided)

    def wind_up(self, now: datetime) -> None:
        """What was planned does not take place: offers and referrals end, visits are cancelled, whoever was
        still to go is released."""
        for referral in self.request.referrals:
            if referral.status == "offered":
                self.add(ReferralExpired, **of_referral(referral))
        for visit in self.request.visits:
            if visit.status == "scheduled":
                self.add(VisitCancelled, **of_visit(visit), reason="request-ended")
        self.end_offers()
        for assignment in tuple(self.request.active()):
            went = any(
                visit.volunteer == assignment.volunteer
                and assignment.slot.covers(visit.slot)
                and visit.status not in ("cancelled", "missed")
                for visit in self.request.visits
            )
            if assignment.slot.end > now and not went:
                self.add(VolunteerReleased, **of_assignment(assignment), reason="request-ended")

    def end_offers(self) -> None:
        """No offer can be accepted any more."""
        for offer in tuple(self.request.offers()):
            self.add(AssignmentExpired, **of_assignment(offer), reason="request-ended")


def of_visit(visit: Visit) -> dict[str, Any]:
    """What every event of a visit names."""
    return {"visit": visit.id, "volunteer": visit.volunteer, "unit": visit.unit}


def of_assignment(assignment: Assignment) -> dict[str, Any]:
    """What every event of an assignment names."""
    return {"assignment": assignment.id, "volunteer": assignment.volunteer, "unit": assignment.unit}


def of_referral(referral: Referral) -> dict[str, Any]:
    """What every event of a referral names."""
    return {"referral": referral.id, "unit": referral.unit, "from_unit": referral.from_unit}


def require_worked_on(request: Request) -> None:
    """Raises Refused `request-not-triaged`, `request-not-open`: somebody can be sent, or not."""
    require(request.status != "received", "request-not-triaged", refusals.NOT_TRIAGED)
    require(request.status in WORKED_ON, "request-not-open", refusals.NOT_OPEN)


def require_live(request: Request) -> None:
    """Raises Refused `request-not-open` for one that is on hold, or ended."""
    require(request.status in LIVE, "request-not-open", refusals.NOT_OPEN)


def require_not_ended(request: Request) -> None:
    """Raises Refused `request-not-open` for one that is over."""
    require(request.status in LIVE or request.status == "on-hold", "request-not-open", refusals.NOT_OPEN)


def require_nobody_there(request: Request) -> None:
    """Raises Refused `visit-under-way` while somebody has checked in and the visit is not over."""
    there = any(visit.status in ("checked-in", "checked-out") for visit in request.visits)
    require(not there, "visit-under-way", refusals.UNDER_WAY)


def not_found() -> Refused:
    """There is none, or none for this caller."""
    return Refused("not-found", NOT_FOUND)
