"""dispatch's log with replicas that look at a clock of the test's own, so that a year passes in seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.dispatch.clocks import Clocks
from services.dispatch.deciding import decide_on
from services.dispatch.directory import Directory
from services.dispatch.domain.intake import Create, response_span
from services.dispatch.domain.request import Command
from services.dispatch.domain.working_time import NATIONAL
from services.dispatch.duties import Duties
from services.dispatch.firing import Firing
from services.dispatch.matchmaker import Matchmaker
from services.dispatch.roster import Roster
from services.dispatch.views import Requests
from services.dispatch.working_days import WorkingDays
from shared.events.dispatch import RequestCreated
from shared.kernel.cloudevent import heard
from shared.kernel.commit import Actor, Answer
from shared.kernel.times import parse_time
from shared.runtime.execute import Context, Executor, Transaction
from shared.runtime.ids import new_event_id
from shared.runtime.mongo import Database
from shared.runtime.sealed import SealedDetails
from shared.runtime.store import EventStore

CLOCK = frozenset(
    {
        *("sla-warned", "sla-breached", "request-escalated", "request-resumed", "request-closed"),
        *("assignment-expired", "referral-expired", "visit-missed"),
    }
)
"""What the clock alone records, unless somebody asks for it."""


@dataclass
class Replica:
    """One process's view of the log, and its clock."""

    view: Requests
    clocks: Clocks
    firing: Firing
    told: int = 0

    async def look(self) -> None:
        """Have happen what is due."""
        await self.clocks.look(self.firing)


@dataclass
class Clockwork:
    """The log, the time, and who looks."""

    database: Database
    store: EventStore
    executor: Executor
    now: datetime
    replicas: list[Replica] = field(default_factory=list)

    @classmethod
    async def of(cls, database: Database, sealed: SealedDetails, now: str, replicas: int = 2) -> Clockwork:
        """As many replicas on one store, at a time."""
        store = EventStore(database)
        await store.start()
        made = cls(database, store, Executor(store, sealed), parse_time(now))
        for _ in range(replicas):
            await made.start()
        return made

    async def start(self) -> Replica:
        """A replica begins, with nothing in memory, and reads the log."""
        view = Requests(self.store.stream)
        clocks = Clocks(view.row, lambda: self.now)
        view.watch(clocks.changed)
        matchmaker = Matchmaker(Directory(self.database), Roster(self.database), Duties())
        firing = Firing(self.executor, WorkingDays(self.database), matchmaker, lambda: "registry@1")
        replica = Replica(view, clocks, firing)
        self.replicas.append(replica)
        await self.tell()
        return replica

    async def create(self, id: str, facts: RequestCreated) -> None:
        """Take a request in now; its clock is set."""
        span = response_span(self.now, facts.response_minutes, facts.working_hours, NATIONAL)
        timed = facts.model_copy(update={"due": span.due, "warn_at": span.warn_at})
        await self.does(id, lambda _: Create(timed))

    async def does(self, id: str, command: Callable[[datetime], Command]) -> None:
        """Run a command now, and tell the replicas of it."""

        async def work(transaction: Transaction) -> Answer:
            await decide_on(transaction, id, command(self.now))
            return Answer(200, {})

        actor = Actor("dispatcher", "client-1")
        await self.executor.execute(Context(actor, self.now, "c", new_event_id()), work)
        await self.tell()

    async def tell(self) -> None:
        """Every replica hears what is new to it."""
        for replica in self.replicas:
            for commit in await self.store.read(replica.told, 1000):
                replica.told = commit.pos
                await replica.view.follow(heard("dispatch", commit))

    async def passes(self, time: timedelta, steps: int = 1) -> None:
        """Let time go by; all look at the end of each step, at once."""
        for _ in range(steps):
            self.now += time / steps
            await asyncio.gather(*(replica.look() for replica in self.replicas))
            await self.tell()

    async def said(self, id: str) -> list[str]:
        """What the clock had recorded of a request, in order; with the level of an escalation."""
        found = []
        for event in await self.store.stream(id):
            if event.type in CLOCK:
                level = event.data.get("level")
                found.append(event.type if level is None else f"{event.type}:{level}")
        return found
