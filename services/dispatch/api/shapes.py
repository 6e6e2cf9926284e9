"""What dispatch's answers look like, for its OpenAPI document; a test compares them with real ones."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from shared.events.dispatch import Channel, Outcome, Priority, Slot
from shared.events.registry import Category
from shared.kernel.times import Time
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id

REQUEST = "request-01a20bba-6635-7424-a8e4-81d825bcf371"
RESIDENT = "resident-01a20bba-65d1-763e-9050-2b0bfdad0bb6"
VOLUNTEER = "volunteer-01a20bba-65bf-7092-bb24-d5c070452313"
UNITS = ["unit-health-centre", "unit-red-cross", "unit-police-station"]
SLOT = {"start": "2026-11-24T04:00:00.000Z", "end": "2026-11-24T05:00:00.000Z"}

Status = Annotated[
    str,
    Field(
        description="`received`, `triaged`, `assigned`, `in-service`, `resolved`, `closed`; aside "
        "`referred`, `on-hold`, `duplicate`, `rejected`, `withdrawn`; more may come"
    ),
]
VisitStatus = Annotated[
    str,
    Field(
        description="`scheduled`, `checked-in`, `checked-out`, `completed`, `no-answer`, `missed`, "
        "`cancelled`; more may come"
    ),
]
Version = Annotated[int, Field(ge=1, description="the request's, as in `ETag`")]


class Created(Shape):
    """The request is taken in."""

    example: ClassVar[Document] = {"id": REQUEST, "status": "received", "version": 1}

    id: Id
    status: Status
    version: Version


class TakenIn(Created):
    """The request is taken in; `similar` are open requests that may be the same one."""

    example: ClassVar[Document] = {**Created.example, "similar": [REQUEST.replace("01a2", "01a1")]}

    similar: list[Id] | Absent = None


class Triaged(Created):
    """How pressing the request is, and by when somebody must have been there."""

    example: ClassVar[Document] = {
        "id": REQUEST,
        "status": "triaged",
        "priority": "urgent",
        "due": "2026-11-24T04:34:54.965Z",
        "version": 2,
    }

    priority: Priority
    due: Time


class Placed(Created):
    """The volunteer is placed: `id` is the assignment's."""

    example: ClassVar[Document] = {
        "id": f"{REQUEST}.assignment-1",
        "request": REQUEST,
        "status": "assigned",
        "version": 3,
    }

    request: Id


class Assignment(Shape):
    """A volunteer asked to go, or placed, for a slot."""

    example: ClassVar[Document] = {
        "id": f"{REQUEST}.assignment-1",
        "status": "accepted",
        "expires_at": None,
        "volunteer": VOLUNTEER,
        "unit": UNITS[0],
        "slot": SLOT,
    }

    id: Id
    status: Annotated[
        str,
        Field(
            description="`offered`, `accepted`, `declined`, `expired`, `released`, `completed`; more may come"
        ),
    ]
    expires_at: Time | None
    volunteer: Id
    unit: Id
    slot: Slot


class Visit(Shape):
    """A visit, with what is known of it so far."""

    example: ClassVar[Document] = {
        "id": f"{REQUEST}.visit-1",
        "status": "completed",
        "volunteer": VOLUNTEER,
        "unit": UNITS[0],
        "slot": SLOT,
        "checked_in_at": "2026-11-24T04:04:55.065Z",
        "outcome": "done",
        "contact_made": True,
        "started_at": "2026-11-24T04:05:00.000Z",
        "ended_at": "2026-11-24T04:40:00.000Z",
        "checked_out_at": "2026-11-24T04:41:00.000Z",
        "follow_up": False,
    }

    id: Id
    volunteer: Id
    unit: Id
    slot: Slot
    status: VisitStatus
    checked_in_at: Time | None
    outcome: Outcome | None
    contact_made: bool | None
    started_at: Time | None
    ended_at: Time | None
    checked_out_at: Time | None
    follow_up: bool | None


class RequestRow(Created):
    """A request as the list has it. A unit does not see the resident."""

    example: ClassVar[Document] = {
        "id": REQUEST,
        "status": "triaged",
        "created_at": "2026-11-24T03:34:54.965Z",
        "version": 2,
        "channel": "telephone",
        "community": "shaba",
        "service": "service-home-health-help",
        "category": "community-service",
        "grid": "shaba-03",
        "units": UNITS,
        "resident": RESIDENT,
        "priority": "urgent",
        "due": "2026-11-24T04:34:54.965Z",
        "volunteers": [VOLUNTEER],
        "alarms": ["breached"],
    }

    created_at: Time
    channel: Channel
    community: str
    service: Id
    category: Category
    grid: str
    units: list[Id]
    resident: Id | Absent = None
    priority: Priority | Absent = None
    due: Time | Absent = None
    volunteers: list[Id]
    alarms: Annotated[
        list[str],
        Field(
            description="what somebody has to look at: `breached`, `escalated`, `welfare-check`, `untaken` "
            "(asked, and nobody goes), `missed`, `unanswered` (by a unit that was called), `not-solved`, "
            "`agreement-ended`, `service-withdrawn`; more may come"
        ),
    ]
    responsible: Id | Absent = None
    coordinator: Id | Absent = None
    target: Id | Absent = None


class Coordinates(Shape):
    """Where somebody was, in degrees (WGS 84), as text with six digits."""

    example: ClassVar[Document] = {"latitude": "26.082000", "longitude": "103.187000"}

    latitude: str
    longitude: str


class Detail(Shape):
    """What was said in words, or where somebody was; of who asked through Open311, what the form said."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})
    example: ClassVar[Document] = {"text": "请尽快上门"}

    text: str | Absent = None
    position: Coordinates | Absent = None
    address: str | Absent = None
    address_id: str | Absent = None
    first_name: str | Absent = None
    last_name: str | Absent = None
    phone: str | Absent = None
    email: str | Absent = None
    media_url: str | Absent = None


class RequestDetails(Shape):
    """What is kept sealed of a request, oldest first."""

    example: ClassVar[Document] = {"items": [Detail.example, {"position": Coordinates.example}]}

    items: list[Detail]
