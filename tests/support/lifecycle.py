"""What each command comes to in each state of a request, tried in all situations of `story_of_life.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from services.dispatch.domain.clock import Pass, deadlines
from services.dispatch.domain.request import REQUEST, Command
from shared.folds.request_state import Request, Status
from shared.kernel.decider import Refused
from tests.support.given import as_stored
from tests.support.story_of_life import COMMANDS, SITUATIONS

STATUSES: tuple[Status, ...] = tuple(status for status in get_args(Status) if status != "none")
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of `command` in a situation: the events' types, or the code of the rule that said no."""

    command: str
    before: Status
    after: Status
    events: tuple[str, ...] = ()
    code: str | None = None

    @property
    def said(self) -> str:
        """The code, the type of the last event, or `nothing`."""
        return self.code or (self.events[-1] if self.events else NOTHING)


def outcomes() -> Iterator[Outcome]:
    """Each command in each situation."""
    for history in SITUATIONS.values():
        state = REQUEST.fold.over(as_stored(history))
        for name, command in COMMANDS.items():
            yield _outcome(name, command, state)


def by_the_clock() -> Iterator[Outcome]:
    """Each deadline in each situation; named by its kind."""
    for history in SITUATIONS.values():
        state = REQUEST.fold.over(as_stored(history))
        for deadline in deadlines(state):
            yield _outcome(deadline.kind, Pass(deadline, deadline.due), state)


def _outcome(name: str, command: Command, state: Request) -> Outcome:
    try:
        decided = REQUEST.decide(command, state)
    except Refused as refused:
        return Outcome(name, state.status, state.status, code=refused.code)
    after = REQUEST.fold.over(decided, state).status
    return Outcome(name, state.status, after, tuple(event.type for event in decided))
