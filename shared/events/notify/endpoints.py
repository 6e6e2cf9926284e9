"""The events of endpoints: where a unit or a volunteer is told, of what, and whether it is."""

from __future__ import annotations

from typing import ClassVar

from shared.events.notify.terms import Backlog, Channel, DisabledFor, Format, Language, Signature
from shared.events.registry.terms import Amendment, Ending
from shared.kernel.event import Event, Partners
from shared.kernel.times import Time


class EndpointRegistered(Event):
    """A unit, or one of its volunteers, is told at an address, which is a sealed detail, as the secret is.

    `events` are types; `*` stands for any letters. `services`, `categories`, `grids` and `priorities` narrow
    it to events that say one of them; empty narrows nothing. `via` is the unit's endpoint by which a
    volunteer is told. `per_minute` is how many it is told of at the most. `ordered`: one at a time, each
    stream in its order. `digest_minutes` or `digest_at` (HH:MM, China's time) gather what is told to people;
    from `quiet_from` to `quiet_until` they are left in peace, but for what is `urgent` (types, or `*`).
    `after` is the number of the last message in its box when it was registered: it is told of those behind.
    """

    type: ClassVar[str] = "endpoint-registered"

    unit: str
    events: tuple[str, ...]
    details: str
    channel: Channel = "webhook"
    volunteer: str | None = None
    via: str | None = None
    services: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    grids: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    format: Format = "cloudevents"
    signature: Signature = "v1"
    language: Language = "zh"
    ordered: bool = False
    per_minute: int | None = None
    digest_minutes: int | None = None
    digest_at: str | None = None
    quiet_from: str | None = None
    quiet_until: str | None = None
    urgent: tuple[str, ...] = ()
    after: int = 0


class EndpointAmended(Amendment):
    """What is said of an endpoint changed. `address` is the digest of its new address, a sealed detail."""

    type: ClassVar[str] = "endpoint-amended"

    events: tuple[str, ...] | None = None
    address: str | None = None
    services: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    grids: tuple[str, ...] | None = None
    priorities: tuple[str, ...] | None = None
    format: Format | None = None
    language: Language | None = None
    ordered: bool | None = None
    per_minute: int | None = None
    digest_minutes: int | None = None
    digest_at: str | None = None
    quiet_from: str | None = None
    quiet_until: str | None = None
    urgent: tuple[str, ...] | None = None


class EndpointSecretRotated(Event):
    """An endpoint has a new secret, a sealed detail. Those before sign as well until `earlier_until`, or less
    where that was said of them already."""

    type: ClassVar[str] = "endpoint-secret-rotated"

    details: str
    earlier_until: Time


class EndpointPaused(Event):
    """An endpoint is told nothing for a while; what comes meanwhile is kept."""

    type: ClassVar[str] = "endpoint-paused"


class EndpointDisabled(Partners):
    """An endpoint is told nothing, until somebody resumes it; what comes meanwhile is kept. Its unit is told
    so by its other endpoints."""

    type: ClassVar[str] = "endpoint-disabled"

    reason: DisabledFor
    unit: str


class EndpointResumed(Event):
    """An endpoint is told again. With `skip`, it is not told of messages up to number `skipped_to`."""

    type: ClassVar[str] = "endpoint-resumed"

    backlog: Backlog
    skipped_to: int | None = None


class EndpointRemoved(Ending):
    """An endpoint is no more; what waited for it is not sent."""

    type: ClassVar[str] = "endpoint-removed"


class DeliveryResent(Event):
    """Somebody asked that a message be sent once more, whatever came of it before."""

    type: ClassVar[str] = "delivery-resent"

    unit: str
    box: str
    message: str
    message_type: str
    number: int


class DeliveryCancelled(Event):
    """Somebody asked that a message be not sent any more."""

    type: ClassVar[str] = "delivery-cancelled"

    unit: str
    box: str
    message: str
    message_type: str
    number: int


class DeliveriesRecovered(Event):
    """Somebody asked that all that was given up since a moment be sent again."""

    type: ClassVar[str] = "deliveries-recovered"

    since: Time
