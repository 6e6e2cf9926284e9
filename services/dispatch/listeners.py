"""Who listens to the board: each is told which rows changed, once however often they did meanwhile."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from services.dispatch.choosing import Choice
from services.dispatch.rows import Row

MOST_OF_ONE = 20
"""How many streams one client may have open in this process."""
MOST_PENDING = 1_000
"""Rows that may wait for a listener that does not read; then it is dropped."""
REMEMBERED = 5_000
"""Changes back to which a listener that was away can go on from."""


@dataclass(eq=False, slots=True)
class Listener:
    """One of `client` that listens. `place` is where the log has the last change it was told of, or is to be;
    `lost` says that it missed some, and has to load the board anew."""

    client: str
    choice: Choice
    place: str
    lost: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    _pending: dict[str, None] = field(default_factory=dict)

    def hear(self, row: Row, before: Row | None, place: str) -> None:
        """The row changed; nothing, if it neither is one of those chosen nor was."""
        if not self.choice.fits(row) and (before is None or not self.choice.fits(before)):
            return
        self._pending[row.id] = None
        self.place = max(self.place, place)
        if len(self._pending) > MOST_PENDING:
            self.lose()
        self.woken.set()

    def lose(self) -> None:
        """It cannot be told any more what changed."""
        self.lost = True
        self._pending.clear()
        self.woken.set()

    def taken(self) -> tuple[list[str], str]:
        """Which rows changed since this was asked last, and up to which place."""
        ids = [*self._pending]
        self._pending.clear()
        self.woken.clear()
        return ids, self.place


@dataclass(slots=True)
class Listeners:
    """All that listen in this process. `place_now` says where the log has what was followed last."""

    place_now: Callable[[], str]
    _open: set[Listener] = field(default_factory=set)
    _recent: deque[tuple[str, Row, Row | None]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def __len__(self) -> int:
        """How many listen."""
        return len(self._open)

    def has_room_for(self, client: str) -> bool:
        """Whether one more of `client` may listen."""
        return sum(listener.client == client for listener in self._open) < MOST_OF_ONE

    def happened(self, row: Row, before: Row | None, place: str) -> None:
        """See `Requests.listen`."""
        self._recent.append((place, row, before))
        for listener in [*self._open]:
            listener.hear(row, before, place)
            if listener.lost:
                self._open.discard(listener)

    def open(self, client: str, choice: Choice, after: str | None) -> tuple[Listener, bool]:
        """One more of `client` that listens, from `after` on or from now; and whether that place is known
        here. If not, it does not know what it missed."""
        now = self.place_now()
        listener = Listener(client, choice, now)
        known = after is None or after == now or self._remembers(after)
        if after is not None and known:
            for place, row, before in self._recent:
                if place > after:
                    listener.hear(row, before, place)
        if not listener.lost:
            self._open.add(listener)
        return listener, known

    def close(self, listener: Listener) -> None:
        """It listens no longer."""
        self._open.discard(listener)

    def lose_all(self) -> None:
        """All rows may have changed: everybody has to load the board anew."""
        self._recent.clear()
        for listener in self._open:
            listener.lose()
        self._open.clear()

    def _remembers(self, place: str) -> bool:
        return bool(self._recent) and self._recent[0][0] <= place <= self._recent[-1][0]
