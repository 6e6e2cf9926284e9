"""A volunteer's calendar: nobody is in two places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.dispatch.domain import refusals
from shared.events.dispatch import DutyBooked
from shared.folds.calendar import FOLD, Calendar
from shared.kernel.decider import Decider, Refused
from shared.kernel.event import Event


@dataclass(frozen=True, slots=True)
class Book:
    """Take the volunteer's time; `facts` says for what."""

    facts: DutyBooked


def decide(command: Book, calendar: Calendar) -> Sequence[Event]:
    """The booking; none if this very duty is booked. Raises Refused `volunteer-not-free`, naming the duty."""
    duty, slot = command.facts.duty, command.facts.slot
    if any(found.id == duty and found.slot == slot for found in calendar.duties):
        return []
    if (conflict := calendar.conflict(duty, slot)) is not None:
        raise Refused("volunteer-not-free", refusals.NOT_FREE, conflict=conflict.id)
    return [command.facts]


CALENDAR: Decider[Book, Calendar, Event] = Decider(decide, FOLD)
