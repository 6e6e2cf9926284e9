"""How much more a unit can take on of a service, as it declared; a stream for each unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.events.dispatch import CapacityDeclared
from shared.folds.capacity import FOLD, Declared
from shared.kernel.decider import Decider
from shared.kernel.event import Event


@dataclass(frozen=True, slots=True)
class Declare:
    """A unit says how much more it can take on."""

    facts: CapacityDeclared


def decide(command: Declare, declared: Declared) -> Sequence[Event]:
    """The declaration; none if it is so already."""
    facts = command.facts
    return [] if declared.by_service.get(facts.service) == facts.capacity else [facts]


def capacity_stream(unit: str) -> str:
    """The stream of what a unit declares."""
    return f"capacity-{unit.removeprefix('unit-')}"


CAPACITY: Decider[Declare, Declared, Event] = Decider(decide, FOLD)
