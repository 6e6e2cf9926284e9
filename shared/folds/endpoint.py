"""An endpoint: where somebody is told, of what, with which secrets, and whether it is told now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from shared.events.notify import (
    DisabledFor,
    EndpointAmended,
    EndpointDisabled,
    EndpointPaused,
    EndpointRegistered,
    EndpointResumed,
    EndpointSecretRotated,
)
from shared.events.registry import Ending
from shared.folds import record
from shared.folds.credential import Secret
from shared.kernel.decider import Fold
from shared.kernel.event import Event

Status = Literal["active", "paused", "disabled"]


@dataclass(frozen=True, slots=True)
class Endpoint(record.Record):
    """A record of which `facts` is the event that registered it, with what was amended since.

    `address` is the digest of the sealed address, `secrets` those of the sealed secrets, the newest first.
    `reason` is why it is disabled. Of messages up to number `skipped_to` it is not told.
    """

    address: str | None = None
    secrets: tuple[Secret, ...] = ()
    status: Status = "active"
    reason: DisabledFor | None = None
    skipped_to: int = 0

    def live(self, now: datetime) -> tuple[Secret, ...]:
        """The secrets that sign at `now`, the newest first."""
        return tuple(secret for secret in self.secrets if secret.until is None or now < secret.until)


def evolve(endpoint: Endpoint, event: Event) -> Endpoint:
    """The endpoint after `event`."""
    match event:
        case EndpointRegistered(details=details, after=after):
            if endpoint.facts is not None:
                return endpoint
            return Endpoint(facts=event, address=details, secrets=(Secret(details),), skipped_to=after)
        case EndpointAmended(address=address):
            amended = record.amended(endpoint.facts, event)
            return replace(endpoint, facts=amended, address=address or endpoint.address)
        case EndpointSecretRotated(details=details, earlier_until=until):
            earlier = (replace(one, until=min(one.until or until, until)) for one in endpoint.secrets)
            return replace(endpoint, secrets=(Secret(details), *earlier))
        case EndpointPaused():
            return replace(endpoint, status="paused", reason=None)
        case EndpointDisabled(reason=reason):
            return replace(endpoint, status="disabled", reason=reason)
        case EndpointResumed(skipped_to=skipped_to):
            to = max(endpoint.skipped_to, skipped_to or 0)
            return replace(endpoint, status="active", reason=None, skipped_to=to)
        case Ending():
            return replace(endpoint, ended=True, end=event)
        case _:
            return endpoint


FOLD: Fold[Endpoint, Event] = Fold(Endpoint(), evolve)
