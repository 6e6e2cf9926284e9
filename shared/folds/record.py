"""The plainest of things: it was registered with some facts, and may have ended."""

from __future__ import annotations

from dataclasses import dataclass

from shared.events.registry import ClientRevoked, ResidentErased
from shared.kernel.decider import Fold
from shared.kernel.event import Event


@dataclass(frozen=True, slots=True)
class Record:
    """A client, a unit, a volunteer, a resident, a service, a grid, a team, a seat, an endpoint.

    `facts` is the event that registered it; `ended` whether it was revoked or erased.
    """

    facts: Event | None = None
    ended: bool = False


def evolve(record: Record, event: Event) -> Record:
    """The record after `event`."""
    match event:
        case ClientRevoked() | ResidentErased():
            return Record(record.facts, ended=True)
        case _:
            return Record(record.facts or event, record.ended)


FOLD: Fold[Record, Event] = Fold(Record(), evolve)
