"""Seats of the committee: one holder at a time, for a term. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.events.registry import SeatFilled, SeatVacated
from shared.folds.record import FOLD, Record
from shared.kernel.decider import NOT_FOUND, Decider, require
from shared.kernel.event import Event

SEATS: Mapping[str, int] = {"deputy-secretary": 2, "member": 6}
"""How many seats of each kind a committee has."""

TAKEN = "somebody holds this seat; have it vacated first, or wait until the term is over"
BACKWARD = "a term ends after it starts; correct the times"


@dataclass(frozen=True, slots=True)
class Fill:
    """A person of a unit takes the seat, as `facts` say."""

    facts: SeatFilled
    now: datetime


@dataclass(frozen=True, slots=True)
class Vacate:
    """The holder holds it no longer."""

    event: SeatVacated


Command = Fill | Vacate


def is_free(seat: Record, now: datetime) -> bool:
    """Whether nobody holds the seat at `now`."""
    holder = seat.facts
    if not isinstance(holder, SeatFilled) or seat.ended:
        return True
    return holder.ends_at is not None and holder.ends_at <= now


def decide(command: Command, seat: Record) -> Sequence[Event]:
    """The events of `command`. Raises Refused: seat-taken, term-backward, not-found."""
    match command:
        case Fill(facts, now):
            ends = facts.ends_at
            backward = ends is not None and facts.starts_at is not None and ends <= facts.starts_at
            require(not backward, "term-backward", BACKWARD)
            require(is_free(seat, now), "seat-taken", TAKEN)
            return [facts]
        case Vacate(event):
            require(seat.facts is not None, "not-found", NOT_FOUND)
            return [] if seat.ended else [event]


SEAT: Decider[Command, Record, Event] = Decider(decide, FOLD)
