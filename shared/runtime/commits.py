"""The collection `commits`: one document a command, found by id, by place and by stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bson.raw_bson import RawBSONDocument

from shared.kernel.commit import Commit, StoredEvent
from shared.runtime.log import events_of, from_document
from shared.runtime.mongo import Collection, Database

NEAR = 256


@dataclass(frozen=True, slots=True)
class Head:
    """The last commit's place and time; zero and empty for an empty log."""

    pos: int = 0
    at: str = ""


@dataclass(frozen=True, slots=True)
class Commits:
    """Look-ups and the one insert that the event store is made of. Raises PyMongoError as the driver does."""

    database: Database

    @property
    def _commits(self) -> Collection:
        return self.database["commits"]

    async def create_indexes(self) -> None:
        """Make the indexes if they are missing."""
        await self._commits.create_index("pos", unique=True)
        await self._commits.create_index("keys", unique=True)
        await self._commits.create_index("streams")

    async def insert(self, documents: Sequence[RawBSONDocument]) -> None:
        """Insert in order, up to the first that an index refuses (BulkWriteError)."""
        await self._commits.insert_many(documents, ordered=True)

    async def by_id(self, commit_id: str) -> Commit | None:
        """The commit with this id."""
        document = await self._commits.find_one({"_id": commit_id})
        return from_document(document) if document is not None else None

    async def at(self, pos: int) -> str | None:
        """When the commit at `pos` was stored; None if there is none."""
        found = await self._commits.find_one({"pos": pos}, {"at": 1})
        return None if found is None else str(found["at"])

    async def holder(self, keys: Sequence[str]) -> str | None:
        """The id of a commit that has taken one of these stream versions."""
        found = await self._commits.find_one({"keys": {"$in": list(keys)}}, {"_id": 1})
        return None if found is None else str(found["_id"])

    async def read(self, after: int, limit: int) -> list[Commit]:
        """The commits behind `after`. The range is closed at both ends: exact, and quick on every engine."""
        found = self._commits.find({"pos": {"$gt": after, "$lte": after + limit}}).sort("pos", 1)
        return [from_document(document) for document in await found.to_list(limit)]

    async def stream(self, stream: str) -> list[StoredEvent]:
        """All events of `stream`, by version."""
        documents = await self._commits.find({"streams": stream}).to_list(None)
        return events_of(stream, [from_document(document) for document in documents])

    async def head_from(self, start: int) -> Head:
        """The head, looked for first close behind `start`, where a commit is, in one round trip."""
        near = self._commits.find({"pos": {"$gt": start, "$lte": start + NEAR}}, {"pos": 1, "at": 1})
        found = [Head(int(commit["pos"]), str(commit["at"])) for commit in await near.to_list(NEAR)]
        if len(found) == NEAR:
            return await self._gallop(start + NEAR)
        return max(found, key=lambda head: head.pos) if found else await self._gallop(start)

    async def _gallop(self, start: int) -> Head:
        """The head by point look-ups in growing steps and then by halves, which gaplessness allows."""
        at, low, step = "", start, 1
        while (found := await self.at(low + step)) is not None:
            at, low, step = found, low + step, step * 2
        high = low + step
        while low + 1 < high:
            middle = (low + high) // 2
            if (found := await self.at(middle)) is not None:
                at, low = found, middle
            else:
                high = middle
        if low and not at:
            at = await self.at(low) or ""
        return Head(low, at)
