"""Records go stale: 90 days after a thing was last registered, amended or confirmed, an event says so.

Armed by registry's own log and fired by a durable timer. The event's commit has an id made of the event that
armed it, so that it is recorded once however many replicas look.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.registry.domain.record import RECORD, Command, GoStale, decode
from services.registry.entries import KINDS
from shared.events.index import BY_SERVICE
from shared.events.registry import Amendment, ClientRegistered, Ending, RecordAssured, RecordsMerged
from shared.folds.record import Record
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.commit import Actor, Answer, StoredEvent
from shared.kernel.event import Event
from shared.kernel.times import parse_time
from shared.runtime.execute import Aggregate, Context, Executor, Transaction
from shared.runtime.log import CommitLog
from shared.runtime.timers import Timer, Timers

AFTER = timedelta(days=90)
KIND = "record-stale"

# No person keeps a client up; it has an end of its own.
_KINDS = frozenset(KINDS.values()) - {KINDS[ClientRegistered.type]}
_OURS = BY_SERVICE["registry"]
CONFIRMING = frozenset(
    {name for name, model in _OURS.items() if name in KINDS or issubclass(model, Amendment)}
    | {RecordAssured.type}
)
"""Events after which a record is taken to be so for another 90 days."""
ENDING = frozenset(name for name, model in _OURS.items() if issubclass(model, Ending))

_RECORDS: Aggregate[Command, Record, Event] = Aggregate(RECORD, decode)
_ACTOR = Actor("system", "registry")


class Staleness:
    """What arms the timers, and what is done when one is due."""

    def __init__(self, timers: Timers, log: CommitLog, executor: Executor) -> None:
        self._timers = timers
        self._log = log
        self._executor = executor

    async def follow(self, events: Sequence[CloudEvent]) -> None:
        """Arm and disarm by registry's own events. A timer that is armed too early arms itself anew."""
        armed: dict[str, datetime | None] = {}
        for event in events:
            if event.stream.partition("-")[0] not in _KINDS:
                continue
            if event.type in CONFIRMING:
                armed[event.stream] = parse_time(event.time)
            elif event.type in ENDING or (event.type == RecordsMerged.type and "into" in event.data):
                armed[event.stream] = None
        await self._timers.arm([_timer(id, since) for id, since in armed.items() if since is not None])
        await self._timers.disarm([_key(id) for id, since in armed.items() if since is None])

    async def look(self) -> int:
        """Record what has gone stale by now; how many timers were due."""
        return await self._timers.look(self.fire)

    async def fire(self, timer: Timer) -> None:
        """Record that a thing went stale, unless it was confirmed since its timer was armed."""
        id = str(timer.data["id"])
        last = _last_confirmed(await self._log.stream(id))
        if last is None:
            return
        since = parse_time(last.occurred_at)
        if since + AFTER > self._timers.clock():
            await self._timers.arm([_timer(id, since)])
            return

        async def work(transaction: Transaction) -> Answer:
            await transaction.load(_RECORDS, id)
            if _last_confirmed(await self._log.stream(id)) == last:
                await transaction.decide(_RECORDS, id, GoStale(id, since))
            return Answer(200, {"id": id})

        commit_id = f"{KIND}:{id}@{last.version}"
        moment = self._timers.clock()
        context = Context(_ACTOR, moment, commit_id, commit_id, repeatable=True, causation=last.id)
        await self._executor.execute(context, work)


def _timer(id: str, since: datetime) -> Timer:
    return Timer(_key(id), since + AFTER, {"id": id})


def _key(id: str) -> str:
    return f"{KIND}:{id}"


def _last_confirmed(events: Sequence[StoredEvent]) -> StoredEvent | None:
    return next((event for event in reversed(events) if event.type in CONFIRMING), None)
