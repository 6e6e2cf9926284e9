"""What the routes of agreements and seats answer, for the OpenAPI document."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from services.registry.api.shapes import CONFIRMED, UNIT, OnRecord
from shared.kernel.times import Time
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id

Status = Literal["draft", "signed", "in-force", "expired", "ended"]
AGREEMENT = "agreement-01a20bba-7001-7b21-9d7e-0a3c4de20f11"
STARTS, ENDS = "2026-11-30T16:00:00.000Z", "2027-11-30T16:00:00.000Z"


class Agreement(OnRecord):
    """An agreement with a partner unit."""

    example: ClassVar[Document] = {
        "id": AGREEMENT,
        "community": "shaba",
        "unit": UNIT,
        "services": ["service-home-health-help"],
        "details_of": ["service-home-health-help"],
        "starts_at": STARTS,
        "ends_at": ENDS,
        "signed_at": "2026-11-24T03:34:54.965Z",
        "status": "signed",
        **CONFIRMED,
    }

    unit: Id
    services: list[Id]
    details_of: list[Id] = Field(description="services of whose requests the unit may see the details")
    starts_at: Time
    ends_at: Time = Field(description="from then on it does not hold")
    signed_at: Time | Absent = None
    status: Status = Field(description="`signed`: it has not begun yet")


class Signed(Shape):
    """An agreement after a change."""

    example: ClassVar[Document] = {
        "id": AGREEMENT,
        "status": "in-force",
        "starts_at": "2026-11-23T16:00:00.000Z",
        "ends_at": ENDS,
    }

    id: Id
    status: Status
    starts_at: Time
    ends_at: Time


class Filled(Shape):
    """A seat that was filled."""

    example: ClassVar[Document] = {"id": "seat-member-1", "number": 1}

    id: Id
    number: int


class SeatHolder(Shape):
    """Who holds a seat."""

    example: ClassVar[Document] = {"items": [{"holder": {"name": "陈建国", "phone": "13800000002"}}]}

    items: list[dict[str, dict[str, str]]]


class Signatories(Shape):
    """Who signed."""

    example: ClassVar[Document] = {"items": [{"signatories": [{"name": "赵敏", "side": "unit"}]}]}

    items: list[dict[str, list[dict[str, str]]]]
