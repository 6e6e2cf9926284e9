"""What notify's answers look like, for its OpenAPI document; a test compares them with real ones."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from services.notify.records import State
from shared.events.notify import Channel, DisabledFor, Format, Language, Signature
from shared.folds.endpoint import Status
from shared.kernel.times import Time
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.ids import Id

ENDPOINT = "endpoint-01a20bba-7a10-7d2f-b5a1-94c0d1e7f3a2"
UNIT = "unit-health-centre"


class Registered(Shape):
    """The endpoint's id, and the secret that signs what a webhook is sent (of `v1a`, the public key): shown
    here only, null in a repeat."""

    example: ClassVar[Document] = {
        "id": ENDPOINT,
        "secret": "whsec_shown-only-once",
        "queue": None,
        "user": None,
    }

    id: Id
    secret: str | None
    queue: str | None = Field(description="of `amqp`: the queue to read from")
    user: str | None = Field(description="of `amqp`: who reads it, with `secret` as the password")


class Endpoint(Shape):
    """Where a unit, or its volunteer, is told, and of what. Of the address only the host is shown."""

    example: ClassVar[Document] = {
        "id": ENDPOINT,
        "unit": UNIT,
        "events": ["*"],
        "channel": "webhook",
        "volunteer": None,
        "via": None,
        "services": [],
        "categories": [],
        "grids": ["shaba-01"],
        "priorities": [],
        "format": "cloudevents",
        "signature": "v1",
        "language": "zh",
        "ordered": False,
        "per_minute": None,
        "digest_minutes": None,
        "digest_at": None,
        "quiet_from": None,
        "quiet_until": None,
        "urgent": [],
        "status": "active",
        "reason": None,
        "host": "partner.example",
        "registered_at": "2026-11-24T03:29:28.123Z",
    }

    id: Id
    unit: Id
    events: list[str] = Field(description="event types, or `*` for all")
    channel: Channel
    volunteer: Id | None
    via: Id | None = Field(description="the unit's endpoint by which the volunteer is told")
    services: list[str]
    categories: list[str]
    grids: list[str]
    priorities: list[str]
    format: Format
    signature: Signature
    language: Language
    ordered: bool
    per_minute: int | None
    digest_minutes: int | None
    digest_at: str | None
    quiet_from: str | None
    quiet_until: str | None
    urgent: list[str]
    status: Status
    reason: DisabledFor | None = Field(description="why it is disabled")
    host: str | None
    registered_at: Time


class Changed(Shape):
    """What an endpoint is after a command."""

    example: ClassVar[Document] = {"id": ENDPOINT, "status": "paused"}

    id: Id
    status: Literal["active", "paused", "disabled", "removed"]


class Rotated(Shape):
    """The new secret: shown here only, null in a repeat."""

    example: ClassVar[Document] = {"id": ENDPOINT, "status": "active", "secret": "whsec_shown-only-once"}

    id: Id
    status: Status
    secret: str | None


class Delivery(Shape):
    """One event on its way to one endpoint, and what came of it so far."""

    example: ClassVar[Document] = {
        "event": "01a20bba-6639-7b21-9d7e-0a3c4de20f11",
        "type": "request-triaged",
        "endpoint": ENDPOINT,
        "unit": UNIT,
        "number": 17,
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
    number: int = Field(description="of the message, in the box that the endpoint is told from")
    state: State = Field(description="`pending`: more attempts come; `exhausted`: none does")
    attempts: int
    next_at: Time | None
    last_status: int | None = Field(description="the HTTP status of the last answer")
    last_error: str | None = Field(description="why there was no answer: a code such as `timeout`")
    delivered_at: Time | None
    created_at: Time


class Attempt(Shape):
    """One attempt."""

    example: ClassVar[Document] = {
        "attempt": 1,
        "at": "2026-11-24T03:34:55.312Z",
        "status": 503,
        "error": "status",
        "took_ms": 41,
        "answer": "try again later",
    }

    attempt: int
    at: Time
    status: int | None
    error: str | None
    took_ms: int = Field(description="milliseconds from the first byte out to the last byte in")
    answer: str = Field(description="the first 16 KiB of it")


class OneDelivery(Delivery):
    """A delivery with its attempts, in order."""

    example: ClassVar[Document] = {**Delivery.example, "made": [Attempt.example]}

    made: list[Attempt]
