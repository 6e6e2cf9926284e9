"""What registry said last of things, for figures: the team of a volunteer, the name of a service."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from shared.runtime.mongo import Database

PART = 500


async def said_of(database: Database, ids: Collection[str], field: str) -> dict[str, Any]:
    """What `field` of each of these is, out of the collection `directory`, whether it takes part still or
    not; nothing of what is not known."""
    wanted, found = sorted(ids), {}
    for start in range(0, len(wanted), PART):
        query = {"_id": {"$in": wanted[start : start + PART]}}
        async for document in database["directory"].find(query):
            if (value := _last(document, field)) is not None:
                found[str(document["_id"])] = value
    return found


def _last(document: Mapping[str, Any], field: str) -> Any:
    # Things that could not be amended yet have their first event's data beside `events`.
    said: dict[str, Mapping[str, Any]] = {"0": document, **document.get("events", {})}
    values = (said[version].get("data", {}).get(field) for version in sorted(said, key=int, reverse=True))
    return next((value for value in values if value is not None), None)
