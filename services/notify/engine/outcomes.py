"""The outcomes of attempts: put into notify's log in batches, then set on the deliveries.

The log comes first. An outcome that a crash swallows was never known: its delivery is sent again. One that is
in the log is set on its delivery by following the log, however late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from services.notify.deliveries import Deliveries
from services.notify.records import delivery_id
from shared.events.notify import Attempted, Failed, NotificationDelivered, NotificationFailed
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.commit import Actor, Draft, StoredEvent
from shared.kernel.event import Event
from shared.kernel.times import format_time
from shared.runtime.ids import new_event_id, new_id
from shared.runtime.log import CommitExists, CommitLog
from shared.runtime.mongo import PyMongoError, StoreUnavailable
from shared.runtime.service import Reaction

ACTOR = Actor("system", "notify")
BATCH = 250
EVERY_S = 0.5
UNSETTLED = 2000
"""With more outcomes than this not yet on their deliveries, no attempt is begun: the store is behind."""

log = structlog.get_logger()

Settled = Callable[[Attempted], None]


@dataclass(frozen=True, slots=True)
class Made:
    """An attempt that was made, and what was answered."""

    attempt: Attempted
    answer: bytes


class Outcomes:
    """Takes outcomes from the engine. Run `run` under `keep_going`; follow notify's log by `reactions`."""

    def __init__(self, log: CommitLog, deliveries: Deliveries, community: str) -> None:
        self._log = log
        self._deliveries = deliveries
        self._community = community
        self._waiting: list[Made] = []
        self._unsettled = 0
        self._draft: tuple[Draft, list[Made]] | None = None
        self._logged: list[tuple[int, Sequence[Made]]] = []
        self._set: set[str] = set()
        """Events of the log whose outcomes this process has set already."""
        self._some = asyncio.Event()
        self._landed = asyncio.Event()
        self._many = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._settled: Settled = lambda _: None

    def tell(self, settled: Settled) -> None:
        """Call `settled` with each outcome of this process that has been set on its delivery."""
        self._settled = settled

    async def room(self) -> None:
        """Wait until more outcomes can be taken."""
        await self._room.wait()

    def record(self, attempt: Attempted, answer: bytes) -> None:
        """Take an outcome; it is in the log within about a second."""
        self._waiting.append(Made(attempt, answer))
        self._unsettled += 1
        self._some.set()
        if len(self._waiting) >= BATCH:
            self._many.set()
        if self._unsettled >= UNSETTLED:
            self._room.clear()

    async def run(self) -> None:
        """Report what is taken, every half second or every 250; and the rest when cancelled."""
        try:
            while True:
                await self._some.wait()
                with suppress(TimeoutError):
                    async with asyncio.timeout(EVERY_S):
                        await self._many.wait()
                await self._report()
        except asyncio.CancelledError:
            await self._report_the_rest()
            raise

    async def _report_the_rest(self) -> None:
        try:
            while self._waiting or self._draft or self._logged:
                await self._report()
        except (StoreUnavailable, PyMongoError):
            log.warning("outcomes-not-reported", count=len(self._waiting))

    async def _report(self) -> None:
        """Put the first batch into the log, then on the deliveries. A failed try is repeated with the same
        id: it may have landed."""
        if self._waiting or self._draft is not None:
            if self._draft is None:
                batch = self._waiting[:BATCH]
                self._draft = self._drafted(batch), batch
            draft, batch = self._draft
            try:
                commit = await self._log.append(draft)
            except CommitExists as exists:
                commit = exists.commit
            self._set |= {event.id for event in commit.events}
            self._logged.append((commit.pos, batch))
            self._draft = None
            del self._waiting[: len(batch)]
        if not self._waiting:
            self._some.clear()
        if len(self._waiting) < BATCH:
            self._many.clear()
        while self._logged:
            await self._settle(*self._logged[0])
            del self._logged[0]
            self._landed.set()

    async def _settle(self, pos: int, batch: Sequence[Made]) -> None:
        answers = {
            delivery_id(made.attempt.endpoint, made.attempt.number): made.answer
            for made in batch
            if made.answer
        }
        try:
            await self._deliveries.settle(pos, [made.attempt for made in batch], answers)
        except BaseException:
            self._some.set()  # so that it is tried again
            raise
        self._unsettled -= len(batch)
        if self._unsettled < UNSETTLED:
            self._room.set()
        for made in batch:
            self._settled(made.attempt)

    def _drafted(self, batch: Sequence[Made]) -> Draft:
        attempts = [made.attempt for made in batch]
        failed = [attempt for attempt in attempts if isinstance(attempt, Failed)]
        delivered = [attempt for attempt in attempts if not isinstance(attempt, Failed)]
        events: list[Event] = []
        if delivered:
            events.append(
                NotificationDelivered.model_construct(community=self._community, deliveries=tuple(delivered))
            )
        if failed:
            events.append(NotificationFailed(community=self._community, deliveries=tuple(failed)))
        stream, now = new_id("deliveries"), format_time(datetime.now(UTC))
        stored = [
            StoredEvent(
                id=new_event_id(),
                type=event.type,
                stream=stream,
                version=version,
                data=event.model_dump(mode="json", exclude_none=True),
                occurred_at=now,
            )
            for version, event in enumerate(events, 1)
        ]
        return Draft(new_event_id(), tuple(stored), ACTOR, correlation=new_event_id())

    def reactions(self) -> dict[str, Reaction]:
        """How the deliveries follow notify's own log, for what a process before has left."""
        return {NotificationDelivered.type: self._delivered, NotificationFailed.type: self._failed}

    async def _delivered(self, event: CloudEvent) -> None:
        await self._follow(event, NotificationDelivered)

    async def _failed(self, event: CloudEvent) -> None:
        await self._follow(event, NotificationFailed)

    async def _follow(
        self, event: CloudEvent, model: type[NotificationDelivered] | type[NotificationFailed]
    ) -> None:
        pos = event.place.pos
        while any(logged == pos for logged, _ in self._logged):
            self._landed.clear()
            await self._landed.wait()  # this process is about to set them, with what was answered
        if event.id in self._set:
            self._set.discard(event.id)
            return
        await self._deliveries.settle(event.place.pos, model.model_validate(event.data).deliveries)
