"""The entries of the log, in the collection `entries`, and the head kept apart from them, in `heads`.

`_id` names the event's source and sequence, so that what was recorded is known again by a point look-up
and stands once; `seq` is unique, so that of two writers one is refused. Both are the evidence's order;
`type` and `stream`, each with `seq` behind it, are searched. Every index costs a part of the rate at which
events are recorded: there is none that no query needs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from services.audit.domain.chain import GENESIS, Head
from shared.kernel.cloudevent import Place
from shared.runtime.mongo import DUPLICATE_KEY, BulkWriteError, Database, Document

PAGE = 500
WIDEST = 16_384
# Anything numeric that stands before the first entry, or behind the last, is found by these.
LOWEST, HIGHEST = -(2**53), 2**53


class PlaceTaken(Exception):
    """Another writer was there first: what is in the log now has to be read before writing on."""


@dataclass(frozen=True, slots=True)
class Tip:
    """Where the log ends: its head, when that was recorded, and the last place of each source."""

    head: Head
    recorded: str
    places: Mapping[str, Place]


BEGINNING = Tip(Head(0, GENESIS), "", {})


class Entries:
    """The log of one database. Ranges are closed at both ends: exact, and quick on every engine."""

    def __init__(self, database: Database) -> None:
        self._entries = database["entries"]
        self._heads = database["heads"]

    async def open(self) -> None:
        """Make the indexes if they are missing."""
        await self._entries.create_index("seq", unique=True)
        await self._entries.create_index([("stream", 1), ("seq", 1)])
        await self._entries.create_index([("type", 1), ("seq", 1)])

    async def append(self, documents: Sequence[Document]) -> None:
        """Write `documents` in order, each only when the one before is in.

        Raises PlaceTaken at the first whose seq or place is in the log already; PyMongoError.
        """
        try:
            await self._entries.insert_many(documents, ordered=True)
        except BulkWriteError as error:
            refused = error.details["writeErrors"]
            if not refused or refused[0]["code"] != DUPLICATE_KEY:
                raise
            raise PlaceTaken from error

    async def by_id(self, id: str) -> Document | None:
        """The entry of one place."""
        return await self._entries.find_one({"_id": id})

    async def at(self, seq: int) -> Document | None:
        """The entry with this seq."""
        return await self._entries.find_one({"seq": seq})

    async def window(self, first: int, last: int, only: Mapping[str, str] | None = None) -> list[Document]:
        """The entries with `first` <= seq <= `last`, in order; `only` names fields that must be so."""
        query = {**(only or {}), "seq": {"$gte": first, "$lte": last}}
        return await self._entries.find(query).sort("seq", 1).to_list(None)

    async def page(
        self, after: int, head: Head, limit: int, only: Mapping[str, str]
    ) -> tuple[list[Document], bool]:
        """The next `limit` entries behind `after`, and whether there are more before `head` ends.

        A filter's matches may be far between, and the store reads a range whole before it limits it: so
        the range begins small and doubles for as long as too little is found.
        """
        found: list[Document] = []
        first, width = after + 1, limit + 1
        while first < head.size and len(found) <= limit:
            last = min(first + width, head.size) - 1
            found += await self.window(first, last, only)
            first, width = last + 1, min(width * 2, WIDEST)
        return found[:limit], len(found) > limit

    async def of_stream(self, stream: str, head: Head) -> list[Document]:
        """All entries of `stream` before `head` ends."""
        return await self.window(0, head.size - 1, {"stream": stream})

    async def pages(self, size: int | None = None) -> AsyncIterator[list[Document]]:
        """The first `size` entries by pages; without a size all there are, whatever their seq."""
        first, end = LOWEST, 0
        while size is None or end < size:
            end = end + PAGE if size is None else min(end + PAGE, size)
            found = await self.window(first, end - 1)
            if not found and size is None:
                yield await self.window(first, HIGHEST)
                return
            yield found
            first = end

    async def tip(self) -> Tip:
        """The tip that was kept apart last; that of an empty log if there is none."""
        found = await self._heads.find_one({"_id": "head"})
        if found is None:
            return BEGINNING
        places = {service: Place(*place) for service, place in found["places"].items()}
        return Tip(Head(found["size"], bytes(found["chain"])), found["recorded"], places)

    async def keep_tip(self, tip: Tip) -> None:
        """Keep `tip` apart: the log cannot be cut before it unnoticed."""
        document = {
            "size": tip.head.size,
            "chain": tip.head.chain,
            "recorded": tip.recorded,
            "places": {name: [place.pos, place.index, place.size] for name, place in tip.places.items()},
        }
        await self._heads.update_one({"_id": "head"}, {"$set": document}, upsert=True)
