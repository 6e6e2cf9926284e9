"""The decider: a decision is a pure function of a command and of what happened before.

Source: Chassaing's "functional event sourcing decider"; see docs/architecture.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.kernel.canonical import Json

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")


NOT_FOUND = "nothing that you may see has this id; check the id, and whose token you sent"
"""Said of what is not there and of what is another's, in the same words, so that they tell neither apart."""


class Refused(Exception):
    """A rule said no. `code` is stable and part of the interface; `message` tells a person what is wrong and
    what to do about it.

    Neither may hold anything that the caller sent, nor anything personal.
    """

    def __init__(self, code: str, message: str, **facts: Json) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.facts = facts


def require(condition: bool, code: str, message: str, **facts: Json) -> None:
    """Raise `Refused(code, message)` unless `condition` holds."""
    if not condition:
        raise Refused(code, message, **facts)


@dataclass(frozen=True, slots=True)
class Fold(Generic[S, E]):
    """What the events of one kind of stream mean. `evolve` never raises and never validates."""

    initial: S
    evolve: Callable[[S, E], S]

    def over(self, events: Iterable[E], state: S | None = None) -> S:
        """The state after `events`, from `state` or from the beginning."""
        current = self.initial if state is None else state
        for event in events:
            current = self.evolve(current, event)
        return current


@dataclass(frozen=True, slots=True)
class Decider(Generic[C, S, E]):
    """A fold and the policy over it. `decide` raises `Refused`; an empty answer means "already so"."""

    decide: Callable[[C, S], Sequence[E]]
    fold: Fold[S, E]
