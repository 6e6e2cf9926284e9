"""What happens to requests by the clock: every deadline that their state says, once.

Deadlines are read off the rows that are in memory (`domain/clock.py` says which there are), so nothing has to
be armed, and after an outage what is overdue is found where it was. Every replica looks; the commit's id is
made of the kind, the stream and the moment, and the log takes it once. Source: ADR 10.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush

import structlog

from services.dispatch.rows import Row
from shared.kernel.times import format_time, to_milliseconds
from shared.runtime.timers import Clock, now

LOOK_S = 0.25
FAILED_AT_MOST = 10
"""Deadlines that may fail in one look before the others are left for the next: the store may be away."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """A deadline of a request: at `at` (as it is written), `kind` happens to `item` of it."""

    at: str
    id: str
    kind: str
    item: str


Fire = Callable[[Due, datetime], Awaitable[None]]
"""Has happen what is due. If it fails, it is tried again."""


@dataclass(slots=True)
class Clocks:
    """The deadlines of all open requests, the next one first."""

    row_of: Callable[[str], Row | None]
    clock: Clock = now
    _heap: list[Due] = field(default_factory=list)
    _known: set[Due] = field(default_factory=set)

    def changed(self, row: Row, _: Row | None) -> None:
        """See `Requests.watch`."""
        for kind, item, at in row.clock:
            self._wait_for(Due(at, row.id, kind, item))

    async def look(self, fire: Fire) -> int:
        """Have happen all that is due by now; how much that was. One that fails holds none of the others up,
        and is due yet."""
        moment = to_milliseconds(self.clock())
        written, fired = format_time(moment), 0
        failed: list[Due] = []
        while self._heap and self._heap[0].at <= written and len(failed) < FAILED_AT_MOST:
            due = heappop(self._heap)
            self._known.discard(due)
            if not self._stands(due):
                continue
            try:
                await fire(due, moment)
                fired += 1
            except Exception as error:
                log.warning("deadline-not-met", kind=due.kind, id=due.id, error=type(error).__name__)
                failed.append(due)
        for due in failed:
            self._wait_for(due)
        return fired

    async def keep_looking(self, fire: Fire, ready: Callable[[], bool]) -> None:
        """Look again and again once the service is `ready`, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            if ready():
                await self.look(fire)

    def _wait_for(self, due: Due) -> None:
        if due not in self._known:
            self._known.add(due)
            heappush(self._heap, due)

    def _stands(self, due: Due) -> bool:
        row = self.row_of(due.id)
        return row is not None and (due.kind, due.item, due.at) in row.clock
