"""The deliveries that were tried, or spoken of: one small record for each message and endpoint.

One that was not tried yet has no record: it lies between an endpoint's progress and the end of its box.
Source: docs/adr/0015-offsets-not-queues.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from services.notify.records import (
    LAST,
    Pending,
    State,
    asked_record,
    attempt_of,
    change_of,
    delivery_id,
    id_of,
    last_of,
    moved,
    note_of,
    pending_of,
    prefix_of,
    record_of,
)
from shared.events.notify import Attempted, DeliveryCancelled, DeliveryResent, Failed
from shared.kernel.times import later
from shared.runtime.mongo import (
    DUPLICATE_KEY,
    BulkWriteError,
    Collection,
    Database,
    Document,
    NetworkTimeout,
    UpdateOne,
)

UPDATES = 50
"""Made in one call: little enough to be done in time when the machine is busy."""
NARROW_S = 0.1
WIDE_S = 60.0
GROWTH = 4
APART_S = 0.001
"""Between two deliveries that are to be sent again at once: no window of the index is too full."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the index: one endpoint, one state, moments from `after` to `until`.

    `after` is a written time, included, or what `position` says, itself not included.
    """

    endpoint: str
    state: State
    after: str
    until: str


class Deliveries:
    """The collections `deliveries`, with one index, `place`: endpoint, state, moment, number; and `attempts`,
    `{_id: endpoint|number|attempt, …}`, those that failed, with what was answered.

    The moment is the next attempt's while a delivery is pending, then that of what came of it. `pos` is the
    place in notify's log of what was last said of a delivery: what is older changes nothing.
    """

    def __init__(self, database: Database) -> None:
        self._deliveries: Collection = database["deliveries"]
        self._attempts: Collection = database["attempts"]

    async def open(self) -> None:
        """Make the index if it is missing."""
        await self._deliveries.create_index("place")

    async def settle(
        self, pos: int, made: Sequence[Attempted], bodies: Mapping[str, bytes] | None = None
    ) -> None:
        """Set what came of attempts, as the log says at `pos`; again, or after a later one, changes nothing.

        `bodies` are the answers, by `delivery_id`; what is set from the log alone has none.
        """
        answers = bodies or {}
        failed = [each for each in made if isinstance(each, Failed)]
        await _insert(self._attempts, [attempt_of(each, answers) for each in failed])
        firsts = [each for each in made if each.attempt == 1]
        there = await _insert(self._deliveries, [record_of(each, pos, answers) for each in firsts])
        again = [each for each in made if each.attempt > 1 or id_of(each) in there]
        failed_again = [each for each in again if isinstance(each, Failed)]
        changes = [change_of(each, pos, answers) for each in again]
        await self._write([*changes, *(note_of(each, pos) for each in failed_again)])

    async def resent(self, pos: int, endpoint: str, event: DeliveryResent, at: str) -> None:
        """Make it pending, at once, from the first step. What came of it last is kept with its attempts."""
        id = delivery_id(endpoint, event.number)
        found = await self._deliveries.find_one({"_id": id})
        if found is None:
            await _insert(self._deliveries, [asked_record(endpoint, event, "pending", at, pos)])
            return
        if found["state"] == "delivered" and found["pos"] < pos:
            await _insert(self._attempts, [last_of(found)])
        await self._move(id, pos, "pending", at, {"step": 0, "next_at": at})

    async def cancelled(self, pos: int, endpoint: str, event: DeliveryCancelled, at: str) -> None:
        """Not to be sent any more, unless it was delivered meanwhile."""
        id = delivery_id(endpoint, event.number)
        there = await _insert(self._deliveries, [asked_record(endpoint, event, "cancelled", at, pos)])
        if there:
            await self._move(id, pos, "cancelled", at, {"next_at": None}, {"state": {"$ne": "delivered"}})

    async def skipped(self, pos: int, pending: Stretch, number: int, at: str) -> None:
        """Not to be sent any more: of what is `pending` all up to message `number` of the owner's box, and
        all that was gathered for the endpoint in a box of its own."""
        while found := await self.shown(pending, UPDATES):
            over = [
                each["_id"] for each in found if each["box"] == each["endpoint"] or each["number"] <= number
            ]
            await self._write([moved(id, pos, "cancelled", at, {"next_at": None}) for id in over])
            last = found[-1]["place"].removeprefix(prefix_of(pending.endpoint, "pending"))
            pending = replace(pending, after=last)

    async def recovered(self, pos: int, endpoint: str, since: str, at: str) -> None:
        """Make pending what was given up since `since`, due from `at` on, one right behind the other."""
        moment = at
        stretch = Stretch(endpoint, "exhausted", since, at)
        while found := await self.shown(stretch, UPDATES):
            changes = []
            for document in found:
                moment = later(moment, APART_S)
                changes.append(moved(document["_id"], pos, "pending", moment, {"step": 0, "next_at": moment}))
            await self._write(changes)
            last = found[-1]["place"].removeprefix(prefix_of(endpoint, "exhausted"))
            stretch = Stretch(endpoint, "exhausted", last, at)

    async def _move(
        self, id: str, pos: int, state: State, at: str, facts: Document, only: Document | None = None
    ) -> None:
        await self._write([moved(id, pos, state, at, facts, only)])

    async def _write(self, changes: Sequence[UpdateOne]) -> None:
        for start in range(0, len(changes), UPDATES):
            await self._deliveries.bulk_write(list(changes[start : start + UPDATES]), ordered=False)

    async def due(self, stretch: Stretch, limit: int) -> list[Pending]:
        """The first `limit` deliveries of `stretch`, in order."""
        return [pending_of(found) for found in await self._walk(stretch, limit, NARROW_S)]

    async def shown(self, stretch: Stretch, limit: int) -> list[Document]:
        """The same as documents."""
        return await self._walk(stretch, limit, WIDE_S)

    async def first_after(self, stretch: Stretch) -> str | None:
        """The moment of the first delivery of `stretch`."""
        found = await self._walk(stretch, 1, NARROW_S)
        return str(found[0]["next_at"]) if found else None

    async def of_numbers(self, endpoint: str, numbers: Iterable[int]) -> dict[int, Document]:
        """The records of the messages with these numbers."""
        ids = [delivery_id(endpoint, number) for number in numbers]
        found = await self._deliveries.find({"_id": {"$in": ids}}).to_list(None)
        return {int(document["number"]): document for document in found}

    async def attempts_of(self, endpoint: str, number: int, attempts: int) -> list[Document]:
        """What is on record of the first `attempts` attempts, in order."""
        ids = [f"{delivery_id(endpoint, number)}|{attempt:06d}" for attempt in range(1, attempts + 1)]
        found = await self._attempts.find({"_id": {"$in": ids}}).to_list(None)
        return sorted(found, key=lambda document: int(document["attempt"]))

    async def count(self, endpoint: str, state: State) -> int:
        """How many deliveries of `endpoint` are in `state`."""
        prefix = prefix_of(endpoint, state)
        return await self._deliveries.count_documents({"place": {"$gt": prefix, "$lt": prefix + "~"}})

    async def forget(self, documents: Sequence[Document]) -> None:
        """Take these records away, with their attempts."""
        attempts = [
            f"{document['_id']}|{attempt:06d}"
            for document in documents
            for attempt in range(1, int(document["attempts"]) + 1)
        ]
        await self._attempts.delete_many({"_id": {"$in": attempts}})
        await self._deliveries.delete_many({"_id": {"$in": [document["_id"] for document in documents]}})

    async def _walk(self, stretch: Stretch, limit: int, width: float) -> list[Document]:
        """In windows, `width` seconds at first, that grow while they hold little: the embedded store reads
        a range to its end, whatever the limit, so that each must be narrow where there is much."""
        prefix = prefix_of(stretch.endpoint, stretch.state)
        found: list[Document] = []
        after, begin = stretch.after, stretch.after[:24]
        while len(found) < limit and begin <= stretch.until:
            end = min(later(begin, width), stretch.until)
            window = {"place": {"$gt": prefix + after, "$lte": prefix + end + LAST}}
            wanted = limit - len(found)
            try:
                page = await self._deliveries.find(window).sort("place", 1).limit(wanted).to_list(wanted)
            except NetworkTimeout:
                if width <= NARROW_S:
                    raise
                width /= GROWTH
                continue
            found += page
            if end == stretch.until:
                break
            after, begin = end + LAST, end
            if len(page) * GROWTH <= limit:
                width *= GROWTH
        return found


async def _insert(collection: Collection, documents: Sequence[Document]) -> set[str]:
    """Insert those that are not there; the ids of those that were."""
    if not documents:
        return set()
    try:
        await collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        faults = error.details["writeErrors"]
        if not faults or any(fault["code"] != DUPLICATE_KEY for fault in faults):
            raise
        return {str(documents[int(fault["index"])]["_id"]) for fault in faults}
    return set()
