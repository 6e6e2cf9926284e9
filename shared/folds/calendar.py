"""A volunteer's duties in one ISO week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from shared.events.dispatch import DutyBooked, DutyFreed, Slot
from shared.kernel.decider import Fold
from shared.kernel.event import Event


@dataclass(frozen=True, slots=True)
class Duty:
    """A slot that is taken, and by what."""

    id: str
    slot: Slot


@dataclass(frozen=True, slots=True)
class Calendar:
    """The duties of one volunteer that touch one week."""

    duties: tuple[Duty, ...] = ()

    def conflict(self, duty: str, slot: Slot) -> Duty | None:
        """A duty of another request than `duty` is of that overlaps `slot`; within a request its own rules
        see to it."""
        request = duty.partition(".")[0]
        return next(
            (
                found
                for found in self.duties
                if found.id.partition(".")[0] != request and found.slot.overlaps(slot)
            ),
            None,
        )


def evolve(calendar: Calendar, event: Event) -> Calendar:
    """The calendar after `event`."""
    match event:
        case DutyBooked(duty=duty, slot=slot):
            return Calendar((*_without(calendar, duty), Duty(duty, slot)))
        case DutyFreed(duty=duty):
            return Calendar(_without(calendar, duty))
        case _:
            return calendar


def _without(calendar: Calendar, duty: str) -> tuple[Duty, ...]:
    return tuple(found for found in calendar.duties if found.id != duty)


FOLD: Fold[Calendar, Event] = Fold(Calendar(), evolve)


def weeks(volunteer: str, slot: Slot) -> list[str]:
    """The calendar streams that `slot` touches: one for each ISO week (UTC), the last moment excluded."""
    days = (slot.end - timedelta(milliseconds=1)).date() - slot.start.date()
    touched = (slot.start.date() + timedelta(days=day) for day in range(days.days + 1))
    dated = (day.isocalendar() for day in touched)
    return list(dict.fromkeys(f"calendar-{volunteer}-{day.year:04}-w{day.week:02}" for day in dated))
