"""The messages: what each unit and each volunteer is to be told, numbered in a box of its own.

A box is a gapless row, 1, 2, 3 …, so that whoever reads it needs to remember one number; a body is frozen as
bytes when it is put there. Source: docs/adr/0015-offsets-not-queues.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from services.notify.letters import (
    Digest,
    Head,
    Letter,
    Message,
    document_of,
    head_of,
    message_of,
    numbered,
    place,
)
from shared.kernel.times import format_time
from shared.runtime.mongo import DUPLICATE_KEY, BulkWriteError, Database, StoreUnavailable

CHUNK = 250
"""Inserted in one call: little enough to be done in time when the machine is busy."""
PAGE = 500
"""Read in one call, by a range closed at both ends."""


Grown = Callable[[Sequence[Message]], None]
Reached = Callable[[str, int], None]


class Messages:
    """The collections `messages`, `{_id: box|id, place: box|number, …}`, and `boxes`, `{_id: box, head,
    floor}`, which says where to look for a box's last message, and up to which number it was emptied.

    One process puts messages in at a time; if two do for a moment, the unique index keeps the rows gapless.
    """

    def __init__(self, database: Database) -> None:
        self._messages = database["messages"]
        self._boxes = database["boxes"]
        self._heads: dict[str, Head] = {}
        self._marked: dict[str, Head] = {}
        self._unsure = True
        self._putting = asyncio.Lock()
        self._watchers: list[Grown] = []
        self._end_watchers: list[Reached] = []

    async def open(self) -> None:
        """Make the index if it is missing."""
        await self._messages.create_index("place", unique=True)

    def watch(self, grown: Grown) -> None:
        """Call `grown` with what this process has put in, in order."""
        self._watchers.append(grown)

    def watch_ends(self, reached: Reached) -> None:
        """Call `reached` with a box, and the number that it was found to reach to."""
        self._end_watchers.append(reached)

    async def put(self, letters: Sequence[Letter | Digest], look: bool = False) -> None:
        """Put in what is not there yet, in order; `look` if it may be. Raises StoreUnavailable if another
        process is at it."""
        async with self._putting:
            for start in range(0, len(letters), CHUNK):
                part = letters[start : start + CHUNK]
                if look or self._unsure:
                    part = await self._missing(part)
                if part:
                    await self._put(part)
            self._unsure = False

    async def _put(self, letters: Sequence[Letter | Digest]) -> None:
        heads: dict[str, Head] = {}
        now = format_time(datetime.now(UTC))
        made = []
        for letter in letters:
            head = heads.get(letter.box) or await self.head(letter.box)
            message = numbered(letter, head, now)
            heads[letter.box] = head_of(message)
            made.append(message)
        try:
            self._unsure = True
            await self._messages.insert_many([document_of(message) for message in made], ordered=True)
            self._unsure = False
        except BulkWriteError as error:
            self._heads.clear()
            if any(fault["code"] == DUPLICATE_KEY for fault in error.details["writeErrors"]):
                raise StoreUnavailable("another process puts messages in; it is tried again") from error
            raise
        except BaseException:
            self._heads.clear()
            raise
        self._heads |= heads
        for grown in self._watchers:
            grown(made)

    async def _missing(self, letters: Sequence[Letter | Digest]) -> list[Letter | Digest]:
        """Those that are not there. Of those that are, put in by a try that seemed to fail, all are told."""
        there = await self._there(letters)
        for box in sorted({letter.box for letter in letters if f"{letter.box}|{letter.id}" in there}):
            number = (await self.look_for_head(box)).number
            for reached in self._end_watchers:
                reached(box, number)
        return [letter for letter in letters if f"{letter.box}|{letter.id}" not in there]

    async def _there(self, letters: Iterable[Letter | Digest]) -> set[str]:
        """Those of `letters` that an earlier try has put in."""
        ids = [f"{letter.box}|{letter.id}" for letter in letters]
        found = await self._messages.find({"_id": {"$in": ids}}, {"_id": 1}).to_list(None)
        return {str(document["_id"]) for document in found}

    def forget(self) -> None:
        """Another process may have put something in: look before the next is numbered."""
        self._heads.clear()
        self._unsure = True

    async def head(self, box: str) -> Head:
        """The last message of `box` as this process, which puts them in, knows it."""
        if box not in self._heads:
            self._heads[box] = await self.look_for_head(box)
        return self._heads[box]

    async def look_for_head(self, box: str) -> Head:
        """The last message of `box` as the store has it: found by doubling and halving."""
        known = await self._boxes.find_one({"_id": box}) or {}
        low = max(int(known.get("head", 0)), int(known.get("floor", 0)))
        step = 1
        while await self._has(box, low + step):
            low, step = low + step, step * 2
        while step > 1:
            step //= 2
            if await self._has(box, low + step):
                low += step
        if low == 0:
            return Head(0)
        found = await self._messages.find_one({"place": place(box, low)}, {"bodies": 0})
        if found is None:
            return Head(low, known.get("previous"), int(known.get("last", 0)))
        return head_of(message_of(found))

    async def _has(self, box: str, number: int) -> bool:
        return await self._messages.find_one({"place": place(box, number)}, {"_id": 1}) is not None

    async def floor(self, box: str) -> int:
        """The number up to which `box` was emptied."""
        found = await self._boxes.find_one({"_id": box}, {"floor": 1})
        return 0 if found is None else int(found.get("floor", 0))

    async def read(self, box: str, after: int, limit: int, bodies: bool = True) -> list[Message]:
        """Those behind number `after`, in order: up to `limit` numbers further."""
        window = {"place": {"$gt": place(box, after), "$lte": place(box, after + min(limit, PAGE))}}
        found = await self._messages.find(window, None if bodies else {"bodies": 0}).to_list(None)
        return sorted((message_of(document) for document in found), key=lambda message: message.number)

    async def of_numbers(self, box: str, numbers: Sequence[int], bodies: bool = True) -> dict[int, Message]:
        """The messages with these numbers, those that are still kept."""
        places = [place(box, number) for number in numbers]
        fields = None if bodies else {"bodies": 0}
        found = await self._messages.find({"place": {"$in": places}}, fields).to_list(None)
        return {message.number: message for message in map(message_of, found)}

    async def taken(self, places: Sequence[str]) -> set[str]:
        """Those of `places` at which a message stands."""
        found = await self._messages.find({"place": {"$in": [*places]}}, {"place": 1}).to_list(None)
        return {str(document["place"]) for document in found}

    async def of_id(self, box: str, id: str, bodies: bool = False) -> Message | None:
        """The message with this id in `box`."""
        found = await self._messages.find_one({"_id": f"{box}|{id}"}, None if bodies else {"bodies": 0})
        return None if found is None else message_of(found)

    async def boxes(self) -> list[str]:
        """Every box that was ever marked."""
        return [str(found["_id"]) for found in await self._boxes.find({}, {"_id": 1}).to_list(None)]

    async def mark(self) -> None:
        """Remember the heads, so that they are found soon; a mark that is old does no harm."""
        for box, head in list(self._heads.items()):
            if self._marked.get(box) == head:
                continue
            facts = {"head": head.number, "previous": head.previous, "last": head.last}
            await self._boxes.update_one({"_id": box}, {"$set": facts}, upsert=True)
            self._marked[box] = head

    async def empty(self, box: str, before: str) -> int:
        """Take away the messages of `box` that were put in before the moment `before`; how many."""
        gone = 0
        while True:
            floor = await self.floor(box)
            page = await self.read(box, floor, PAGE, bodies=False)
            old = [message for message in page if message.at < before]
            if not old:
                return gone
            await self._boxes.update_one({"_id": box}, {"$max": {"floor": old[-1].number}}, upsert=True)
            places = [place(box, message.number) for message in old]
            await self._messages.delete_many({"place": {"$in": places}})
            gone += len(old)
