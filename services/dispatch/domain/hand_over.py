"""The record of a hand-over: a stream of its own, with one event."""

from __future__ import annotations

from collections.abc import Sequence

from shared.events.dispatch import WorkHandedOver
from shared.kernel.decider import Decider, Fold
from shared.kernel.event import Event


def decide(command: WorkHandedOver, done: WorkHandedOver | None) -> Sequence[Event]:
    """The event itself, once."""
    return [] if done is not None else [command]


def evolve(done: WorkHandedOver | None, event: Event) -> WorkHandedOver | None:
    """What was handed over."""
    return event if isinstance(event, WorkHandedOver) else done


HAND_OVER: Decider[WorkHandedOver, WorkHandedOver | None, Event] = Decider(decide, Fold(None, evolve))
