"""What an endpoint is told again: the deliveries that are pending, read as they become due."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

from services.notify.deliveries import Deliveries, Stretch
from services.notify.letters import Message
from services.notify.messages import Messages
from services.notify.records import LAST, Pending, position
from shared.kernel.times import format_time, later

IN_MEMORY = 64
FAR_S = 365 * 86_400.0
"""Further ahead than any attempt is put off."""
EARLIEST = "1970-01-01T00:00:00.000Z"


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


class Retries:
    """The pending deliveries of `endpoint`, whose messages are in `box`. `in_hand` are numbers that are on
    their way, or whose outcome is not on record yet."""

    def __init__(self, endpoint: str, box: str, deliveries: Deliveries, messages: Messages) -> None:
        self._endpoint = endpoint
        self._box = box
        self._deliveries = deliveries
        self._messages = messages
        self._queue: deque[Pending] = deque()
        self._span = Span()
        self.in_hand: set[int] = set()
        self._asked: dict[int, str] = {}
        self._dropped: set[int] = set()
        self._left: set[int] | None = None
        """While the store is read: what left our hands meanwhile, and may still be read as it was before."""
        self._passed: dict[int, str] = {}
        """What was read while it was in hand, and when it is due: somebody may have asked for it again."""

    def open(self, oldest: str = EARLIEST) -> None:
        """The store may hold anything from a process before."""
        self._span.add(oldest, later(now_text(), FAR_S))

    def expect(self, moment: str) -> None:
        """One is due at `moment`."""
        self._span.add(moment, moment)

    def again(self, number: int, moment: str) -> None:
        """This one was asked for, and is due at `moment`; if it is on its way, when that is over."""
        if number in self.in_hand:
            self._asked[number] = moment
        self.expect(moment)

    def release(self, number: int) -> None:
        """It is in the store's hands again."""
        self.in_hand.discard(number)
        self._dropped.discard(number)
        if (moment := self._asked.pop(number, None)) is not None:
            self.expect(moment)
        if (moment := self._passed.pop(number, None)) is not None:
            self.expect(moment)
        if self._left is not None:
            self._left.add(number)

    def drop(self, number: int) -> None:
        """It is not to be sent."""
        self._queue = deque(each for each in self._queue if each.number != number)
        if number in self.in_hand:
            self._dropped.add(number)
        if self._left is not None:
            self._left.add(number)

    def is_dropped(self, number: int) -> bool:
        """Whether it turned out, while it is in hand, that it is not to be sent."""
        return number in self._dropped

    def forget(self) -> None:
        """Much has changed in the store: it is read again."""
        self._queue.clear()
        self.open()

    @property
    def some(self) -> bool:
        """Whether any may be pending, due or not."""
        return bool(self._queue) or bool(self._span.start)

    @property
    def next_at(self) -> str | None:
        """The moment of the next, as far as is known: not after the real one."""
        moments = [self._queue[0].next_at] if self._queue else []
        moments += [self._span.start[:24]] if self._span.start else []
        return min(moments, default=None)

    async def take(self, early: bool = False) -> tuple[Pending, Message | None] | None:
        """The next that is due, with its message (None if that is kept no longer); None if none is.

        `early`: the next one, due or not.
        """
        if not self.some:
            return None
        limit = later(now_text(), FAR_S) if early else now_text()
        if not self._queue and self._span.start and self._span.start[:24] <= limit:
            await self._load(limit, 1 if early else IN_MEMORY)
        if not self._queue or self._queue[0].next_at > limit:
            return None
        pending = self._queue.popleft()
        self.in_hand.add(pending.number)
        try:
            found = await self._messages.of_numbers(self._box, [pending.number])
        except BaseException:
            self.release(pending.number)
            self.put_back(pending)
            raise
        return pending, found.get(pending.number)

    def put_back(self, pending: Pending) -> None:
        """It was taken and not tried. One that is not due yet stands in nobody's way."""
        if pending.next_at > now_text():
            self.expect(pending.next_at)
        else:
            self._queue.appendleft(pending)

    async def _load(self, limit: str, most: int) -> None:
        """Fill the queue from the span's beginning, and leave in it what was not seen."""
        start, end = self._span.take()
        try:
            until = min(end, limit)
            found = await self._read(Stretch(self._endpoint, "pending", start, until), most)
            if len(found) == most:
                self._span.add(position(found[-1].next_at, found[-1].number), end)
            elif until < end:
                rest = Stretch(self._endpoint, "pending", until + LAST, end)
                if (first := await self._deliveries.first_after(rest)) is not None:
                    self._span.add(first, end)
        except BaseException:
            self._span.add(start, end)
            raise

    async def _read(self, stretch: Stretch, most: int) -> list[Pending]:
        self._left = set()
        try:
            found = await self._deliveries.due(stretch, most)
            queued = {each.number for each in self._queue}
            for pending in found:
                if pending.number in self.in_hand:
                    self._passed[pending.number] = pending.next_at
                elif pending.number in self._left:
                    self.expect(pending.next_at)
                elif pending.number not in queued:
                    self._queue.append(pending)
        finally:
            self._left = None
        return found


def now_text() -> str:
    """The time, as the system writes it."""
    return format_time(datetime.now(UTC))
