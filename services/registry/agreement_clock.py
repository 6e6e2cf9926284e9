"""What becomes of agreements by the clock: a renewal is due 30 days before the end, and then they expire.

Armed by registry's own log and fired by durable timers. A commit has an id made of the agreement and of the
end that armed the timer, so that it is recorded once however many replicas look. Access does not wait for
these events: it ends by the clock in every service.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from services.registry.domain.agreement import AGREEMENT, REMINDED, Command, Expire, Remind
from shared.events.index import decode
from shared.events.registry import AgreementEnded, AgreementRenewed, AgreementSigned
from shared.folds.record import Record
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.commit import Actor, Answer
from shared.kernel.event import Event
from shared.kernel.times import format_time, parse_time
from shared.runtime.execute import Aggregate, Context, Executor, Transaction
from shared.runtime.timers import Timer, Timers

RENEWAL = "agreement-renewal-due"
EXPIRY = "agreement-expired"

AGREEMENTS: Aggregate[Command, Record, Event] = Aggregate(AGREEMENT, decode)
_ACTOR = Actor("system", "registry")


class AgreementClock:
    """What arms the timers of agreements, and what is done when one is due."""

    def __init__(self, timers: Timers, executor: Executor) -> None:
        self._timers = timers
        self._executor = executor

    async def follow(self, events: Sequence[CloudEvent]) -> None:
        """Arm and disarm by registry's own events; a later end takes the place of an earlier one."""
        ends: dict[str, datetime | None] = {}
        for event in events:
            if event.type in (AgreementSigned.type, AgreementRenewed.type):
                ends[event.stream] = parse_time(str(event.data["ends_at"]))
            elif event.type == AgreementEnded.type:
                ends[event.stream] = None
        for id, end in ends.items():
            keys = f"{RENEWAL}:{id}", f"{EXPIRY}:{id}"
            if end is None:
                await self._timers.disarm([*keys])
            else:
                data = {"id": id, "ends_at": format_time(end)}
                due = end - REMINDED, end
                await self._timers.arm([Timer(key, at, data) for key, at in zip(keys, due, strict=True)])

    async def fire(self, timer: Timer) -> None:
        """Record that a renewal is due, or that an agreement is over, unless it was renewed meanwhile."""
        kind, id, ends_at = timer.key.partition(":")[0], str(timer.data["id"]), str(timer.data["ends_at"])
        now = self._timers.clock()
        command = Remind(parse_time(ends_at)) if kind == RENEWAL else Expire(now)

        async def work(transaction: Transaction) -> Answer:
            await transaction.decide(AGREEMENTS, id, command)
            return Answer(200, {"id": id})

        commit_id = f"{kind}:{id}@{ends_at}"
        context = Context(_ACTOR, now, commit_id, commit_id, repeatable=True)
        await self._executor.execute(context, work)
