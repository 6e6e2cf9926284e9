"""The deliveries of one endpoint: a few in memory, fewer on their way, the rest in the store."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from services.notify.deliveries import Deliveries, Delivery, Stretch, position
from services.notify.engine.outcomes import Outcomes
from shared.events.notify import DeliveryOutcome
from shared.kernel.times import format_time, parse_time

IN_FLIGHT = 4
IN_MEMORY = 128
HELD_S = 5.0
"""How long a delivery rests that could not even be tried, through a fault of ours."""
GRACE_S = 1.0
"""How long a stop waits for the answers to what is on its way: what is broken off is sent a second time."""

log = structlog.get_logger()

Attempt = Callable[[Delivery], Awaitable[DeliveryOutcome]]


@dataclass(slots=True)
class Span:
    """The moments between which the store may hold pending deliveries that are not in memory."""

    start: str = ""
    end: str = ""

    def add(self, start: str, end: str) -> None:
        """Widen it so that it reaches from `start` (a moment or a position) to `end`."""
        self.start = min(self.start, start) if self.start else start
        self.end = max(self.end, end)

    def take(self) -> tuple[str, str]:
        """What it was; from now on it is empty."""
        start, end = self.start, self.end
        self.start = self.end = ""
        return start, end

    def is_due(self, now: str) -> bool:
        """Whether it begins in the past."""
        return bool(self.start) and self.start[:24] <= now


class Lane:
    """Sends the deliveries of `endpoint`. Run `run` under `keep_going`; `turns` is shared by all lanes.

    It waits in `turns` with one delivery at a time, and that queue is fair: so lanes take turns.
    """

    def __init__(
        self,
        endpoint: str,
        deliveries: Deliveries,
        outcomes: Outcomes,
        attempt: Attempt,
        turns: asyncio.Semaphore,
    ) -> None:
        self._endpoint = endpoint
        self._deliveries = deliveries
        self._outcomes = outcomes
        self._attempt = attempt
        self._turns = turns
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._queue: deque[Delivery] = deque()
        self._in_hand: set[str] = set()
        self._left: set[str] | None = None
        """While the store is read: what left our hands meanwhile, and may still be read as it was before."""
        self._span = Span()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def offer(self, delivery: Delivery) -> None:
        """Take a delivery that was just inserted; behind what waits in the store, it stays there."""
        if delivery.id in self._in_hand:
            return
        if len(self._queue) >= IN_MEMORY or self._span.is_due(_now()):
            self._span.add(delivery.next_at, delivery.next_at)
        else:
            self._take(delivery)
        self._wake.set()

    def expect(self, start: str, end: str) -> None:
        """The store may hold deliveries that are due between these moments."""
        self._span.add(start, end)
        self._wake.set()

    def settled(self, outcome: DeliveryOutcome, id: str) -> None:
        """The outcome is set on its delivery, which is in the store's hands again."""
        self._release(id)
        if outcome.next_at is not None:
            moment = format_time(outcome.next_at)
            self.expect(moment, moment)

    async def run(self) -> None:
        """Send what is due, for ever; sleeps when there is nothing."""
        while True:
            self._wake.clear()
            if len(self._queue) <= IN_MEMORY // 2 and self._span.is_due(_now()):
                await self._load()
            if self._queue:
                await self._start_next()
            elif not self._span.is_due(_now()):
                await self._rest()

    async def stop(self) -> None:
        """Wait a little for what is on its way, then break it off; it is sent again after the next start."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE_S)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _release(self, id: str) -> None:
        self._in_hand.discard(id)
        if self._left is not None:
            self._left.add(id)

    def _take(self, delivery: Delivery) -> None:
        self._queue.append(delivery)
        self._in_hand.add(delivery.id)

    async def _load(self) -> None:
        """Fill the queue from the span's beginning, and leave in it what was not seen."""
        start, end = self._span.take()
        try:
            until = min(end, _now())
            limit = IN_MEMORY - len(self._queue)
            found = await self._read(Stretch(self._endpoint, "pending", start, until), limit)
            if len(found) == limit:
                self._span.add(position(found[-1].next_at, found[-1].event), end)
            elif until < end:
                rest = Stretch(self._endpoint, "pending", until + "|~", end)
                if (first := await self._deliveries.first_after(rest)) is not None:
                    self._span.add(first, end)
        except BaseException:
            self._span.add(start, end)
            raise

    async def _read(self, stretch: Stretch, limit: int) -> list[Delivery]:
        """What the store has of `stretch`, taken into the queue where it is not in hand already."""
        self._left = set()
        try:
            found = await self._deliveries.due(stretch, limit)
            for delivery in found:
                if delivery.id not in self._in_hand and delivery.id not in self._left:
                    self._take(delivery)
        finally:
            self._left = None
        return found

    async def _rest(self) -> None:
        pause = None
        if self._span.start:
            pause = max((parse_time(self._span.start[:24]) - datetime.now(UTC)).total_seconds(), 0.001)
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _start_next(self) -> None:
        await self._outcomes.room()
        await self._slots.acquire()
        await self._turns.acquire()
        task = asyncio.create_task(self._send(self._queue.popleft()))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._slots.release()

    async def _send(self, delivery: Delivery) -> None:
        recorded = False
        try:
            try:
                self._outcomes.record(await self._attempt(delivery))
                recorded = True
            finally:
                self._turns.release()
        except Exception as error:
            # Not the receiver's fault: it costs the delivery no attempt, and the lane a slot for a while, so
            # that no more than its slots rest in memory. The turn is back: other lanes are not held up.
            log.error("attempt-not-made", endpoint=self._endpoint, event_id=delivery.event, exc_info=error)
            await asyncio.sleep(HELD_S)
        finally:
            if not recorded:
                self._release(delivery.id)
                self.expect(delivery.next_at, delivery.next_at)


def _now() -> str:
    return format_time(datetime.now(UTC))
