"""The deliveries: one document for each event and endpoint, from the fan-out to its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.events.notify import DeliveryOutcome
from shared.kernel.times import format_time, later
from shared.runtime.mongo import (
    DUPLICATE_KEY,
    BulkWriteError,
    Database,
    Document,
    NetworkTimeout,
    UpdateOne,
)

State = Literal["pending", "exhausted", "delivered"]
STATES: Sequence[State] = ("pending", "exhausted", "delivered")
"""In the order of the index: what may still move comes first, so that a reader of pages misses nothing."""

UPDATES = 50
"""Made in one call: little enough to be done in time when the machine is busy."""
NARROW_S = 0.1
WIDE_S = 60.0
GROWTH = 4
# Behind every event id in text order.
_LAST = "|~"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be sent. `attempts` were made before; `body` is what every attempt carries."""

    event: str
    type: str
    endpoint: str
    unit: str
    body: bytes
    attempts: int
    next_at: str

    @property
    def id(self) -> str:
        """Unique per event and endpoint."""
        return delivery_id(self.event, self.endpoint)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the index: one endpoint, one state, moments from `after` to `until`.

    `after` is a written time, included, or what `position` says, itself not included.
    """

    endpoint: str
    state: State
    after: str
    until: str


def delivery_id(event: str, endpoint: str) -> str:
    """`<event id>:<endpoint id>`."""
    return f"{event}:{endpoint}"


def position(moment: str, event: str) -> str:
    """Where a delivery stands within its endpoint and state."""
    return f"{moment}|{event}"


def _prefix(endpoint: str, state: State) -> str:
    return f"{endpoint}|{STATES.index(state) + 1}|"


class Deliveries:
    """The collection `deliveries`, with one index, `place`: endpoint, state, moment, event.

    The moment is the next attempt's while a delivery is pending, then that of the last one.
    """

    def __init__(self, database: Database) -> None:
        self._deliveries = database["deliveries"]

    async def open(self) -> None:
        """Make the index if it is missing."""
        await self._deliveries.create_index("place")

    async def insert(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """Insert what is not there yet; for each delivery whether it was new."""
        try:
            await self._deliveries.insert_many([_document(found) for found in deliveries], ordered=False)
        except BulkWriteError as error:
            faults = error.details["writeErrors"]
            if not faults or any(fault["code"] != DUPLICATE_KEY for fault in faults):
                raise
            there = {int(fault["index"]) for fault in faults}
            return [index not in there for index in range(len(deliveries))]
        return [True] * len(deliveries)

    async def settle(self, outcomes: Iterable[DeliveryOutcome]) -> None:
        """Set what came of attempts; again, or after a later one, changes nothing."""
        changes = [_change(outcome) for outcome in outcomes]
        for start in range(0, len(changes), UPDATES):
            await self._deliveries.bulk_write(changes[start : start + UPDATES], ordered=False)

    async def due(self, stretch: Stretch, limit: int) -> list[Delivery]:
        """The first `limit` deliveries of `stretch`, in order."""
        return [_delivery(found) for found in await self._walk(stretch, limit, NARROW_S, None)]

    async def shown(self, stretch: Stretch, limit: int) -> list[Document]:
        """The same as documents, without their bodies."""
        return await self._walk(stretch, limit, WIDE_S, {"body": 0})

    async def first_after(self, stretch: Stretch) -> str | None:
        """The moment of the first delivery of `stretch`."""
        found = await self._walk(stretch, 1, NARROW_S, {"next_at": 1})
        return str(found[0]["next_at"]) if found else None

    async def count(self, endpoint: str, state: State) -> int:
        """How many deliveries of `endpoint` are in `state`."""
        prefix = _prefix(endpoint, state)
        return await self._deliveries.count_documents({"place": {"$gt": prefix, "$lt": prefix + "~"}})

    async def _walk(
        self, stretch: Stretch, limit: int, width: float, fields: Document | None
    ) -> list[Document]:
        """In windows, `width` seconds at first, that grow while they hold little: the embedded store reads
        a range to its end, whatever the limit, so that each must be narrow where there is much."""
        prefix = _prefix(stretch.endpoint, stretch.state)
        found: list[Document] = []
        after, begin = stretch.after, stretch.after[:24]
        while len(found) < limit and begin <= stretch.until:
            end = min(later(begin, width), stretch.until)
            window = {"place": {"$gt": prefix + after, "$lte": prefix + end + _LAST}}
            wanted = limit - len(found)
            try:
                cursor = self._deliveries.find(window, fields).sort("place", 1).limit(wanted)
                page = await cursor.to_list(wanted)
            except NetworkTimeout:
                if width <= NARROW_S:
                    raise
                width /= GROWTH
                continue
            found += page
            if end == stretch.until:
                break
            after, begin = end + _LAST, end
            if len(page) * GROWTH <= limit:
                width *= GROWTH
        return found


def _document(delivery: Delivery) -> Document:
    return {
        "_id": delivery.id,
        "place": _prefix(delivery.endpoint, "pending") + position(delivery.next_at, delivery.event),
        "event": delivery.event,
        "type": delivery.type,
        "endpoint": delivery.endpoint,
        "unit": delivery.unit,
        "state": "pending",
        "attempts": delivery.attempts,
        "next_at": delivery.next_at,
        "created_at": delivery.next_at,
        "body": delivery.body,
    }


def _delivery(document: Document) -> Delivery:
    return Delivery(
        event=document["event"],
        type=document["type"],
        endpoint=document["endpoint"],
        unit=document["unit"],
        body=bytes(document["body"]),
        attempts=document["attempts"],
        next_at=document["next_at"],
    )


def _change(outcome: DeliveryOutcome) -> UpdateOne:
    state: State = "pending" if outcome.outcome == "failed" else outcome.outcome
    at = format_time(outcome.at)
    next_at = None if outcome.next_at is None else format_time(outcome.next_at)
    place = _prefix(outcome.endpoint, state) + position(next_at or at, outcome.event)
    return UpdateOne(
        {"_id": delivery_id(outcome.event, outcome.endpoint), "attempts": {"$lt": outcome.attempt}},
        {
            "$set": {
                "place": place,
                "state": state,
                "attempts": outcome.attempt,
                "last_status": outcome.status,
                "last_error": outcome.error,
                "next_at": next_at,
                "delivered_at": at if state == "delivered" else None,
            }
        },
    )
