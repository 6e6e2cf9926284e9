"""What every channel is: a way to hand one parcel to one target, that says what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.notify.domain.schedule import Answer
from shared.events.notify import Format, Language, Signature


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one attempt carries. `id` stays the same over all attempts (`webhook-id`).

    `bodies` are CloudEvents as JSON, in the partners' form: one, or those of a digest, oldest first. `more`
    is how many further ones the digest speaks of by their number only.
    """

    id: str
    bodies: Sequence[bytes]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """Where it goes. `address` is a URL, an e-mail address, or the name of a queue; `secrets` are those that
    sign now, the newest first."""

    endpoint: str
    unit: str
    address: str
    secrets: tuple[str, ...] = ()
    signature: Signature = "v1"
    format: Format = "cloudevents"
    language: Language = "zh"


class Channel(Protocol):
    """A way to tell. Nothing that the receiver does raises; what is raised is a fault of ours, and costs the
    delivery no attempt."""

    async def send(self, target: Target, parcel: Parcel, now: datetime) -> Answer:
        """Try once, within the deadline; `now` is the time of the attempt."""
        ...
