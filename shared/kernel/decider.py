"""The decider: a decision is a pure function of a command and of what happened before.

Source: Chassaing's "functional event sourcing decider"; see docs/architecture.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")


class Refused(Exception):
    """A rule said no. `code` is stable and part of the interface; `message` explains it to a person.

    Neither may hold anything that the caller sent, nor anything personal.
    """

    def __init__(self, code: str, message: str = "", **facts: str) -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message or code.replace("-", " ")
        self.facts = facts


def require(condition: bool, code: str, message: str = "", **facts: str) -> None:
    """Raise `Refused(code)` unless `condition` holds."""
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
