"""Snapshots of what is kept in memory, so that a start need not read the whole log. Source: ADR 7."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import orjson
import structlog

from shared.kernel.canonical import Json
from shared.kernel.cloudevent import Place
from shared.runtime.ids import new_event_id
from shared.runtime.mongo import Database

CHUNK = 2000
"""Rows in one document: some hundred bytes each, so far below what a document may hold."""

log = structlog.get_logger()


class Snapshots:
    """The snapshots of one view, by its name; another shape of rows wants another name.

    Written in chunks beside the one before, which goes when the new one is whole.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._snapshots = database["snapshots"]
        self._name = name

    async def save(self, place: Place, rows: Iterator[Json]) -> int:
        """Keep `rows`, which have everything up to `place`, and may have some of what comes behind; how many
        they are."""
        snapshot, chunks, size = new_event_id(), 0, 0
        while chunk := list(islice(rows, CHUNK)):
            document = {"_id": f"{self._name}:{snapshot}:{chunks}", "rows": orjson.dumps(chunk)}
            await self._snapshots.insert_one(document)
            chunks, size = chunks + 1, size + len(chunk)
        head = {
            "snapshot": snapshot,
            "chunks": chunks,
            "pos": place.pos,
            "index": place.index,
            "size": place.size,
        }
        before = await self._snapshots.find_one_and_replace({"_id": self._name}, head, upsert=True)
        if before is not None:
            await self._snapshots.delete_many({"_id": {"$in": self._chunks(before)}})
        return size

    async def load(self) -> tuple[Place, Sequence[Json]] | None:
        """The last snapshot's place and rows; None if there is none that is whole."""
        head = await self._snapshots.find_one({"_id": self._name})
        if head is None:
            return None
        rows: list[Json] = []
        for chunk in self._chunks(head):
            document = await self._snapshots.find_one({"_id": chunk})
            if document is None:  # another replica has just put a newer one in its place
                log.warning("snapshot-incomplete", name=self._name)
                return None
            rows.extend(orjson.loads(document["rows"]))
        return Place(head["pos"], head["index"], head["size"]), rows

    def _chunks(self, head: dict[str, Json]) -> list[str]:
        count = head["chunks"]
        assert isinstance(count, int)
        return [f"{self._name}:{head['snapshot']}:{number}" for number in range(count)]
