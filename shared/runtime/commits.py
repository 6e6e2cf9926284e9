"""The collection `commits`: one document a command, found by its place and by its keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from bson.raw_bson import RawBSONDocument

from shared.kernel.commit import Commit, StoredEvent, key
from shared.runtime.log import events_of, from_document
from shared.runtime.mongo import Database, Document

PLACES = 25
"""Places asked for at once. Point look-ups and not a range, for which the embedded store reads all."""
VERSIONS = (16, 64)
"""Versions of a stream asked for at once: at first, and then."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last commit's place and time; zero and empty for an empty log."""

    pos: int = 0
    at: str = ""


class Commits:
    """Look-ups and the one insert that the event store is made of. Raises PyMongoError as the driver does."""

    def __init__(self, database: Database) -> None:
        self._commits = database["commits"]

    async def create_indexes(self) -> None:
        """Make the index if it is missing; `_id`, the place, has its own."""
        await self._commits.create_index("keys", unique=True)

    async def insert(self, documents: Sequence[RawBSONDocument]) -> None:
        """Insert in order, up to the first that an index refuses (BulkWriteError)."""
        await self._commits.insert_many(documents, ordered=True)

    async def at(self, pos: int) -> Commit | None:
        """The commit at this place."""
        document = await self._commits.find_one({"_id": pos})
        return from_document(document) if document is not None else None

    async def holding(self, keys: Sequence[str]) -> Commit | None:
        """A commit that has one of these keys."""
        document = await self._commits.find_one({"keys": {"$in": list(keys)}})
        return from_document(document) if document is not None else None

    async def read(self, after: int, limit: int) -> list[Commit]:
        """The commits behind `after`, in order, up to the first place that nobody has taken."""
        found: list[Commit] = []
        while len(found) < limit:
            some = await self._places(after + len(found), min(PLACES, limit - len(found)))
            found += [from_document(document) for document in some]
            if len(some) < PLACES:
                break
        return found

    async def stream(self, stream: str) -> list[StoredEvent]:
        """All events of `stream`, by version. Its versions have no gap, so they can be asked for."""
        events: list[StoredEvent] = []
        count, more = VERSIONS
        while True:
            first = len(events) + 1
            wanted = [key(stream, version) for version in range(first, first + count)]
            documents = await self._commits.find({"keys": {"$in": wanted}}).to_list(None)
            found = events_of(stream, [from_document(document) for document in documents])
            # One append may be seen and not the one before, of a look-up that both overtook.
            events += [event for place, event in enumerate(found, first) if event.version == place]
            if len(events) < first - 1 + count:
                return events
            count = more

    async def head_from(self, start: int) -> Head:
        """The head, looked for first close behind `start`, where a commit is, in one round trip."""
        near = await self._places(start, PLACES, {"at": 1})
        if near and len(near) < PLACES:
            return Head(int(near[-1]["_id"]), str(near[-1]["at"]))
        return await self._gallop(start + len(near))

    async def _places(self, after: int, count: int, fields: Document | None = None) -> list[Document]:
        """What stands at the places behind `after`, up to the first that is free."""
        places = range(after + 1, after + 1 + count)
        found = await self._commits.find({"_id": {"$in": list(places)}}, fields).to_list(count)
        by_place = {int(document["_id"]): document for document in found}
        return [by_place[place] for place in takewhile(by_place.__contains__, places)]

    async def _gallop(self, start: int) -> Head:
        """The head by point look-ups in growing steps and then by halves, which gaplessness allows."""
        at, low, step = "", start, 1
        while (found := await self._stored_at(low + step)) is not None:
            at, low, step = found, low + step, step * 2
        high = low + step
        while low + 1 < high:
            middle = (low + high) // 2
            if (found := await self._stored_at(middle)) is not None:
                at, low = found, middle
            else:
                high = middle
        if low and not at:
            at = await self._stored_at(low) or ""
        return Head(low, at)

    async def _stored_at(self, pos: int) -> str | None:
        found = await self._commits.find_one({"_id": pos}, {"at": 1})
        return None if found is None else str(found["at"])
