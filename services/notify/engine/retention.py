"""What is kept no longer: messages, and records of deliveries, after some days."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from services.notify.deliveries import Deliveries, Stretch
from services.notify.endpoints import Endpoint, Endpoints
from services.notify.engine.retries import EARLIEST
from services.notify.engine.sender import box_of
from services.notify.ledger import Ledger, Wanted
from services.notify.letters import Message
from services.notify.messages import Messages
from services.notify.records import State
from shared.kernel.times import format_time

EVERY_S = 3600.0
MARK_EVERY_S = 15.0
AGAIN_S = 1.0
"""Between rounds while something is given up: it is on record within about a second."""
AT_ONCE = 200
OVER: tuple[State, ...] = ("exhausted", "delivered", "cancelled")

log = structlog.get_logger()


class Retention:
    """Takes away what is older than `days`. What is pending fails by itself when its message is kept no
    longer; what was not tried yet is given up by `give_up` before, and its message goes with the next round.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        messages: Messages,
        deliveries: Deliveries,
        ledger: Ledger,
        give_up: Callable[[Endpoint, Message], None],
        days: float,
    ) -> None:
        self._endpoints = endpoints
        self._messages = messages
        self._deliveries = deliveries
        self._ledger = ledger
        self._give_up = give_up
        self._days = days

    async def run(self) -> None:
        """Mark the boxes' heads often, and clear up every hour, until cancelled."""
        looked = 0.0
        while True:
            await self._messages.mark()
            pause = MARK_EVERY_S
            if looked <= 0:
                over = await self.clear(datetime.now(UTC) - timedelta(days=self._days))
                looked, pause = (EVERY_S, MARK_EVERY_S) if over else (0.0, AGAIN_S)
            await asyncio.sleep(pause)
            looked -= pause

    async def clear(self, before: datetime) -> bool:
        """Take away what was put in, or came to its end, before this moment; whether that was all."""
        limit = format_time(before)
        untried = {box_of(each) for each in self._endpoints.all() if await self._give_up_untried(each, limit)}
        boxes = [box for box in await self._messages.boxes() if box not in untried]
        messages = sum([await self._messages.empty(box, limit) for box in boxes])
        records = 0
        for endpoint in self._endpoints.ever():
            gone = self._endpoints.get(endpoint) is None
            for state in (*OVER, "pending") if gone else OVER:
                stretch = Stretch(endpoint, state, EARLIEST, limit)
                while found := await self._deliveries.shown(stretch, AT_ONCE):
                    await self._deliveries.forget(found)
                    records += len(found)
        if messages or records:
            log.info("kept-no-longer", messages=messages, records=records)
        return not untried

    async def _give_up_untried(self, endpoint: Endpoint, limit: str) -> bool:
        """Whether there was something too old that `endpoint` was not tried with."""
        found = await self._ledger.untried(endpoint, Wanted(until=limit), 0, AT_ONCE)
        for entry in found:
            id, kind = str(entry.shown["event"]), str(entry.shown["type"])
            self._give_up(
                endpoint, Message(box_of(endpoint), entry.place.number, id, kind, "", limit, (), {})
            )
        return bool(found)
