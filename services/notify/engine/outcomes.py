"""The outcomes of attempts: put into notify's log in batches, and set on the deliveries from there.

The log comes first. An outcome that a crash swallows was never known: its delivery is pending and is sent
again. One that is in the log is set on its delivery by following the log, however late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import structlog

from services.notify.deliveries import Deliveries, delivery_id
from shared.events.notify import DeliveriesAttempted, DeliveryOutcome
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.commit import Actor, Draft, StoredEvent
from shared.kernel.times import format_time
from shared.runtime.ids import new_event_id, new_id
from shared.runtime.log import CommitExists, CommitLog
from shared.runtime.mongo import StoreUnavailable
from shared.runtime.service import Reaction

ACTOR = Actor("system", "notify")
BATCH = 200
EVERY_S = 1.0
UNSETTLED = 1000
"""With more outcomes than this not yet on their deliveries, no attempt is begun: the store is behind."""

log = structlog.get_logger()

Settled = Callable[[Sequence[DeliveryOutcome]], None]


class Outcomes:
    """Takes outcomes from the engine. Run `run` under `keep_going`; follow notify's log by `reactions`."""

    def __init__(self, log: CommitLog, deliveries: Deliveries, community: str) -> None:
        self._log = log
        self._deliveries = deliveries
        self._community = community
        self._waiting: list[DeliveryOutcome] = []
        self._unsettled: set[str] = set()
        self._draft: tuple[Draft, int] | None = None
        self._some = asyncio.Event()
        self._many = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._settled: list[Settled] = []

    def tell(self, settled: Settled) -> None:
        """Call `settled` with the outcomes that have been set on their deliveries."""
        self._settled.append(settled)

    async def room(self) -> None:
        """Wait until more outcomes can be taken."""
        await self._room.wait()

    def record(self, outcome: DeliveryOutcome) -> None:
        """Take an outcome; it is in the log within about a second."""
        self._waiting.append(outcome)
        self._unsettled.add(delivery_id(outcome.event, outcome.endpoint))
        self._some.set()
        if len(self._waiting) >= BATCH:
            self._many.set()
        if len(self._unsettled) >= UNSETTLED:
            self._room.clear()

    async def run(self) -> None:
        """Report what is taken, every second or every 200; and the rest when cancelled."""
        try:
            while True:
                await self._some.wait()
                await self._wait_for_many()
                await self._report()
        except asyncio.CancelledError:
            await self._report_the_rest()
            raise

    async def _report_the_rest(self) -> None:
        try:
            while self._waiting:
                await self._report()
        except StoreUnavailable:
            log.warning("outcomes-not-reported", count=len(self._waiting))

    async def _wait_for_many(self) -> None:
        try:
            async with asyncio.timeout(EVERY_S):
                await self._many.wait()
        except TimeoutError:
            return

    async def _report(self) -> None:
        """Put the first batch into the log. A failed try is repeated with the same id: it may have landed."""
        if self._draft is None:
            batch = self._waiting[:BATCH]
            self._draft = self._drafted(batch), len(batch)
        draft, count = self._draft
        with suppress(CommitExists):  # then an earlier try landed
            await self._log.append(draft)
        self._draft = None
        del self._waiting[:count]
        if not self._waiting:
            self._some.clear()
        if len(self._waiting) < BATCH:
            self._many.clear()

    def _drafted(self, outcomes: Sequence[DeliveryOutcome]) -> Draft:
        event = DeliveriesAttempted(community=self._community, outcomes=tuple(outcomes))
        stored = StoredEvent(
            id=new_event_id(),
            type=event.type,
            stream=new_id("deliveries"),
            version=1,
            data=event.model_dump(mode="json", exclude_none=True),
            occurred_at=format_time(datetime.now(UTC)),
        )
        return Draft(new_event_id(), (stored,), ACTOR, correlation=new_event_id())

    def reactions(self) -> dict[str, Reaction]:
        """How the deliveries follow notify's own log."""
        return {DeliveriesAttempted.type: self._attempted}

    async def _attempted(self, event: CloudEvent) -> None:
        outcomes = DeliveriesAttempted.model_validate(event.data).outcomes
        await self._deliveries.settle(outcomes)
        self._unsettled -= {delivery_id(outcome.event, outcome.endpoint) for outcome in outcomes}
        if len(self._unsettled) < UNSETTLED:
            self._room.set()
        for settled in self._settled:
            settled(outcomes)
