"""What is done when a deadline of a request is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from services.dispatch.aggregates import REQUESTS
from services.dispatch.clocks import Due
from services.dispatch.deciding import decide_on
from services.dispatch.domain.clock import Deadline, Kind, Pass
from services.dispatch.matchmaker import Matchmaker
from services.dispatch.offering import offer_to_the_best
from services.dispatch.working_days import WorkingDays
from shared.kernel.commit import Actor, Answer
from shared.kernel.times import parse_time
from shared.runtime.execute import Context, Executor, Transaction

ACTOR = Actor("system", "dispatch")
RETURNS = frozenset({"offer", "referral", "resume"})
"""After these somebody may have to be asked."""


@dataclass(frozen=True, slots=True)
class Firing:
    """Decides what a deadline means, once, whoever comes first."""

    executor: Executor
    working_days: WorkingDays
    matchmaker: Matchmaker
    basis: Callable[[], str]

    async def __call__(self, due: Due, now: datetime) -> None:
        """Record what happens at `due`; nothing, if something else happened before."""
        deadline = Deadline(cast(Kind, due.kind), parse_time(due.at), due.item)

        async def work(transaction: Transaction) -> Answer:
            state = await transaction.load(REQUESTS, due.id)
            if state.created is not None:
                calendar = self.working_days.calendar_of(state.created.community)
                await decide_on(transaction, due.id, Pass(deadline, now, calendar))
                if due.kind in RETURNS:
                    await offer_to_the_best(transaction, self.matchmaker, due.id, self.basis())
            return Answer(200, {"id": due.id})

        commit = f"{due.kind}:{due.item or due.id}@{due.at}"
        await self.executor.execute(Context(ACTOR, now, commit, commit, repeatable=True), work)
