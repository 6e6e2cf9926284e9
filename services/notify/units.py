"""The partner units, and their volunteers, that notify has heard of."""

from __future__ import annotations

from collections.abc import Collection

from shared.kernel.cloudevent import CloudEvent
from shared.runtime.mongo import Database


class Units:
    """The collections `units`: `{_id, since, community}`, where those heard of long ago are without
    `community`; and `volunteers`: `{_id, unit}`."""

    def __init__(self, database: Database) -> None:
        self._units = database["units"]
        self._volunteers = database["volunteers"]

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

    async def learn_volunteer(self, event: CloudEvent) -> None:
        """Reaction to what registry says of a volunteer, which names its unit alone."""
        units = event.data.get("units")
        if isinstance(units, list) and len(units) == 1:
            await self._volunteers.update_one(
                {"_id": event.stream}, {"$set": {"unit": str(units[0])}}, upsert=True
            )

    async def forget_volunteer(self, event: CloudEvent) -> None:
        """Reaction to a volunteer's leaving, or being erased."""
        await self._volunteers.delete_one({"_id": event.stream})

    async def has_volunteer(self, unit: str, volunteer: str) -> bool:
        """Whether `volunteer` is one of `unit`'s, as far as is known here."""
        return await self._volunteers.find_one({"_id": volunteer, "unit": unit}) is not None

    async def known(self, unit: str, communities: Collection[str]) -> bool:
        """Whether registry has registered `unit` in one of `communities`, as far as is known here."""
        wanted = [*sorted(communities), None]
        return await self._units.find_one({"_id": unit, "community": {"$in": wanted}}) is not None

    async def community(self, unit: str, communities: Collection[str]) -> str:
        """That of `unit`, if it is known here to be in one of `communities`; else the first of them."""
        found = await self._units.find_one({"_id": unit}) or {}
        return str(found["community"]) if found.get("community") in communities else min(communities)
