"""A request, from the call that opens it to the rating that closes it: which rules each command goes by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from services.dispatch.domain import (
    between_units,
    clock,
    ending,
    intake,
    pausing,
    placing,
    planning,
    visiting,
)
from services.dispatch.domain.decision import Decision, not_found
from shared.folds.request import FOLD
from shared.folds.request_state import Request
from shared.kernel.decider import Decider
from shared.kernel.event import Event

Command = (
    intake.Command
    | placing.Command
    | planning.Command
    | visiting.Command
    | pausing.Command
    | ending.Command
    | between_units.Command
    | clock.Pass
)


def decide(command: Command, request: Request) -> Sequence[Event]:
    """The events of `command`; none if it is so already. Raises Refused with the code of the rule."""
    if request.created is None:
        if isinstance(command, intake.Create):
            return [command.facts]
        raise not_found()
    decision = Decision(request)
    if isinstance(command, intake.Command):
        intake.decide(command, decision)
    elif isinstance(command, placing.Command):
        placing.decide(command, decision)
    elif isinstance(command, planning.Command):
        planning.decide(command, decision)
    elif isinstance(command, visiting.Command):
        visiting.decide(command, decision)
    elif isinstance(command, pausing.Command):
        pausing.decide(command, decision)
    elif isinstance(command, ending.Command):
        ending.decide(command, decision)
    elif isinstance(command, between_units.Command):
        between_units.decide(command, decision)
    elif isinstance(command, clock.Pass):
        clock.decide(command, decision)
    else:
        assert_never(command)
    return decision.events


REQUEST: Decider[Command, Request, Event] = Decider(decide, FOLD)
