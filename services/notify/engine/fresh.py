"""What an endpoint was not told yet: read on from its box, a little ahead of what is sent."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable, Sequence

from services.notify.deliveries import Deliveries
from services.notify.letters import Message
from services.notify.messages import Messages
from services.notify.progress import Standing

IN_MEMORY = 128
"""Messages of one endpoint that wait in memory."""


class Fresh:
    """The messages of `box` behind what is done of `endpoint`, those that it `wants`.

    A process before may have sent some that are ahead of what is done, and somebody may have asked for
    others: what is read from the store is looked up among the records first.
    """

    def __init__(
        self,
        endpoint: str,
        box: str,
        messages: Messages,
        deliveries: Deliveries,
        wants: Callable[[Message], bool],
        standing: Standing,
    ) -> None:
        self._endpoint = endpoint
        self.box = box
        self._messages = messages
        self._deliveries = deliveries
        self._wants = wants
        self._standing = standing
        self._queue: deque[Message] = deque()
        self._back: list[Message] = []
        """What was taken and not tried."""
        self._loaded = standing.done
        self._ahead: set[int] = set()
        self._cancelled: set[int] = set()
        self.end = standing.done
        """The number of the last message that is known to be in the box."""

    def grew(self, messages: Sequence[Message]) -> None:
        """These were put into the box just now, in order."""
        for message in messages:
            if message.number <= self.end:
                continue
            if self._loaded == message.number - 1 and len(self._queue) < IN_MEMORY:
                self._take([message], message.number)
            self.end = message.number

    def set_end(self, number: int) -> None:
        """The box reaches to `number` at least."""
        self.end = max(self.end, number)

    def pass_over(self, number: int) -> None:
        """Nothing up to `number` is to be sent that was not sent yet."""
        if number > self._standing.done:
            self.set_end(number)
            self._queue = deque(message for message in self._queue if message.number > number)
            self._back = [message for message in self._back if message.number > number]
            self._loaded = max(self._loaded, number)
            self._ahead = {each for each in self._ahead if each > number}
            self._move(number)

    def cancel(self, number: int) -> None:
        """This one is not to be sent, and has a record that says so."""
        if number > self._standing.done:
            self._cancelled.add(number)
            if any(message.number == number for message in (*self._back, *self._queue)):
                self._queue = deque(message for message in self._queue if message.number != number)
                self._back = [message for message in self._back if message.number != number]
                self.settled(number)

    def withdraw(self, number: int) -> None:
        """This one is not to be sent, and will have a record that says so."""
        self._cancelled.add(number)
        self._queue = deque(message for message in self._queue if message.number != number)
        self._back = [message for message in self._back if message.number != number]

    def is_cancelled(self, number: int) -> bool:
        """Whether it turned out, while it was in hand, that it is not to be sent."""
        return number in self._cancelled

    @property
    def some(self) -> bool:
        """Whether something may wait."""
        return bool(self._queue or self._back) or self._loaded < self.end

    def forget(self) -> None:
        """Give back the memory of what waits; it is read again."""
        if self._queue:
            self._loaded = self._queue[0].number - 1
            self._queue.clear()
            self._ahead = {number for number in self._ahead if number <= self._loaded}

    def put_back(self, message: Message) -> None:
        """It was taken and not tried."""
        if message.number in self._cancelled:
            self.settled(message.number)
        elif message.number > self._standing.done:  # else it was passed over meanwhile
            insort(self._back, message, key=lambda each: each.number)

    async def take(self) -> Message | None:
        """The next one; None if there is none now."""
        if self._back:
            return self._back.pop(0)
        while not self._queue and self._loaded < self.end:
            await self._load()
        return self._queue.popleft() if self._queue else None

    def settled(self, number: int) -> None:
        """What came of it is on record."""
        if number > self._standing.done:
            self._ahead.add(number)
            self._move(self._standing.done)

    async def open(self) -> None:
        """Find the end of the box, once, before anything is taken."""
        self.set_end((await self._messages.look_for_head(self.box)).number)

    async def _load(self) -> None:
        start, until = self._loaded, min(self._loaded + IN_MEMORY, self.end)
        page = await self._messages.read(self.box, start, until - start)
        there = await self._deliveries.of_numbers(self._endpoint, [each.number for each in page])
        page = [message for message in page if message.number not in there]
        if self._loaded == start:  # unless it was passed over while we read
            self._take(page, until)

    def _take(self, page: Sequence[Message], until: int) -> None:
        wanted = [each for each in page if each.number not in self._cancelled and self._wants(each)]
        numbers = {message.number for message in wanted}
        self._queue.extend(wanted)
        self._ahead |= {number for number in range(self._loaded + 1, until + 1) if number not in numbers}
        self._loaded = until
        self._move(self._standing.done)

    def _move(self, done: int) -> None:
        while done + 1 in self._ahead:
            done += 1
            self._ahead.discard(done)
            self._cancelled.discard(done)
        if done > self._standing.done:
            self._standing.done = done
            self._standing.changed = True
