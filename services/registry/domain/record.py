"""What the plain things of registry share: registered once, amended, confirmed, gone stale, merged, ended.

Communities, grids, units, teams, facilities and clients are of this kind; volunteers, residents, services,
seats and agreements share the commands and have rules of their own besides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.events.index import decode
from shared.events.registry import Amendment, Erasing, RecordAssured, RecordsMerged, RecordStale
from shared.folds.record import FOLD, NOT_FACTS, Record
from shared.kernel.decider import NOT_FOUND, Decider, require
from shared.kernel.event import Event

ENDED = "this has ended, so that nothing of it can be changed; what was recorded of it stays"
LIKELY_DUPLICATE = "this is likely on record already: look at `candidates`, or send it with confirmed: true"


@dataclass(frozen=True, slots=True)
class Register:
    """Put `facts` on record. `candidates` are the ids of things that are likely the same."""

    facts: Event
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Amend:
    """Change what `amendment` says; what it says is so already is left out of it."""

    amendment: Amendment


@dataclass(frozen=True, slots=True)
class Assure:
    """Confirm that what is on record is so."""

    now: datetime


@dataclass(frozen=True, slots=True)
class GoStale:
    """Nobody has confirmed `id` since `since`."""

    id: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Merge:
    """`id` turned out to be `into`, which is on record as `other`."""

    id: str
    into: str
    other: Record


@dataclass(frozen=True, slots=True)
class Absorb:
    """The other side of a merge: `id` turned out to be this thing."""

    id: str


@dataclass(frozen=True, slots=True)
class End:
    """Revoke, erase, retire, close: `event` says which."""

    event: Event


Command = Register | Amend | Assure | GoStale | Merge | Absorb | End


def decide(command: Command, record: Record) -> Sequence[Event]:
    """The events of `command`.

    Raises Refused: already-registered, likely-duplicate, not-found, record-ended, cannot-merge.
    """
    if isinstance(command, Register):
        return _register(command, record)
    facts = record.facts
    require(facts is not None, "not-found", NOT_FOUND)
    assert facts is not None
    match command:
        case Amend(amendment):
            require(not record.ended, "record-ended", ENDED)
            return what_changes(facts, amendment)
        case Assure(now):
            require(not record.ended, "record-ended", ENDED)
            return [] if record.assured_at == now else [RecordAssured(community=facts.community, at=now)]
        case GoStale(id, since):
            return [] if record.ended or record.stale else [_stale(id, facts, since)]
        case Merge():
            return _merge(command, record, facts)
        case Absorb(id):
            require(not record.ended, "record-ended", ENDED)
            return [] if id in record.absorbed else [RecordsMerged(community=facts.community, absorbed=id)]
        case End(event):
            # Who moved away, or was on record twice, can be erased all the same.
            erases = isinstance(event, Erasing) and not isinstance(record.end, Erasing)
            return [event] if erases or not record.ended else []


def _register(command: Register, record: Record) -> Sequence[Event]:
    if record.facts == command.facts and not record.ended:
        return []
    message = "something else is on record under this id or code; look at it, or choose another"
    require(record.facts is None, "already-registered", message)
    require(not command.candidates, "likely-duplicate", LIKELY_DUPLICATE, candidates=[*command.candidates])
    return [command.facts]


def what_changes(facts: Event, amendment: Amendment) -> Sequence[Amendment]:
    """`amendment` with only what is not so already; empty if all is."""
    fields = type(facts).model_fields
    ours = fields.keys() - NOT_FACTS
    told = {name: value for name, value in amendment if name in ours and value is not None}
    changed = {name: value for name, value in told.items() if getattr(facts, name) != value}
    cleared = tuple(name for name in amendment.cleared if getattr(facts, name) != fields[name].default)
    if not changed and not cleared:
        return []
    kept = {name: None for name in told if name not in changed}
    return [amendment.model_copy(update={**kept, "cleared": cleared})]


def _merge(command: Merge, record: Record, facts: Event) -> Sequence[Event]:
    if record.merged_into == command.into:
        return []
    require(not record.ended, "record-ended", ENDED)
    other = command.other
    message = "only two things of one kind and one community that are both in use can be merged"
    fits = other.facts is not None and not other.ended and command.id != command.into
    require(fits and type(other.facts) is type(facts), "cannot-merge", message)
    assert other.facts is not None
    require(other.facts.community == facts.community, "cannot-merge", message)
    return [RecordsMerged(community=facts.community, into=command.into)]


def _stale(id: str, facts: Event, since: datetime) -> RecordStale:
    keeper = keeper_of(id, facts)
    units = (keeper,) if keeper.startswith("unit-") else ()
    return RecordStale(community=facts.community, units=units, keeper=keeper, since=since)


def keeper_of(id: str, facts: Event) -> str:
    """Who confirms a thing: the unit whose it is, or the community's own record, for its office."""
    if id.startswith("unit-"):
        return id
    unit: str | None = getattr(facts, "unit", None) or getattr(facts, "keeper", None)
    return unit or f"community-{facts.community}"


def exists(record: Record, kind: type[Event]) -> bool:
    """Whether `record` is a living thing that `kind` registered."""
    return isinstance(record.facts, kind) and not record.ended


RECORD: Decider[Command, Record, Event] = Decider(decide, FOLD)

__all__ = [
    "RECORD",
    "Absorb",
    "Amend",
    "Assure",
    "Command",
    "End",
    "GoStale",
    "Merge",
    "Register",
    "decide",
    "decode",
    "exists",
    "keeper_of",
    "what_changes",
]
