"""What can be asked of an endpoint."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notify.domain.address import Network
from shared.events.notify import Backlog, Channel, DisabledFor, EndpointAmended, EndpointRegistered


@dataclass(frozen=True, slots=True)
class RegisterEndpoint:
    """Tell somebody, as `asked`, at `address`.

    `existing` is how many endpoints the unit has, `channels` are those that this deployment has, `allowed`
    the private networks that it delivers to.
    """

    asked: EndpointRegistered
    address: str | None
    existing: int
    channels: Collection[Channel]
    allowed: Sequence[Network] = ()


@dataclass(frozen=True, slots=True)
class AmendEndpoint:
    """Change what is said of an endpoint; `address` if it changes too."""

    change: EndpointAmended
    address: str | None = None
    allowed: Sequence[Network] = ()


@dataclass(frozen=True, slots=True)
class RotateSecret:
    """A new secret, sealed as `details`; those before sign for `overlap` more."""

    details: str
    overlap: timedelta
    now: datetime


@dataclass(frozen=True, slots=True)
class PauseEndpoint:
    """Tell it nothing for a while."""


@dataclass(frozen=True, slots=True)
class DisableEndpoint:
    """Tell it nothing any more."""

    reason: DisabledFor


@dataclass(frozen=True, slots=True)
class ResumeEndpoint:
    """Tell it again: of what was kept as well, or only of what comes behind number `head` of its box."""

    backlog: Backlog
    head: int


@dataclass(frozen=True, slots=True)
class RemoveEndpoint:
    """It is no more."""


@dataclass(frozen=True, slots=True)
class ResendDelivery:
    """Send a message of `box`, from which it is told, once more."""

    box: str
    message: str
    number: int
    type: str


@dataclass(frozen=True, slots=True)
class CancelDelivery:
    """Do not send a message of `box`, from which it is told, any more."""

    box: str
    message: str
    number: int
    type: str


@dataclass(frozen=True, slots=True)
class RecoverDeliveries:
    """Send all that was given up since a moment."""

    since: datetime


Change = (
    AmendEndpoint
    | RotateSecret
    | PauseEndpoint
    | DisableEndpoint
    | ResumeEndpoint
    | ResendDelivery
    | CancelDelivery
    | RecoverDeliveries
)
"""What is asked of an endpoint that is there."""
Command = RegisterEndpoint | RemoveEndpoint | Change
