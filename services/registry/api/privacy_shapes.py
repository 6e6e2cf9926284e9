"""What registry's routes of consents and legal holds accept and answer."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from services.registry.api.shapes import AT, RESIDENT, Registered
from shared.events.registry import ConsentPurpose, HoldReason
from shared.kernel.times import Time
from shared.runtime.http.bodies import Body
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.ids import Id

HOLD = "hold-01a20bba-65d1-763e-9050-2b0bfdad0bb7"
ConsentState = Literal["given", "over", "withdrawn", "withdrawn-held"]


class ConsentBody(Body):
    """What a resident agrees to."""

    purpose: ConsentPurpose
    until: Time | None = Field(None, examples=["2027-12-31T16:00:00Z"])


class HoldBody(Body):
    """Why nothing of a resident may be deleted."""

    reason: HoldReason


class Consent(Shape):
    """What a resident last said of one purpose."""

    example: ClassVar[Document] = {"purpose": "health", "state": "given", "given_at": AT, "until": None}

    purpose: ConsentPurpose
    state: ConsentState = Field(description="`withdrawn-held`: what it covers is kept until a hold is over")
    given_at: Time | None
    until: Time | None


class Consents(Shape):
    """What a resident agrees to, and no longer."""

    example: ClassVar[Document] = {"items": [Consent.example]}

    items: list[Consent]


class ConsentSaid(Registered):
    """What the resident said is on record."""

    example: ClassVar[Document] = {"id": RESIDENT, "purpose": "health", "state": "given"}

    purpose: ConsentPurpose
    state: ConsentState


class Hold(Shape):
    """A legal hold."""

    example: ClassVar[Document] = {"id": HOLD, "reason": "litigation", "released": False}

    id: Id
    reason: HoldReason
    released: bool


class Holds(Shape):
    """The legal holds on a resident, those that are over too."""

    example: ClassVar[Document] = {"items": [Hold.example]}

    items: list[Hold]
