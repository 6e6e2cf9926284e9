"""Given what happened, when this is asked, then that is decided: how a decider's tests read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import pytest

from shared.events.index import decode
from shared.kernel.canonical import Json, decode_object, encode
from shared.kernel.decider import Decider, Refused
from shared.kernel.event import Event

C = TypeVar("C")
S = TypeVar("S")


def as_stored(events: Sequence[Event]) -> list[Event]:
    """`events` as they come back from a log, where they are JSON without what is None."""
    found = []
    for event in events:
        data = decode_object(encode(event.model_dump(mode="json", exclude_none=True)))
        read = decode(event.type, data)
        assert read is not None, f"{event.type} is not in the index"
        found.append(read)
    return found


@dataclass(frozen=True, slots=True)
class When(Generic[C, S]):
    """A command in the state that the history led to."""

    decider: Decider[C, S, Event]
    state: S
    command: C

    def then(self, *expected: Event) -> None:
        """Just these events are decided; the store can keep them, and they fold."""
        decided = list(self.decider.decide(self.command, self.state))
        assert decided == list(expected)
        assert as_stored(decided) == decided
        self.decider.fold.over(decided, self.state)

    def then_nothing(self) -> None:
        """It is so already."""
        assert list(self.decider.decide(self.command, self.state)) == []

    def refused(self, code: str, **facts: Json) -> None:
        """The rule with this code says no."""
        with pytest.raises(Refused) as refusal:
            self.decider.decide(self.command, self.state)
        assert (refusal.value.code, refusal.value.facts) == (code, facts)


@dataclass(frozen=True, slots=True)
class Given(Generic[C, S]):
    """A decider and the state that its history led to."""

    decider: Decider[C, S, Event]
    state: S

    def when(self, command: C) -> When[C, S]:
        """Ask for `command`."""
        return When(self.decider, self.state, command)


def given(decider: Decider[C, S, Event], *history: Event) -> Given[C, S]:
    """The state after `history`, read as a log gives it."""
    return Given(decider, decider.fold.over(as_stored(history)))
