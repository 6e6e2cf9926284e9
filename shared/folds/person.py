"""A resident as the law sees it: what is on record, the consents, the legal holds, and what was sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.events.registry import (
    ConsentGiven,
    ConsentPurpose,
    ConsentWithdrawn,
    HoldPlaced,
    HoldReason,
    HoldReleased,
    ResidentErased,
    ResidentRegistered,
)
from shared.folds import record as records
from shared.folds.record import Record
from shared.kernel.decider import Fold
from shared.kernel.event import Event


@dataclass(frozen=True, slots=True)
class Consent:
    """What was last said of one purpose. `held`: what it covers is to be deleted, and waits for a hold."""

    given_at: datetime | None = None
    until: datetime | None = None
    withdrawn: bool = False
    held: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold, which is in force until it is released."""

    reason: HoldReason
    released: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """`details` are the digests of all that was ever sealed of the person here, the one in force last."""

    record: Record = field(default_factory=Record)
    consents: Mapping[ConsentPurpose, Consent] = field(default_factory=dict)
    holds: Mapping[str, Hold] = field(default_factory=dict)
    details: tuple[str, ...] = ()

    @property
    def resident(self) -> ResidentRegistered | None:
        """The facts, if this is a resident."""
        facts = self.record.facts
        return facts if isinstance(facts, ResidentRegistered) else None

    @property
    def erased(self) -> bool:
        """Whether the person asked to be forgotten, and was."""
        return isinstance(self.record.end, ResidentErased)

    def held_by(self) -> tuple[str, ...]:
        """The holds in force."""
        return tuple(id for id, hold in self.holds.items() if not hold.released)


def evolve(person: Person, event: Event) -> Person:
    """The person after `event`."""
    match event:
        case ConsentGiven(purpose=purpose, given_at=given_at, until=until):
            return _says(person, purpose, Consent(given_at, until))
        case ConsentWithdrawn(purpose=purpose, held=held):
            said = person.consents.get(purpose, Consent())
            return _says(person, purpose, replace(said, withdrawn=True, held=bool(held)))
        case HoldPlaced(hold=id, reason=reason):
            return replace(person, holds={**person.holds, id: Hold(reason)})
        case HoldReleased(hold=id):
            released = {id: replace(person.holds[id], released=True)} if id in person.holds else {}
            return replace(person, holds={**person.holds, **released})
        case _:
            record = records.evolve(person.record, event)
            digest = getattr(event, "details", None)
            sealed = (*person.details, digest) if digest is not None else person.details
            return replace(person, record=record, details=sealed)


def _says(person: Person, purpose: ConsentPurpose, consent: Consent) -> Person:
    return replace(person, consents={**person.consents, purpose: consent})


FOLD: Fold[Person, Event] = Fold(Person(), evolve)
