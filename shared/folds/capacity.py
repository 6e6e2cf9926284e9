"""How much more a unit can take on, service by service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.events.dispatch import Capacity, CapacityDeclared
from shared.kernel.decider import Fold
from shared.kernel.event import Event


@dataclass(frozen=True, slots=True)
class Declared:
    """What a unit declared last of each service."""

    by_service: Mapping[str, Capacity] = field(default_factory=dict)

    def of(self, service: str) -> Capacity:
        """How much more it can take on of `service`: `open`, as long as nothing was declared."""
        return self.by_service.get(service, "open")


def evolve(declared: Declared, event: Event) -> Declared:
    """What holds after `event`."""
    match event:
        case CapacityDeclared(service=service, capacity=capacity):
            return Declared({**declared.by_service, service: capacity})
        case _:
            return declared


FOLD: Fold[Declared, Event] = Fold(Declared(), evolve)
