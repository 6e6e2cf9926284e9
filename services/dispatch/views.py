"""dispatch's read model: one document for each request, for lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.events.dispatch import (
    RequestCreated,
    RequestTriaged,
    VisitCheckedIn,
    VolunteerAssigned,
)
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent, sequence
from shared.runtime.mongo import DUPLICATE_KEY, BulkWriteError, Database, Document, UpdateOne
from shared.runtime.windows import page

VISITED = "in-service"
_STATUS: Mapping[str, str] = {
    RequestTriaged.type: "triaged",
    VolunteerAssigned.type: "assigned",
    VisitCheckedIn.type: VISITED,
}
_CARRIED = ("service", "category", "grid", "priority", "due", "units")


class Requests:
    """The collection `requests`; `key` is where the log has its creation."""

    def __init__(self, database: Database) -> None:
        self._requests = database["requests"]

    async def open(self) -> None:
        """Make the index if it is missing."""
        await self._requests.create_index("key")

    async def follow(self, events: Sequence[CloudEvent]) -> None:
        """Apply a batch of dispatch's own events; again is the same."""
        of_requests = [event for event in events if event.stream.startswith("request-")]
        created = [_created(event) for event in of_requests if event.type == RequestCreated.type]
        if created:
            await self._insert(created)
        others = [event for event in of_requests if event.type != RequestCreated.type]
        changes = [change for event in others for change in _changes(event)]
        if changes:
            await self._requests.bulk_write(changes)

    async def _insert(self, documents: list[Document]) -> None:
        try:
            await self._requests.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            faults = error.details["writeErrors"]
            if not faults or any(item["code"] != DUPLICATE_KEY for item in faults):
                raise

    async def page(
        self, span: tuple[str, int], limit: int, only: Mapping[str, str]
    ) -> tuple[list[dict[str, Json]], str | None]:
        """Requests in the order of their creation, and where to go on; see `windows.page`.

        `only` names fields that must be so; for `units`, that one of them is.
        """
        documents, following = await page(self._requests, ("key", ""), span, limit, only)
        return [_shown(document) for document in documents], following


def _created(event: CloudEvent) -> Document:
    document = {
        "_id": event.stream,
        "key": sequence(event.place.pos, event.place.index),
        "status": "received",
        "created_at": event.time,
        "version": event.version,
        "channel": event.data["channel"],
        "community": event.data["community"],
    }
    if "resident" in event.data:
        document["resident"] = event.data["resident"]
    return document | _carried(event)


def _changes(event: CloudEvent) -> list[UpdateOne]:
    # An older event changes nothing: another replica may have been further.
    older = {"_id": event.stream, "version": {"$lt": event.version}}
    fields = _carried(event) | {"version": event.version}
    changes = [UpdateOne(older, {"$set": fields})]
    if event.type in _STATUS:
        # Who is placed while somebody is there already takes nothing back.
        reached = {**older, "status": {"$ne": VISITED}}
        changes.insert(0, UpdateOne(reached, {"$set": {"status": _STATUS[event.type]}}))
    return changes


def _carried(event: CloudEvent) -> Document:
    return {name: event.data[name] for name in _CARRIED if name in event.data}


def _shown(document: Document) -> dict[str, Json]:
    return {"id": document["_id"], **{k: v for k, v in document.items() if k not in ("_id", "key")}}
