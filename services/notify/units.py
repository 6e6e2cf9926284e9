"""The partner units that notify has heard of."""

from __future__ import annotations

from shared.kernel.cloudevent import CloudEvent
from shared.runtime.mongo import Database


class Units:
    """The collection `units`: `{_id, since, community}`; those heard of long ago are without `community`."""

    def __init__(self, database: Database) -> None:
        self._units = database["units"]

    async def learn(self, event: CloudEvent) -> None:
        """Reaction to `unit-registered`."""
        await self._units.update_one(
            {"_id": event.stream},
            {"$setOnInsert": {"since": event.time}, "$set": {"community": event.community}},
            upsert=True,
        )

    async def of_community(self, community: str) -> list[str]:
        """The units that registry has registered in `community`, by id; with those of which none is kept."""
        found = await self._units.find({"community": {"$in": [community, None]}}).to_list(None)
        return sorted(str(document["_id"]) for document in found)

    async def known(self, unit: str) -> bool:
        """Whether registry has registered `unit`, as far as is known here."""
        return await self._units.find_one({"_id": unit}) is not None
