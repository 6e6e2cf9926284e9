"""The sender: a lane for each endpoint, none in another's way."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime

import structlog

from services.notify.channels.channel import Channel as Way
from services.notify.deliveries import Deliveries
from services.notify.domain.endpoint import TO_PEOPLE
from services.notify.domain.endpoint_commands import DisableEndpoint
from services.notify.domain.schedule import Answer
from services.notify.domain.subscription import wants
from services.notify.endpoints import Endpoint, Endpoints, ViaRemoved
from services.notify.engine.attempt import attempt, classify
from services.notify.engine.fresh import Fresh
from services.notify.engine.job import Job, Result
from services.notify.engine.lane import Lane
from services.notify.engine.outcomes import Outcomes
from services.notify.engine.rate import Rate
from services.notify.engine.retries import Retries, now_text
from services.notify.letters import Message
from services.notify.messages import Messages
from services.notify.progress import Progress
from services.notify.records import Pending
from shared.events.notify import Attempted, Channel, DisabledFor
from shared.kernel.decider import Refused
from shared.kernel.times import to_milliseconds
from shared.runtime.background import Background
from shared.runtime.execute import StreamBusy
from shared.runtime.mongo import PyMongoError, StoreUnavailable

ON_THEIR_WAY = 512
"""Attempts at once, over all endpoints: each costs a connection."""
SAVE_EVERY_S = 2.0
UNSURE_S = 0.1
WHY = ("paused", "disabled", "removed", "no-agreement", "failing", "no-address", "no-channel", "fault")

log = structlog.get_logger()

Disable = Callable[[Endpoint, DisableEndpoint], Awaitable[None]]


class Sender:
    """Sends what is in the boxes. Run `run` under `keep_going`.

    `caught_up` returns when notify's own log is applied: an outcome that is in it must not be sent again.
    `may_be_told` says whether a unit has an agreement in force: without one nothing is sent to it. `sure`
    says whether no other process can have taken over.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        messages: Messages,
        deliveries: Deliveries,
        progress: Progress,
        outcomes: Outcomes,
        schedule: Sequence[float],
        first_probe: float,
        caught_up: Callable[[], Awaitable[None]],
        may_be_told: Callable[[str], bool],
        disable: Disable,
        sure: Callable[[], bool],
    ) -> None:
        self._endpoints = endpoints
        self._messages = messages
        self._deliveries = deliveries
        self._progress = progress
        self._outcomes = outcomes
        self._schedule = schedule
        self._first_probe = first_probe
        self._caught_up = caught_up
        self.may_be_told = may_be_told
        self._disable = disable
        self._sure = sure
        self.turns = asyncio.Semaphore(ON_THEIR_WAY)
        self._channels: Mapping[Channel, Way] = {}
        self._lanes: dict[str, Lane] = {}
        self._opening: dict[str, asyncio.Task[None]] = {}
        self._by_box: dict[str, dict[str, Lane]] = {}
        self._running: Background | None = None
        self._skipped: dict[str, int] = {}
        self._rates: dict[str, Rate] = {}
        endpoints.watch(self._changed)
        messages.watch(self._grew)
        messages.watch_ends(self._reaches)
        outcomes.tell(self._settled)

    async def run(self, channels: Mapping[Channel, Way]) -> None:
        """Send by `channels` until cancelled; whatever the store holds from before is found at the start."""
        await self._caught_up()
        self._channels, self._running = channels, Background()
        self.turns = asyncio.Semaphore(ON_THEIR_WAY)
        try:
            for endpoint in self._endpoints.all():
                self._changed(endpoint)
            while True:
                await asyncio.sleep(SAVE_EVERY_S)
                try:
                    await self._save()
                except (PyMongoError, StoreUnavailable) as error:
                    # The lanes go on: opened again, they would send what is not on record yet once more.
                    log.info("progress-not-saved", error=type(error).__name__)
                for endpoint in self._endpoints.all():
                    if endpoint.id not in self._lanes:
                        self._changed(endpoint)
        finally:
            await self._stop()

    async def _save(self) -> None:
        await self._progress.save({endpoint: lane.standing for endpoint, lane in self._lanes.items()})
        for lane in self._lanes.values():
            if lane.fresh.some or lane.standing.held == "no-agreement":
                lane.wake()

    async def _stop(self) -> None:
        running, self._running = self._running, None
        for opening in self._opening.values():
            opening.cancel()
        if running is not None:
            await running.stop()
        await asyncio.gather(*(lane.stop() for lane in self._lanes.values()))
        self._lanes.clear()
        self._by_box.clear()

    def idle(self, endpoint: Endpoint) -> bool:
        """Whether all that was put into the endpoint's own box is sent, or tried."""
        lane = self._lanes.get(endpoint.id)
        return lane is not None and lane.idle

    def backlog(self) -> int:
        """How many messages lie before the lanes, those that will turn out to be none of theirs included."""
        return sum(lane.fresh.end - lane.standing.done for lane in self._lanes.values())

    def held(self) -> dict[str, int]:
        """How many lanes send nothing, by why."""
        found = Counter(dict.fromkeys(WHY, 0))
        found.update(lane.standing.held for lane in self._lanes.values() if lane.standing.held is not None)
        return dict(found)

    def lane(self, endpoint: str) -> Lane | None:
        """The lane of `endpoint`, if this process sends to it."""
        return self._lanes.get(endpoint)

    def skipped(self, endpoint: str, number: int) -> None:
        """What was pending of `endpoint` up to `number` when it was resumed is on record as cancelled."""
        self._skipped[endpoint] = number
        if (lane := self._lanes.get(endpoint)) is not None:
            lane.skipped(number)

    def _changed(self, endpoint: Endpoint) -> None:
        if self._running is None:
            return
        for other in self._lanes.values():
            if other.endpoint.facts.via == endpoint.id:
                other.wake()
        if (lane := self._lanes.get(endpoint.id)) is not None:
            lane.change(endpoint)
            if endpoint.state.ended:
                self._leave(lane)
        elif endpoint.id not in self._opening and not endpoint.state.ended:
            opening = asyncio.create_task(self._open(endpoint))
            self._opening[endpoint.id] = opening
            opening.add_done_callback(lambda task: self._opened(endpoint.id, task))

    def _opened(self, endpoint: str, opening: asyncio.Task[None]) -> None:
        del self._opening[endpoint]
        if not opening.cancelled() and (error := opening.exception()) is not None:
            log.warning("lane-not-opened", endpoint=endpoint, error=type(error).__name__)  # tried again soon

    async def _open(self, endpoint: Endpoint) -> None:
        box = box_of(endpoint)
        standing = await self._progress.of(endpoint.id)
        if box == endpoint.owner and standing.done < endpoint.state.skipped_to:
            standing.done = endpoint.state.skipped_to
        holder: list[Lane] = []

        def wanted(message: Message) -> bool:
            facts = holder[0].endpoint.facts
            return message.box == endpoint.id or wants(facts, message.type, message.facts)

        fresh = Fresh(endpoint.id, box, self._messages, self._deliveries, wanted, standing)
        retries = Retries(endpoint.id, box, self._deliveries, self._messages)
        lane = Lane(endpoint, self, fresh, retries, standing, self._first_probe)
        holder.append(lane)
        await fresh.open()
        retries.open()
        running = self._running
        if running is None:
            return
        self._lanes[endpoint.id] = lane
        self._by_box.setdefault(box, {})[endpoint.id] = lane
        lane.skipped(self._skipped.get(endpoint.id, 0))
        lane.change(self._endpoints.get(endpoint.id) or endpoint)
        try:
            fresh.set_end((await self._messages.look_for_head(box)).number)
        except BaseException:
            self._leave(lane)
            raise
        running.start(f"send-{endpoint.id}", lane.run)

    def _leave(self, lane: Lane) -> None:
        """Tell `lane` of nothing any more."""
        del self._lanes[lane.endpoint.id]
        del self._by_box[lane.fresh.box][lane.endpoint.id]

    def _grew(self, messages: Sequence[Message]) -> None:
        by_box: dict[str, list[Message]] = {}
        for message in messages:
            by_box.setdefault(message.box, []).append(message)
        for box, grown in by_box.items():
            for lane in self._by_box.get(box, {}).values():
                lane.fresh.grew(grown)
                lane.wake()

    def _reaches(self, box: str, number: int) -> None:
        for lane in self._by_box.get(box, {}).values():
            lane.fresh.set_end(number)
            lane.wake()

    def _settled(self, made: Attempted) -> None:
        if (lane := self._lanes.get(made.endpoint)) is not None:
            lane.settled(made)

    def rate(self, endpoint: Endpoint) -> Rate:
        """See `Sending.rate`."""
        key = endpoint.facts.via or endpoint.id
        per_minute = (self._endpoints.get(key) or endpoint).facts.per_minute
        rate = self._rates.setdefault(key, Rate(per_minute))
        if rate.per_minute != per_minute:
            rate.change(per_minute)
        return rate

    def held_with(self, endpoint: Endpoint) -> str | None:
        """See `Sending.held_with`."""
        via = endpoint.facts.via
        by = None if via is None else self._endpoints.get(via)
        return None if by is None or by.state.status == "active" else by.state.status

    async def room(self) -> None:
        """See `Sending.room`. While it is not sure that this process still leads, nothing is begun."""
        while not self._sure():  # noqa: ASYNC110  the beat that makes it sure is the store's answer
            await asyncio.sleep(UNSURE_S)
        await self._outcomes.room()

    async def attempt(self, endpoint: Endpoint, job: Job) -> Result:
        """See `Sending.attempt`."""
        try:
            target = await self._endpoints.target(endpoint)
        except ViaRemoved:
            answer, at = Answer(reason="no-address", gone=True), to_milliseconds(datetime.now(UTC))
            made = classify(endpoint, job, answer, self._schedule, at, 0)
            self._outcomes.record(made, b"")
            return Result(made, 0.0, gone=True)
        made, answer = await attempt(
            self._channels[endpoint.facts.channel], target, endpoint, job, self._schedule
        )
        self._outcomes.record(made, answer.body)
        return Result(made, answer.retry_after, answer.gone)

    async def lost(self, endpoint: Endpoint, pending: Pending) -> None:
        """See `Sending.lost`."""
        message = Message(
            box_of(endpoint), pending.number, pending.message, pending.type, "", now_text(), (), {}
        )
        self._record_loss(endpoint, Job(message, pending))

    def give_up(self, endpoint: Endpoint, message: Message) -> None:
        """Put on record that a message is kept no longer which was not tried yet."""
        lane = self._lanes.get(endpoint.id)
        if lane is not None and message.number not in lane.retries.in_hand:
            lane.fresh.withdraw(message.number)
            lane.retries.in_hand.add(message.number)
            self._record_loss(endpoint, Job(message))

    def _record_loss(self, endpoint: Endpoint, job: Job) -> None:
        at = to_milliseconds(datetime.now(UTC))
        answer = Answer(reason="kept-no-longer")
        self._outcomes.record(classify(endpoint, job, answer, (), at, 0), b"")

    async def disable(self, endpoint: Endpoint, reason: DisabledFor) -> None:
        """See `Sending.disable`."""
        log.warning("endpoint-disabled", endpoint=endpoint.id, reason=reason)
        try:
            await self._disable(endpoint, DisableEndpoint(reason))
        except (PyMongoError, StoreUnavailable, StreamBusy, Refused) as error:
            # The next attempt says so again.
            log.warning("endpoint-not-disabled", endpoint=endpoint.id, error=type(error).__name__)


def box_of(endpoint: Endpoint) -> str:
    """The box that `endpoint` is sent from: its owner's, or the one of its own that digests are put into."""
    return endpoint.id if endpoint.facts.channel in TO_PEOPLE else endpoint.owner
