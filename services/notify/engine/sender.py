"""The sender: a lane for each endpoint, all with the same session, none in another's way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from aiohttp import ClientSession

from services.notify.deliveries import Deliveries, Delivery, delivery_id
from services.notify.endpoints import Endpoint, Endpoints
from services.notify.engine.attempt import attempt, withheld
from services.notify.engine.connection import open_session
from services.notify.engine.lane import Lane
from services.notify.engine.outcomes import Outcomes
from shared.events.notify import DeliveryOutcome
from shared.kernel.times import format_time, later
from shared.runtime.background import Background
from shared.runtime.settings import NotifySettings

ON_THEIR_WAY = 512
"""Attempts at once, over all endpoints: each costs a connection."""
FAR_S = 365 * 86_400.0
"""Further ahead than any attempt is put off."""


class Sender:
    """Sends what is pending. Run `run` under `keep_going`.

    `caught_up` returns when notify's own log is applied: an outcome that is in it must not be sent again.
    `may_be_told` says whether a unit has an agreement in force: without one nothing is sent to it.
    """

    def __init__(
        self,
        settings: NotifySettings,
        endpoints: Endpoints,
        deliveries: Deliveries,
        outcomes: Outcomes,
        caught_up: Callable[[], Awaitable[None]],
        may_be_told: Callable[[str], bool],
    ) -> None:
        self._settings = settings
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._outcomes = outcomes
        self._caught_up = caught_up
        self._may_be_told = may_be_told
        self._session: ClientSession | None = None
        self._lanes: dict[str, Lane] = {}
        self._running = Background()
        self._turns = asyncio.Semaphore(ON_THEIR_WAY)
        self.ready = asyncio.Event()
        """Set while everything that was pending before is taken care of."""
        outcomes.tell(self._settled)

    def offer(self, endpoint: Endpoint, delivery: Delivery) -> None:
        """Send a delivery that was just inserted, now if there is room, else from the store in its turn."""
        if self._session is not None:
            self._lane(endpoint, self._session).offer(delivery)

    def look(self, endpoint: Endpoint) -> None:
        """Look into the store for all that is pending for `endpoint`, to whenever it is put off."""
        if self._session is not None:
            end = later(format_time(datetime.now(UTC)), FAR_S)
            self._lane(endpoint, self._session).expect(endpoint.oldest, end)

    async def run(self) -> None:
        """Send until cancelled; whatever the store holds from before is found at the start."""
        await self._caught_up()
        self._turns = asyncio.Semaphore(ON_THEIR_WAY)
        async with open_session(self._settings.allow_networks, self._settings.deadline) as self._session:
            try:
                for endpoint in await self._endpoints.all():
                    self.look(endpoint)
                self.ready.set()
                await asyncio.Event().wait()  # the lanes do the work
            finally:
                await self._stop()

    async def _stop(self) -> None:
        self.ready.clear()
        self._session = None
        await self._running.stop()
        await asyncio.gather(*(lane.stop() for lane in self._lanes.values()))
        self._lanes.clear()

    def _lane(self, endpoint: Endpoint, session: ClientSession) -> Lane:
        if endpoint.id not in self._lanes:
            schedule = self._settings.retry_schedule

            async def attempted(delivery: Delivery) -> DeliveryOutcome:
                if not self._may_be_told(delivery.unit):
                    return withheld(delivery, schedule)
                return await attempt(session, await self._endpoints.target(endpoint), delivery, schedule)

            lane = Lane(endpoint.id, self._deliveries, self._outcomes, attempted, self._turns)
            self._lanes[endpoint.id] = lane
            self._running.start(f"send-{endpoint.id}", lane.run)
        return self._lanes[endpoint.id]

    def _settled(self, outcomes: Sequence[DeliveryOutcome]) -> None:
        for outcome in outcomes:
            if (lane := self._lanes.get(outcome.endpoint)) is not None:
                lane.settled(outcome, delivery_id(outcome.event, outcome.endpoint))
