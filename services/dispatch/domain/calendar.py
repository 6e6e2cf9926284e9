"""A volunteer's calendar: nobody is in two places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from services.dispatch.domain import refusals
from shared.events.dispatch import DutyBooked, DutyFreed
from shared.folds.calendar import FOLD, Calendar
from shared.kernel.decider import Decider, Refused
from shared.kernel.event import Event


@dataclass(frozen=True, slots=True)
class Book:
    """Take the volunteer's time; `facts` says for what."""

    facts: DutyBooked


@dataclass(frozen=True, slots=True)
class Free:
    """Give the volunteer's time back; `facts` says what it was for."""

    facts: DutyFreed


Command = Book | Free


def decide(command: Command, calendar: Calendar) -> Sequence[Event]:
    """The booking; none if this very duty is booked. Raises Refused `volunteer-not-free`, naming the duty."""
    duty, slot = command.facts.duty, command.facts.slot
    booked = any(found.id == duty and found.slot == slot for found in calendar.duties)
    match command:
        case Free(facts):
            return [facts] if booked else []
        case Book(facts):
            if not booked and (conflict := calendar.conflict(duty, slot)) is not None:
                raise Refused("volunteer-not-free", refusals.NOT_FREE, conflict=conflict.id)
            return [] if booked else [facts]
        case _:
            assert_never(command)


CALENDAR: Decider[Command, Calendar, Event] = Decider(decide, FOLD)
