"""What the plain things of registry share: they are registered once, and may end once.

Clients, units, volunteers, residents, services, grids, teams, seats and communities are of this kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.events.index import decode
from shared.folds.record import FOLD, Record
from shared.kernel.decider import NOT_FOUND, Decider, require
from shared.kernel.event import Event


@dataclass(frozen=True, slots=True)
class Register:
    """Put `facts` on record."""

    facts: Event


@dataclass(frozen=True, slots=True)
class End:
    """Revoke or erase: `event` says which."""

    event: Event


Command = Register | End


def decide(command: Command, record: Record) -> Sequence[Event]:
    """The events of `command`. Raises Refused: already-registered, not-found."""
    match command:
        case Register(facts):
            if record.facts == facts and not record.ended:
                return []
            message = "something else is on record under this id or code; look at it, or choose another"
            require(record.facts is None, "already-registered", message)
            return [facts]
        case End(event):
            require(record.facts is not None, "not-found", NOT_FOUND)
            return [] if record.ended else [event]


def exists(record: Record, kind: type[Event]) -> bool:
    """Whether `record` is a living thing that `kind` registered."""
    return isinstance(record.facts, kind) and not record.ended


RECORD: Decider[Command, Record, Event] = Decider(decide, FOLD)

__all__ = ["RECORD", "Command", "End", "Register", "decide", "decode", "exists"]
