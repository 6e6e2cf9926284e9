"""registry's read model: an entry for each thing on record, found by terms.

The embedded store is quick at equality on an index, and reads an open range, or what a filter leaves out, to
the end. So things of a kind are numbered, and an entry has a term for each list that it is in, with the
hundred that its number is of: a page asks for the hundreds that it needs by name, however many there are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil

from services.registry.entries import (
    BUCKET,
    FILTERS,
    KINDS,
    Entry,
    applied,
    condition,
    fresh,
    list_term,
    listed_as,
    same_term,
    shown,
)
from services.registry.names import same, wanted
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.times import format_time
from shared.runtime.http.problems import Problem
from shared.runtime.mongo import DUPLICATE_KEY, BulkWriteError, Database, StoreUnavailable, UpdateOne

TERMS = 1000
"""Terms asked for in one call of the store."""
CALLS = 40
"""Calls that one page may cost; then it ends, with a cursor to go on from."""
ATTEMPTS = 8

_CURSOR = re.compile(r"^[0-9]{1,12}$")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is asked for: things of `kind` in `communities`, of which `only` says what must be so.

    `q` is how a name begins.
    """

    kind: str
    communities: Collection[str]
    only: Mapping[str, str] = field(default_factory=dict)
    stale: bool | None = None
    q: str | None = None

    def terms(self) -> list[str]:
        """The terms, without buckets, of those that come into question; the rarest that there are."""
        return [list_term(self.kind, community, self._rarest()) for community in sorted(self.communities)]

    def _rarest(self) -> str:
        if self.q is not None:
            return f"q={wanted(self.q)}"
        if self.stale:
            return "stale=true"
        named = [(name, self.only[name]) for name in FILTERS[self.kind] if name in self.only]
        return max(listed_as(named[:2]), key=len, default="")  # by two facts rather than by one

    def rest(self, now: str) -> dict[str, Json]:
        """What must be so besides, as a query; what expires is judged at `now`."""
        said = dict(condition(name, value, now) for name, value in self.only.items())
        return said if self.stale is None else {**said, "stale": self.stale}


def number_of(cursor: str | None) -> int:
    """The number that a page's cursor stands for. Raises Problem 400 if it is none."""
    if cursor is None:
        return 0
    if not _CURSOR.match(cursor):
        raise Problem(400, "invalid-cursor", "this is no cursor; send what `next` said")
    return int(cursor)


class Records:
    """The collections `entries` (see `entries`) and `numbers`: `{_id: kind, n: the last number given}`."""

    def __init__(self, database: Database) -> None:
        self._entries = database["entries"]
        self._numbers = database["numbers"]

    async def open(self) -> None:
        """Make the index if it is missing."""
        await self._entries.create_index("terms")

    async def follow(self, events: Sequence[CloudEvent]) -> None:
        """Apply registry's own events, in order; one that was applied before changes nothing."""
        for _ in range(ATTEMPTS):
            if await self._apply(events):
                return
        # Another replica applies the same, and is ahead: whoever comes second reads what it wrote.
        raise StoreUnavailable("others keep changing the entries")

    async def _apply(self, events: Sequence[CloudEvent]) -> bool:
        """Whether all was written as it was read."""
        streams = list({event.stream for event in events})
        found = await self._entries.find({"_id": {"$in": streams}}).to_list(None)
        before: dict[str, Entry] = {entry["_id"]: entry for entry in found}
        numbers = await self._give_numbers([event for event in events if event.stream not in before])
        after = dict(before)
        for event in events:
            if event.stream in numbers and event.stream not in after:
                after[event.stream] = fresh(event, numbers[event.stream])
            if event.stream in after:
                after[event.stream] = applied(after[event.stream], event)
        changed = [entry for id, entry in after.items() if before.get(id) != entry]
        return not changed or await self._write(changed, before)

    async def _give_numbers(self, events: Sequence[CloudEvent]) -> dict[str, int]:
        """A number for each stream that begins among `events`; those of one kind are given at once."""
        kinds = {event.stream: KINDS[event.type] for event in events if event.type in KINDS}
        numbers: dict[str, int] = {}
        for kind in sorted(set(kinds.values())):
            streams = [stream for stream, its in kinds.items() if its == kind]
            counted = await self._numbers.find_one_and_update(
                {"_id": kind}, {"$inc": {"n": len(streams)}}, upsert=True, return_document=True
            )
            assert counted is not None
            numbers |= dict(
                zip(streams, range(counted["n"] - len(streams) + 1, counted["n"] + 1), strict=True)
            )
        return numbers

    async def _write(self, changed: Sequence[Entry], before: Mapping[str, Entry]) -> bool:
        writes = []
        for entry in changed:
            known = before.get(entry["_id"])
            as_read = {"_id": entry["_id"], "version": known["version"] if known is not None else 0}
            said = {name: value for name, value in entry.items() if name != "_id"}
            writes.append(UpdateOne(as_read, {"$set": said}, upsert=known is None))
        try:
            result = await self._entries.bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            faults = error.details["writeErrors"]
            if not faults or any(fault["code"] != DUPLICATE_KEY for fault in faults):
                raise
            return False
        return int(result.matched_count) + int(result.upserted_count) == len(writes)

    async def get(
        self, kind: str, id: str, communities: Collection[str]
    ) -> tuple[dict[str, Json], int] | None:
        """The thing of this kind and id, as it is shown, and its version; None if nobody may know of it."""
        entry = await self._entries.find_one({"_id": id})
        if entry is None or entry["kind"] != kind or entry["community"] not in communities:
            return None
        said = shown(entry)
        return None if said is None else (said, int(entry["version"]))

    async def page(self, asked: Asked, after: int, limit: int) -> tuple[list[dict[str, Json]], str | None]:
        """Living things in the order in which they came on record, behind the number `after`, and the number
        to go on from; None if there is nothing behind. A page may be short and still not be the last."""
        if asked.q is not None and not wanted(asked.q):
            return [], None
        terms, rest = asked.terms(), asked.rest(format_time(datetime.now(UTC)))
        counted = await self._numbers.find_one({"_id": asked.kind})
        last = counted["n"] // BUCKET if counted is not None else -1
        first = bucket = (after + 1) // BUCKET
        span, most = 1 + limit // BUCKET, max(1, TERMS // max(1, len(terms)))
        found: list[Entry] = []
        for _ in range(CALLS):
            if bucket > last:
                return _page(found, None)
            buckets = range(bucket, min(bucket + min(span, most), last + 1))
            keys = [f"{term}|{each}" for term in terms for each in buckets]
            query = {"terms": {"$in": keys}, "n": {"$gt": after}, **rest}
            found += sorted(await self._entries.find(query).to_list(None), key=lambda entry: int(entry["n"]))
            if len(found) > limit:
                return _page(found[:limit], found[limit - 1]["n"])
            bucket = buckets.stop
            missing = (limit + 1 - len(found)) * (bucket - first)
            span = min(4 * (bucket - first), ceil(missing / len(found)) if found else TERMS)
        return _page(found, bucket * BUCKET - 1)

    async def of(self, ids: Collection[str]) -> dict[str, Entry]:
        """The entries with these ids, by id; what is not on record is missing."""
        found = await self._entries.find({"_id": {"$in": list(ids)}}).to_list(None)
        return {str(entry["_id"]): entry for entry in found}

    async def named(self, kind: str, community: str, name: Json) -> tuple[str, ...]:
        """The ids of living things of `kind` in `community` that have this name, however it is written."""
        terms = [same_term(kind, community, each) for each in same(name)]
        found = await self._entries.find({"terms": {"$in": terms}}, {"_id": 1}).to_list(None) if terms else []
        return tuple(sorted(str(entry["_id"]) for entry in found))


def _page(entries: Sequence[Entry], following: int | None) -> tuple[list[dict[str, Json]], str | None]:
    said = [shown(entry) for entry in entries]
    return [each for each in said if each is not None], None if following is None else str(following)
