"""What is kept no longer: messages, and records of deliveries, after some days."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from services.notify.deliveries import Deliveries, State, Stretch
from services.notify.endpoints import Endpoints
from services.notify.engine.retries import EARLIEST
from services.notify.messages import Messages
from shared.kernel.times import format_time

EVERY_S = 3600.0
MARK_EVERY_S = 15.0
AT_ONCE = 200
OVER: tuple[State, ...] = ("exhausted", "delivered", "cancelled")

log = structlog.get_logger()


class Retention:
    """Takes away what is older than `days`. Nothing that is pending goes: it fails by itself when its message
    is kept no longer."""

    def __init__(self, endpoints: Endpoints, messages: Messages, deliveries: Deliveries, days: float) -> None:
        self._endpoints = endpoints
        self._messages = messages
        self._deliveries = deliveries
        self._days = days

    async def run(self) -> None:
        """Mark the boxes' heads often, and clear up every hour, until cancelled."""
        looked = 0.0
        while True:
            await self._messages.mark()
            if looked <= 0:
                await self.clear(datetime.now(UTC) - timedelta(days=self._days))
                looked = EVERY_S
            await asyncio.sleep(MARK_EVERY_S)
            looked -= MARK_EVERY_S

    async def clear(self, before: datetime) -> None:
        """Take away what was put in, or came to its end, before this moment."""
        limit = format_time(before)
        messages = sum([await self._messages.empty(box, limit) for box in await self._messages.boxes()])
        records = 0
        for endpoint in self._endpoints.ever():
            for state in OVER:
                stretch = Stretch(endpoint, state, EARLIEST, limit)
                while found := await self._deliveries.shown(stretch, AT_ONCE):
                    await self._deliveries.forget(found)
                    records += len(found)
        if messages or records:
            log.info("kept-no-longer", messages=messages, records=records)
