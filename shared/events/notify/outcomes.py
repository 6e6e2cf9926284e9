"""What came of deliveries: one event for a batch of attempts. Never fanned out."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from shared.events.notify.terms import Channel
from shared.kernel.event import Event
from shared.kernel.times import Time


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
    """A batch of attempts and what came of each. Said until the two below took its place."""

    type: ClassVar[str] = "deliveries-attempted"

    outcomes: tuple[DeliveryOutcome, ...]


class Attempted(BaseModel):
    """One attempt to tell one endpoint of one message.

    `message` is the id of the message, which is the `webhook-id`: that of the event, or of a digest, a test
    or a bulletin. `number` is the message's in the box of its unit or volunteer. `status` is the receiver's
    HTTP status (SMTP's or the robot's code where that is the answer), missing if there was none; `took_ms`
    the milliseconds from the first byte out to the last byte in.
    """

    model_config = ConfigDict(frozen=True)

    message: str
    type: str
    endpoint: str
    box: str
    unit: str
    channel: Channel
    number: int
    attempt: int
    status: int | None = None
    at: Time
    took_ms: int
    events: tuple[str, ...] = ()
    """Of a message that speaks of several events: their ids; of those beyond fifty, how many."""


class Failed(Attempted):
    """One attempt that came to nothing. `error` is a code: `status` for an answer that was no, else why
    there was none (`refused`, `timeout`, `dns`, `tls`, `blocked`, `url`, `connection`, …; more may come).

    `step` is how far the delivery is in its schedule: a try while its endpoint was held moves it no further.
    `next_at` is when it is tried again; without it, not until somebody asks for it.
    """

    error: str
    step: int
    next_at: Time | None = None


class NotificationDelivered(Event):
    """Units were told: a batch of attempts that were taken."""

    type: ClassVar[str] = "notification-delivered"

    deliveries: tuple[Attempted, ...]


class NotificationFailed(Event):
    """Units could not be told, for now or for good: a batch of attempts that failed."""

    type: ClassVar[str] = "notification-failed"

    deliveries: tuple[Failed, ...]
