"""What notify's answers look like, for its OpenAPI document; a test compares them with real ones."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from services.notify.deliveries import State
from shared.kernel.times import Time
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.ids import Id

ENDPOINT = "endpoint-01a20bba-7a10-7d2f-b5a1-94c0d1e7f3a2"
UNIT = "unit-health-centre"


class Registered(Shape):
    """The endpoint's id, and the secret that signs what is sent there: shown here only, null in a repeat."""

    example: ClassVar[Document] = {"id": ENDPOINT, "secret": "whsec_shown-only-once"}

    id: Id
    secret: str | None


class Endpoint(Shape):
    """Where a unit listens, and for what. Of the URL only the host is shown."""

    example: ClassVar[Document] = {
        "id": ENDPOINT,
        "unit": UNIT,
        "events": ["*"],
        "host": "partner.example",
        "registered_at": "2026-11-24T03:29:28.123Z",
    }

    id: Id
    unit: Id
    events: list[str] = Field(description="event types, or `*` for all")
    host: str
    registered_at: Time


class Delivery(Shape):
    """One event on its way to one endpoint, and what came of it so far."""

    example: ClassVar[Document] = {
        "event": "01a20bba-6639-7b21-9d7e-0a3c4de20f11",
        "type": "request-triaged",
        "endpoint": ENDPOINT,
        "unit": UNIT,
        "state": "pending",
        "attempts": 1,
        "next_at": "2026-11-24T03:35:00.412Z",
        "last_status": 503,
        "last_error": None,
        "delivered_at": None,
        "created_at": "2026-11-24T03:34:55.102Z",
    }

    event: str = Field(description="the id of the event, and of the webhook")
    type: str
    endpoint: Id
    unit: Id
    state: State = Field(description="`pending`: more attempts come; `exhausted`: none does")
    attempts: int
    next_at: Time | None
    last_status: int | None = Field(description="the HTTP status of the last answer")
    last_error: str | None = Field(description="why there was no answer: a code such as `timeout`")
    delivered_at: Time | None
    created_at: Time
