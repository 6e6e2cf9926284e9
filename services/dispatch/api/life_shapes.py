"""What the answers of a request's life look like, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from services.dispatch.api.shapes import REQUEST, RESIDENT, SLOT, UNITS, VOLUNTEER, Created, Version, Visit
from shared.events.dispatch import Capacity as HowMuch
from shared.events.dispatch import Slot
from shared.kernel.times import Time
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id

LATER = "2026-11-24T05:34:54.965Z"


class Standing(Created):
    """How a request stands after a command."""

    example: ClassVar[Document] = {
        "id": REQUEST,
        "status": "on-hold",
        "version": 3,
        "due": LATER,
        "until": "2026-12-08T03:34:54.965Z",
    }

    due: Time | Absent = None
    until: Time | Absent = None
    reopen_until: Time | Absent = None
    target: Id | Absent = None


class Offered(Shape):
    """A volunteer asked to go, or placed."""

    example: ClassVar[Document] = {
        "id": f"{REQUEST}.assignment-1",
        "status": "offered",
        "expires_at": LATER,
        "volunteer": VOLUNTEER,
        "unit": UNITS[0],
        "slot": SLOT,
        "request": REQUEST,
        "version": 3,
    }

    id: Id
    status: str
    expires_at: Time | None
    volunteer: Id
    unit: Id
    slot: Slot
    request: Id
    version: Version


class Provider(Shape):
    """Who went."""

    example: ClassVar[Document] = {"volunteer": VOLUNTEER, "unit": UNITS[0]}

    volunteer: Id
    unit: Id


class Place(Shape):
    """Where it was: the grid, and by which way the volunteer was found to be there. The position is among the
    request's details."""

    example: ClassVar[Document] = {"grid": "shaba-03", "method": "gps"}

    grid: str
    method: str | None


class Verification(Shape):
    """The six elements of electronic visit verification; what is not known yet is null."""

    example: ClassVar[Document] = {
        "service": "service-home-health-help",
        "recipient": RESIDENT,
        "provider": Provider.example,
        "date": "2026-11-24",
        "place": Place.example,
        "start": "2026-11-24T04:05:00.000Z",
        "end": "2026-11-24T04:40:00.000Z",
    }

    service: Id
    recipient: Id | None
    provider: Provider
    date: Annotated[str, Field(description="in China")] | None
    place: Place
    start: Time | None
    end: Time | None


class VerifiedVisit(Visit):
    """A visit, and what proves it."""

    example: ClassVar[Document] = {**Visit.example, "verification": Verification.example}

    verification: Verification


class Capacity(Shape):
    """How much more a unit can take on of a service."""

    example: ClassVar[Document] = {
        "unit": UNITS[0],
        "service": "service-home-health-help",
        "capacity": "waitlist",
    }

    unit: Id
    service: Id
    capacity: HowMuch


class ReferralShape(Shape):
    """A unit asked to take a request over. A unit sees no other unit's id."""

    example: ClassVar[Document] = {
        "id": f"{REQUEST}.referral-1",
        "unit": UNITS[1],
        "from_unit": UNITS[0],
        "status": "offered",
        "expires_at": LATER,
    }

    id: Id
    unit: Id | None
    from_unit: Id | None
    status: Annotated[str, Field(description="`offered`, `accepted`, `declined` or `expired`")]
    expires_at: Time


class Referral(ReferralShape):
    """A referral, of which request."""

    example: ClassVar[Document] = {**ReferralShape.example, "request": REQUEST, "version": 3}

    request: Id
    version: Version


class Whistle(Shape):
    """A unit called in. It climbs at `next_at`, unless the unit has reported."""

    example: ClassVar[Document] = {
        "id": f"{REQUEST}.whistle-1",
        "unit": UNITS[2],
        "response_minutes": 30,
        "next_at": LATER,
        "escalated_to": None,
        "reported": None,
    }

    id: Id
    unit: Id
    response_minutes: int
    next_at: Time | None
    escalated_to: str | None
    reported: str | None


class Called(Created):
    """The units that were called in."""

    example: ClassVar[Document] = {
        "id": REQUEST,
        "status": "triaged",
        "version": 3,
        "whistles": [Whistle.example],
    }

    whistles: list[Whistle]


class Hold(Shape):
    """Why nothing can be done, since when, and until when at the latest."""

    example: ClassVar[Document] = {
        "reason": "requester-asked",
        "held_at": "2026-11-24T03:34:54.965Z",
        "until": "2026-12-08T03:34:54.965Z",
    }

    reason: str
    held_at: Time
    until: Time


class Rating(Shape):
    """What the requester said of it."""

    example: ClassVar[Document] = {"solved": True, "satisfaction": 5}

    solved: bool
    satisfaction: int
