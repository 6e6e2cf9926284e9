"""The deliveries to one endpoint: held or let through, a few on their way, in nobody else's way."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from time import monotonic, time

import structlog

from services.notify.domain.breaker import Breaker, closed, opened
from services.notify.endpoints import Endpoint
from services.notify.engine.fresh import Fresh
from services.notify.engine.job import Job, Result, Sending, fault_of
from services.notify.engine.retries import Retries
from services.notify.progress import Standing
from shared.events.notify import Attempted, Failed
from shared.kernel.times import format_time, parse_time

IN_FLIGHT = 4
HELD_S = 5.0
"""How long an endpoint rests to which an attempt could not even be made, through a fault of ours."""
GRACE_S = 3.0
"""How long a stop waits for the answers to what is on its way: what is broken off is sent a second time."""
LOOK_S = 60.0
"""How often a lane looks whether it may send, whatever happens."""

FAILING = "failing"
"""Held by its breaker."""

log = structlog.get_logger()


class Lane:
    """Sends to `endpoint`. Run `run` under `keep_going`.

    It waits in `turns` with one delivery at a time, and that queue is fair: so lanes take turns.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        sending: Sending,
        fresh: Fresh,
        retries: Retries,
        standing: Standing,
        first_probe: float,
    ) -> None:
        self.endpoint = endpoint
        self.fresh = fresh
        self.retries = retries
        self.standing = standing
        self._sending = sending
        self._first_probe = first_probe
        self._breaker: Breaker = closed(self._most, first_probe, standing.failing_since)
        if standing.held == FAILING:
            self._breaker = opened(self._most, first_probe, standing.failing_since, time())
        self._rests_until = 0.0
        self._fault: str | None = None
        self._probes_fresh = False
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: set[int] = set()
        """Numbers of what failed and is not on record yet."""
        self._skipped_to = endpoint.state.skipped_to
        self._steady = time() - monotonic()

    @property
    def _now(self) -> float:
        """Seconds since 1970, by a clock that nobody sets while the lane is there."""
        return self._steady + monotonic()

    @property
    def _most(self) -> int:
        return 1 if self.endpoint.facts.ordered else IN_FLIGHT

    @property
    def idle(self) -> bool:
        """Whether nothing new waits or is on its way, and the rate lets one more through."""
        waits = self.fresh.some or self._tasks or self._breaker.open
        return not waits and self._sending.rate(self.endpoint).wait(monotonic()) == 0.0

    def wake(self) -> None:
        """Something may have changed."""
        self._wake.set()

    def change(self, endpoint: Endpoint) -> None:
        """The endpoint is like this now."""
        before, self.endpoint = self.endpoint, endpoint
        if self.fresh.box == endpoint.owner:
            self.fresh.pass_over(endpoint.state.skipped_to)
        elif before.state.skipped_to != endpoint.state.skipped_to:
            self.fresh.pass_over(self.fresh.end)  # what was gathered before it was skipped
        self.fresh.forget()  # it may want other things
        turned = before.state.status != endpoint.state.status
        moved = before.state.address != endpoint.state.address
        if turned or moved or before.facts.ordered != endpoint.facts.ordered:
            self._breaker = closed(self._most, self._first_probe)
            self._note()
        self.wake()

    async def run(self) -> None:
        """Send what is due, for ever; sleeps when there is nothing."""
        while True:
            self._wake.clear()
            pause = self._pause()
            if pause is None and (job := await self._next()) is not None:
                await self._start(job)
            else:
                await self._rest(self._until_retry() if pause is None else pause)

    async def stop(self) -> None:
        """Wait a little for what is on its way, then break it off; it is sent again after the next start."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE_S)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def settled(self, attempt: Attempted) -> None:
        """The outcome is on record."""
        self.retries.release(attempt.number)
        self.fresh.settled(attempt.number)
        self._failed.discard(attempt.number)
        if isinstance(attempt, Failed) and attempt.next_at is not None:
            self.retries.expect(format_time(attempt.next_at))
        self.wake()

    def skipped(self, number: int) -> None:
        """What was pending up to there when it was resumed is on record as cancelled."""
        self._skipped_to = max(self._skipped_to, number)
        self.retries.forget()
        self.wake()

    def _held(self) -> str | None:
        """Why nothing may be sent now, a code."""
        if self.endpoint.state.ended:
            return "removed"
        if self.endpoint.state.status != "active":
            return self.endpoint.state.status
        if not self._sending.may_be_told(self.endpoint.unit):
            return "no-agreement"
        return self._sending.held_with(self.endpoint)

    def _pause(self) -> float | None:
        """How long nothing can be sent, in seconds; None if something can."""
        held = self._held()
        now = self._now
        if held is None and self._breaker.open:
            held = FAILING
        if held is None and self._rests_until > monotonic():
            held = self._fault
        if held != self.standing.held:
            self.standing.held, self.standing.changed = held, True
        if held not in (None, FAILING, self._fault):
            self.fresh.forget()
            return LOOK_S
        if self.endpoint.state.skipped_to > self._skipped_to:
            return LOOK_S  # until `skipped`
        room = self._breaker.room(now)
        if room == 0 and self._breaker.probe_at is not None:
            self.fresh.forget()
            return max(self._breaker.probe_at - now, 0.001)
        if len(self._tasks) >= room:
            return LOOK_S
        waits = self._sending.rate(self.endpoint).wait(monotonic())
        return max(waits, self._rests_until - monotonic(), 0.0) or None

    def _until_retry(self) -> float:
        moment = self.retries.next_at
        if moment is None:
            return LOOK_S
        return min(max((parse_time(moment) - datetime.now(UTC)).total_seconds(), 0.001), LOOK_S)

    async def _next(self) -> Job | None:
        """What was tried before and is due goes first. While the breaker is open, it is probed with one of
        those, due or not, and with what is new, by turns; that costs a delivery none of its attempts."""
        probing, ordered = self._breaker.open, self.endpoint.facts.ordered
        if probing and not ordered:
            self._probes_fresh = not self._probes_fresh
            if self._probes_fresh and (fresh := await self._fresh(counts=False)) is not None:
                return fresh
        if (again := await self._again(early=probing)) is not None:
            return again
        if ordered and (self.retries.some or self._failed):
            return None
        return await self._fresh(counts=not probing)

    async def _fresh(self, counts: bool) -> Job | None:
        message = await self.fresh.take()
        return None if message is None else Job(message, None, counts)

    async def _again(self, early: bool) -> Job | None:
        while (found := await self.retries.take(early)) is not None:
            pending, message = found
            if message is not None:
                return Job(message, pending, counts=not early)
            self.retries.in_hand.add(pending.number)
            await self._sending.lost(self.endpoint, pending)
        return None

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _start(self, job: Job) -> None:
        self.retries.in_hand.add(job.message.number)
        try:
            await self._sending.room()
            await self._sending.turns.acquire()
        except BaseException:
            self._put_back(job)
            raise
        if self._pause() is not None or self._is_off(job):  # it was paused meanwhile, or others failed
            self._sending.turns.release()
            self._put_back(job)
            return
        self._sending.rate(self.endpoint).went(monotonic())
        task = asyncio.create_task(self._send(job))
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _is_off(self, job: Job) -> bool:
        """Whether it was cancelled while it waited for its turn."""
        number = job.message.number
        return self.fresh.is_cancelled(number) if job.pending is None else self.retries.is_dropped(number)

    def _put_back(self, job: Job) -> None:
        off = self._is_off(job)
        self.retries.release(job.message.number)
        if job.pending is None:
            self.fresh.put_back(job.message)
        elif not off:
            self.retries.put_back(job.pending)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._sending.turns.release()
        self.wake()

    async def _send(self, job: Job) -> None:
        try:
            result = await self._sending.attempt(self.endpoint, job)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            # Not the receiver's fault: it costs the delivery no attempt, and the endpoint a rest.
            log.error("attempt-not-made", endpoint=self.endpoint.id, message=job.message.id, exc_info=error)
            self._rests_until, self._fault = monotonic() + HELD_S, fault_of(error)
            self._put_back(job)
            return
        await self._judge(result)

    async def _judge(self, result: Result) -> None:
        failed = isinstance(result.attempt, Failed)
        if failed:
            self._failed.add(result.attempt.number)
            jitter = random.uniform(-1, 1)
            self._breaker = self._breaker.failed(self._now, result.retry_after, jitter)
        else:
            self._breaker = self._breaker.succeeded()
        self.standing.noted(not failed, result.attempt.took_ms)
        self._note()
        if result.gone:
            await self._sending.disable(self.endpoint, "gone")
        elif self._breaker.hopeless(self._now):
            await self._sending.disable(self.endpoint, "failing")

    def _note(self) -> None:
        if self.standing.failing_since != self._breaker.failing_since:
            self.standing.failing_since, self.standing.changed = self._breaker.failing_since, True
