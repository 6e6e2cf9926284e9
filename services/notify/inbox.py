"""A box as its owner reads it: on from a number, a page at a time, and told at once of what is new.

Messages stand in a box without gaps, so whoever has read number n waits for one place, that of n + 1. The
process that puts messages in wakes its readers itself; in any other one look into the store, some times a
second, is for all that wait there.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from services.notify.domain.subscription import matches_any
from services.notify.letters import Message, place
from services.notify.messages import Messages
from shared.kernel.decider import Refused

LOOK_S = 0.3
"""How often it is looked for what another process has put in: half a second is promised."""
WINDOW = 250
"""Messages that are read at once where a filter may hide most of them."""
LOOKED_AT = 2_000
"""Messages that one page looks at, at the most; then it says how far it came."""
MOST_OF_ONE = 20
"""How many streams and calls that wait one client may have open in this process."""

AHEAD = "the box does not reach as far as that; `end` is the number of its last message"


@dataclass(frozen=True, slots=True)
class Missed:
    """Those behind number `after`, up to `until`, are kept no longer."""

    after: int
    until: int


@dataclass(frozen=True, slots=True)
class Page:
    """What was found, in order. `position` is the number of the last that was looked at, hidden by a filter
    or not; `done` says that there was nothing behind it."""

    messages: Sequence[Message]
    position: int
    done: bool
    missed: Missed | None = None

    def says_nothing(self) -> bool:
        """Whether it is worth waiting for the next."""
        return self.done and not self.messages and self.missed is None


class Emptied(Exception):
    """What follows was taken away, up to the number `floor`."""

    def __init__(self, floor: int) -> None:
        super().__init__(floor)
        self.floor = floor


class Inbox:
    """The boxes to be read. `run` is to be kept going."""

    def __init__(self, messages: Messages, window: int = WINDOW, looked_at: int = LOOKED_AT) -> None:
        self._messages = messages
        self._window, self._looked_at = window, looked_at
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._known: dict[str, int] = {}
        self._open: Counter[str] = Counter()
        messages.watch(self._grew)

    async def page(self, box: str, after: int, limit: int, types: Sequence[str] = ()) -> Page:
        """Up to `limit` messages behind number `after`, of these types. Raises Refused(position-ahead)."""
        found: list[Message] = []
        position, looked, missed = after, 0, None
        while True:
            wanted = self._window if types else min(limit - len(found) + 1, self._window)
            try:
                row, ended = await self._behind(box, position, wanted)
            except Emptied as emptied:
                if found:
                    return Page(found, position, done=False)
                missed = Missed(position if missed is None else missed.after, emptied.floor)
                position = emptied.floor
                continue
            for message in row:
                fits = not types or matches_any(types, message.type)
                if fits and len(found) == limit:
                    return Page(found, position, False, missed)
                position = message.number
                if fits:
                    found.append(message)
            looked += len(row)
            if ended or looked >= self._looked_at:
                return Page(found, position, ended, missed)

    async def check(self, box: str, after: int) -> None:
        """Raises Refused(position-ahead) if `box` does not reach to number `after`."""
        with suppress(Emptied):
            await self._behind(box, after, 0)

    async def _behind(self, box: str, after: int, count: int) -> tuple[list[Message], bool]:
        """The next `count` at the most, without a gap, and whether those were the last. That of number
        `after` is read with them: if it is there, nothing behind it was taken away."""
        start = max(after - 1, 0)
        window = await self._messages.read(box, start, after - start + count)
        behind = [message for message in window if message.number > after]
        row = [message for number, message in enumerate(behind, after + 1) if message.number == number]
        sure = len(behind) < len(window) or (after == 0 and bool(row))
        if not sure or len(row) < len(behind):  # then something was taken away, or is being put in
            floor = await self._messages.floor(box)
            if floor > after + len(row):
                if not row:
                    raise Emptied(floor)
                return row, False
            if not sure and floor < after:
                raise Refused("position-ahead", AHEAD, end=await self.end(box))
        return row, len(row) < count

    async def number_before(self, box: str, moment: str) -> int:
        """The number of the last message that was put in before `moment`; if all were put in since, or are
        kept no longer, that up to which the box was emptied."""
        low = await self._messages.floor(box)
        high = max(low, await self.end(box))
        while low < high:
            middle = (low + high + 1) // 2
            message = (await self._messages.of_numbers(box, [middle], bodies=False)).get(middle)
            if message is None or message.at < moment:
                low = middle
            else:
                high = middle - 1
        return low

    async def end(self, box: str) -> int:
        """The number of the last message of `box`, 0 if it never had one."""
        return (await self._messages.look_for_head(box)).number

    async def wait(self, box: str, after: int, seconds: float) -> bool:
        """Until something is behind number `after`, or so many seconds have passed; whether there is."""
        if self._known.get(box, 0) > after:
            return True
        awaited, woken = place(box, after + 1), asyncio.Event()
        self._waiting.setdefault(awaited, set()).add(woken)
        try:
            async with asyncio.timeout(seconds):
                await woken.wait()
        except TimeoutError:
            return False
        finally:
            others = self._waiting.get(awaited, set())
            others.discard(woken)
            if not others:
                self._waiting.pop(awaited, None)
        return True

    @property
    def waiting(self) -> int:
        """How many wait in this process."""
        return sum(len(each) for each in self._waiting.values())

    def has_room_for(self, client: str) -> bool:
        """Whether `client` may have one more stream, or call that waits, open here."""
        return self._open[client] < MOST_OF_ONE

    @asynccontextmanager
    async def open_for(self, client: str) -> AsyncIterator[None]:
        """It is open as long as this goes on."""
        self._open[client] += 1
        try:
            yield
        finally:
            self._open[client] -= 1
            if self._open[client] <= 0:
                del self._open[client]

    async def run(self) -> None:
        """Look again and again for what is waited for, all of it at once, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._waiting:
                for found in await self._messages.taken([*self._waiting]):
                    self._wake(found)

    def _grew(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._known[message.box] = message.number
            self._wake(place(message.box, message.number))

    def _wake(self, awaited: str) -> None:
        for woken in self._waiting.get(awaited, ()):
            woken.set()
