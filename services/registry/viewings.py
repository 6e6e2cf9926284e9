"""Who was shown whose personal details: registry's own readings, found by the person.

The collection `viewings`: `{_id: event id, subject, at, role, purpose, count}`, with an index on `subject`,
since equality is what the embedded store is quick at. Ids, codes and times only.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from shared.events.details import DetailsViewed
from shared.kernel.canonical import Json, decode_object
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.mongo import Database, UpdateOne

FOLLOWER = "viewings"
"""The follower of registry's own log that the collection is made by."""


class Viewings:
    """registry's readings of personal details."""

    def __init__(self, database: Database) -> None:
        self._viewings = database["viewings"]

    async def open(self) -> None:
        """Make the index if it is missing."""
        await self._viewings.create_index("subject")

    async def follow(self, events: Sequence[CloudEvent]) -> None:
        """Keep the readings among registry's own events; one that was kept before changes nothing."""
        writes = [
            UpdateOne({"_id": event.id}, {"$setOnInsert": _viewing(event)}, upsert=True)
            for event in events
            if event.type == DetailsViewed.type
        ]
        if writes:
            await self._viewings.bulk_write(writes, ordered=False)

    async def of(self, persons: Collection[str]) -> list[dict[str, Json]]:
        """Who was shown the details of any of `persons`, oldest first: by role, and not by name."""
        found = await self._viewings.find({"subject": {"$in": list(persons)}}).to_list(None)
        return sorted(
            ({name: each[name] for name in ("at", "role", "purpose", "count")} for each in found),
            key=lambda viewing: str(viewing["at"]),
        )


def _viewing(event: CloudEvent) -> dict[str, Json]:
    # Who did it is not among what following an event needs: it is in its document only.
    role = decode_object(event.raw).get("authrole")
    return {
        "subject": event.data["subject"],
        "at": event.time,
        "role": role,
        "purpose": event.data["purpose"],
        "count": event.data["count"],
    }
