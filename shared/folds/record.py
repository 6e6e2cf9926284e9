"""The plainest of things: registered with some facts, amended, confirmed from time to time, and ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from shared.events.registry import Amendment, Ending, RecordAssured, RecordsMerged, RecordStale, SeatFilled
from shared.kernel.decider import Fold
from shared.kernel.event import Event

NOT_FACTS = frozenset({"community", "units", "cleared"})
"""What every amendment has, and is no fact of the thing: where it belongs, whom it concerns."""


@dataclass(frozen=True, slots=True)
class Record:
    """A client, a community, a grid, a unit, a team, a facility, a seat, an endpoint, and the like.

    `facts` is the event that registered it, with what was amended since; `end` the event that ended it.
    `assured_at` is when somebody last confirmed it explicitly. `stale`: nobody has for long, as is on record.
    `merged_into` is the thing that it turned out to be, `absorbed` what turned out to be this thing.
    """

    facts: Event | None = None
    ended: bool = False
    end: Event | None = None
    assured_at: datetime | None = None
    stale: bool = False
    merged_into: str | None = None
    absorbed: tuple[str, ...] = ()


def evolve(record: Record, event: Event) -> Record:
    """The record after `event`."""
    match event:
        case Ending():
            return replace(record, ended=True, end=event, stale=False)
        case Amendment():
            return replace(record, facts=amended(record.facts, event), stale=False)
        case RecordAssured(at=at):
            return replace(record, assured_at=at, stale=False)
        case RecordStale():
            return replace(record, stale=True)
        case RecordsMerged(into=into, absorbed=absorbed):
            if into is not None:
                return replace(record, ended=True, end=event, merged_into=into, stale=False)
            return replace(record, absorbed=(*record.absorbed, *([absorbed] if absorbed else [])))
        case SeatFilled():
            return Record(event)  # whoever held it before
        case _:
            return replace(record, facts=record.facts or event)


def amended(facts: Event | None, amendment: Amendment) -> Event | None:
    """`facts` with what `amendment` says of them; what it cannot say of them is left out."""
    if facts is None:
        return None
    fields = type(facts).model_fields
    changed = {name: value for name, value in amendment if name in fields and name not in NOT_FACTS}
    told = {name: value for name, value in changed.items() if value is not None}
    cleared = {
        name: fields[name].default
        for name in amendment.cleared
        if name in fields and name not in NOT_FACTS and not fields[name].is_required()
    }
    return facts.model_copy(update={**cleared, **told})


FOLD: Fold[Record, Event] = Fold(Record(), evolve)
