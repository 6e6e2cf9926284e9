"""The states of requests as their events come: those of the ones that something happened to lately are at
hand, any other is folded anew from its stream."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from shared.events.index import decode
from shared.folds.request import FOLD, Request
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.commit import StoredEvent

AT_HAND = 5_000

Read = Callable[[str], Awaitable[Sequence[StoredEvent]]]
"""A stream's events, all that there are."""
Recall = Callable[[str, int], object | None]
"""The state of a stream right after a version of it, if a command has just left it so."""


class States:
    """Folds each event into the state of its request."""

    def __init__(self, read: Read, recall: Recall | None = None, at_hand: int = AT_HAND) -> None:
        self._read = read
        self._recall = recall
        self._at_hand = at_hand
        self._kept: OrderedDict[str, tuple[int, Request]] = OrderedDict()

    async def after(self, event: CloudEvent) -> Request:
        """The request right after `event`, which is of its stream."""
        version, state = self._kept.pop(event.stream, (0, FOLD.initial))
        recalled = None if self._recall is None else self._recall(event.stream, event.version)
        if isinstance(recalled, Request):
            state = recalled
        elif version == event.version - 1:
            said = decode(event.type, event.data)
            state = state if said is None else FOLD.evolve(state, said)
        elif version != event.version:
            state = await self._folded(event.stream, event.version)
        self._kept[event.stream] = (event.version, state)
        if len(self._kept) > self._at_hand:
            self._kept.popitem(last=False)
        return state

    async def _folded(self, stream: str, version: int) -> Request:
        stored = await self._read(stream)
        decoded = (decode(event.type, event.data) for event in stored if event.version <= version)
        return FOLD.over(event for event in decoded if event is not None)
