"""What a resident may ask for by law, and what stands in the way of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from services.registry.domain.record import ENDED
from shared.events.registry import (
    COVERED,
    ConsentGiven,
    ConsentPurpose,
    ConsentWithdrawn,
    ErasureRefused,
    HoldPlaced,
    HoldReason,
    HoldReleased,
    ResidentAmended,
    ResidentErased,
)
from shared.folds.person import FOLD, Person
from shared.kernel.canonical import Json
from shared.kernel.decider import NOT_FOUND, Decider, require
from shared.kernel.event import Event

CONSENT_OVER = "`until` is over already; choose a time that is to come, or leave it out"


@dataclass(frozen=True, slots=True)
class GiveConsent:
    """The resident agrees from `now` on."""

    purpose: ConsentPurpose
    now: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class WithdrawConsent:
    """The resident, whose records are `persons`, agrees no longer; `held` if a hold is on one of them.

    What was withdrawn under a hold is withdrawn again once it is held no longer.
    """

    purpose: ConsentPurpose
    persons: tuple[str, ...]
    held: bool


@dataclass(frozen=True, slots=True)
class PlaceHold:
    """Keep whatever there is of a person, come what may."""

    id: str
    reason: HoldReason


@dataclass(frozen=True, slots=True)
class ReleaseHold:
    """A hold is over."""

    id: str


@dataclass(frozen=True, slots=True)
class Reseal:
    """What is kept sealed is `details` from now on, even of who moved away."""

    details: str


@dataclass(frozen=True, slots=True)
class Erase:
    """Forget the person; if `holds` are in the way, say on record that it was refused."""

    holds: tuple[str, ...] = ()


Command = GiveConsent | WithdrawConsent | PlaceHold | ReleaseHold | Reseal | Erase


def decide(command: Command, person: Person) -> Sequence[Event]:
    """The events of `command`. Raises Refused: not-found, record-ended, consent-over."""
    facts = person.resident
    require(facts is not None, "not-found", NOT_FOUND)
    assert facts is not None
    community = facts.community
    match command:
        case GiveConsent():
            return _give(command, person, community)
        case WithdrawConsent(purpose, persons, held):
            said = person.consents.get(purpose)
            if said is not None and said.withdrawn and (held or not said.held):
                return []
            kept = True if held else None
            return [ConsentWithdrawn(community=community, purpose=purpose, persons=persons, held=kept)]
        case PlaceHold(id, reason):
            return [] if id in person.holds else [HoldPlaced(community=community, hold=id, reason=reason)]
        case ReleaseHold(id):
            require(id in person.holds, "not-found", NOT_FOUND)
            return [] if person.holds[id].released else [HoldReleased(community=community, hold=id)]
        case Reseal(details):
            return [] if person.erased else [ResidentAmended(community=community, details=details)]
        case Erase(holds):
            if person.erased:
                return []
            refused = ErasureRefused(community=community, holds=holds)
            return [refused] if holds else [ResidentErased(community=community)]
    assert_never(command)


def _give(command: GiveConsent, person: Person, community: str) -> Sequence[Event]:
    require(not person.record.ended, "record-ended", ENDED)
    until = command.until
    require(until is None or until > command.now, "consent-over", CONSENT_OVER)
    said = person.consents.get(command.purpose)
    if said is not None and not said.withdrawn and said.until == until:
        return []
    given = ConsentGiven(
        community=community, purpose=command.purpose, given_at=command.now, until=command.until
    )
    return [given]


def without(content: Mapping[str, Json], purposes: Sequence[ConsentPurpose]) -> dict[str, Json]:
    """`content` without what the consents for `purposes` cover."""
    covered = {field for purpose in purposes for field in COVERED[purpose]}
    left = {name: value for name, value in content.items() if name not in covered}
    for name, value in left.items():
        if isinstance(value, list):
            left[name] = [word for word in value if f"{name}.{word}" not in covered]
    return left


PERSON: Decider[Command, Person, Event] = Decider(decide, FOLD)
