"""The events of notify: where partner units listen, and what reached them. Never fanned out."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from shared.kernel.event import Event
from shared.kernel.times import Time


class EndpointRegistered(Event):
    """A unit listens at an address. The address and the signing secret are sealed details."""

    type: ClassVar[str] = "endpoint-registered"

    unit: str
    events: tuple[str, ...]
    """The event types it wants; `*` for all."""
    details: str


class DeliveryOutcome(BaseModel):
    """What came of one attempt to deliver one event to one endpoint."""

    model_config = ConfigDict(frozen=True)

    event: str
    endpoint: str
    unit: str
    attempt: int
    outcome: Literal["delivered", "failed", "exhausted"]
    """`failed` is tried again; `exhausted` is not."""
    status: int | None = None
    """The receiver's HTTP status; none if there was no answer."""
    error: str | None = None
    """Why there was no answer: `refused`, `timeout`, `dns`, `tls`, `blocked` (an address that is not
    delivered to), `url` or `connection`; `no-agreement`: nothing was sent, as no agreement with the unit was
    in force. More codes may come."""
    at: Time
    next_at: Time | None = None
    """When it is tried again; only for `failed`."""


class DeliveriesAttempted(Event):
    """A batch of attempts and what came of each."""

    type: ClassVar[str] = "deliveries-attempted"

    outcomes: tuple[DeliveryOutcome, ...]
