"""The events of consents and of legal holds. All are on the resident's own stream, and are no facts of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from shared.kernel.event import Event
from shared.kernel.times import Time

ConsentPurpose = Literal["service", "health", "emergency-contact"]
"""What a resident agrees to: that what is said in requests and at visits is kept (`service`); that notes and
a disability are (`health`); that relatives to turn to are (`emergency-contact`)."""
HoldReason = Literal["litigation", "investigation", "complaint", "audit"]
"""Why nothing of a resident may be deleted."""

COVERED: Mapping[ConsentPurpose, frozenset[str]] = {
    "service": frozenset(),
    "health": frozenset({"notes", "flags.disabled"}),
    "emergency-contact": frozenset({"guardian", "emergency_contact"}),
}
"""What of the details that registry keeps each consent covers: a field, or one word of a list."""
COVERS_ELSEWHERE: frozenset[ConsentPurpose] = frozenset({"service"})
"""The consents that cover all which the other services keep sealed about a resident."""


class ConsentGiven(Event):
    """A resident agrees that what `purpose` covers is kept; until some time, or until it is withdrawn."""

    type: ClassVar[str] = "consent-given"

    purpose: ConsentPurpose
    given_at: Time
    until: Time | None = None


class ConsentWithdrawn(Event):
    """A resident agrees no longer: what `purpose` covers is deleted, of all `persons` that are this one.

    `held`: a legal hold is in the way, so that nothing is deleted yet. Once the last hold is released the
    same is said again without it.
    """

    type: ClassVar[str] = "consent-withdrawn"

    purpose: ConsentPurpose
    persons: tuple[str, ...]
    held: bool | None = None


class HoldPlaced(Event):
    """Nothing that is kept of a resident may be deleted until this hold is released."""

    type: ClassVar[str] = "hold-placed"

    hold: str
    reason: HoldReason


class HoldReleased(Event):
    """A hold is over. With the last one, what was withdrawn meanwhile is withdrawn anew, and not `held`."""

    type: ClassVar[str] = "hold-released"

    hold: str


class ErasureRefused(Event):
    """An erasure was asked for, and `holds` were in the way."""

    type: ClassVar[str] = "erasure-refused"

    holds: tuple[str, ...]
