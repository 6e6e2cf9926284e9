"""What a day and the address of a calendar look like, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from services.dispatch.api.shapes import REQUEST, SLOT, UNITS, VOLUNTEER, Status
from shared.events.dispatch import Priority, Slot
from shared.events.registry import Category
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.ids import Id


class Duty(Shape):
    """What somebody has to do at a request, or had."""

    example: ClassVar[Document] = {
        "kind": "visit",
        "id": f"{REQUEST}.visit-1",
        "status": "scheduled",
        "slot": SLOT,
        "volunteer": VOLUNTEER,
        "unit": UNITS[0],
        "request": REQUEST,
        "request_status": "assigned",
        "service": "service-home-health-help",
        "category": "community-service",
        "grid": "shaba-03",
        "priority": "urgent",
    }

    kind: Literal["assignment", "visit"]
    id: Id
    status: Annotated[str, Field(description="the assignment's, or the visit's")]
    slot: Slot
    volunteer: Id
    unit: Id
    request: Id
    request_status: Status
    service: Id
    category: Category
    grid: str
    priority: Priority | None


class Day(Shape):
    """Assignments and visits that touch one day of China, by their start."""

    example: ClassVar[Document] = {"date": "2026-11-24", "items": [Duty.example]}

    date: Annotated[str, Field(json_schema_extra={"format": "date"})]
    items: list[Duty]


class Feed(Shape):
    """The address of a calendar. Whoever has it can read the calendar: it is shown once."""

    example: ClassVar[Document] = {
        "id": VOLUNTEER,
        "address": f"https://dispatch.example/v1/calendars/{VOLUNTEER}.ics?secret=…",
        "version": 1,
    }

    id: Id
    address: Annotated[str | None, Field(description="null when the same call is repeated")]
    version: Annotated[int, Field(ge=1)]


class Revoked(Shape):
    """The address is good no longer."""

    example: ClassVar[Document] = {"id": VOLUNTEER, "open": False, "version": 2}

    id: Id
    open: bool
    version: Annotated[int, Field(ge=0)]


CALENDAR: dict[int | str, Document] = {
    200: {
        "description": "iCalendar (RFC 5545)",
        "content": {
            "text/calendar": {"schema": {"type": "string"}, "example": "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"}
        },
    }
}
