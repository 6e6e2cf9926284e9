"""What a community declares of days: for registry that decides, dispatch that reckons with it, and audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.events.registry import DayReason, WorkingDayDeclared, WorkingDayWithdrawn
from shared.kernel.decider import Fold
from shared.kernel.event import Event


@dataclass(frozen=True, slots=True)
class Declared:
    """What holds of a day, and why."""

    working: bool
    reason: DayReason


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The days of one community that are not as the country's calendar says, by date (`YYYY-MM-DD`)."""

    days: Mapping[str, Declared] = field(default_factory=dict)


def evolve(known: WorkingDays, event: Event) -> WorkingDays:
    """The days after `event`."""
    match event:
        case WorkingDayDeclared(date=date, working=working, reason=reason):
            return WorkingDays({**known.days, date: Declared(working, reason)})
        case WorkingDayWithdrawn(date=date):
            return WorkingDays({day: said for day, said in known.days.items() if day != date})
        case _:
            return known


FOLD: Fold[WorkingDays, Event] = Fold(WorkingDays(), evolve)


def stream_of(community: str) -> str:
    """The stream of a community's days."""
    return f"working-days-{community}"
