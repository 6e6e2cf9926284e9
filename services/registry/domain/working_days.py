"""A community's own working days: declared, declared otherwise, taken back. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.events.registry import WorkingDayDeclared, WorkingDayWithdrawn
from shared.folds.working_days import FOLD, Declared, WorkingDays
from shared.kernel.decider import Decider
from shared.kernel.event import Event


@dataclass(frozen=True, slots=True)
class Declare:
    """A day is as `said` says."""

    said: WorkingDayDeclared


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Nothing is said of the day any more."""

    said: WorkingDayWithdrawn


Command = Declare | Withdraw


def decide(command: Command, known: WorkingDays) -> Sequence[Event]:
    """The events of `command`; none if it is so already. Nothing is refused."""
    match command:
        case Declare(said):
            return [] if known.days.get(said.date) == Declared(said.working, said.reason) else [said]
        case Withdraw(said):
            return [said] if said.date in known.days else []


WORKING_DAYS: Decider[Command, WorkingDays, Event] = Decider(decide, FOLD)
