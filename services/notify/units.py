"""The partner units that notify has heard of."""

from __future__ import annotations

from shared.kernel.cloudevent import CloudEvent
from shared.runtime.mongo import Database


class Units:
    """The collection `units`: `{_id, since}`."""

    def __init__(self, database: Database) -> None:
        self._units = database["units"]

    async def learn(self, event: CloudEvent) -> None:
        """Reaction to `unit-registered`."""
        await self._units.update_one(
            {"_id": event.stream}, {"$setOnInsert": {"since": event.time}}, upsert=True
        )

    async def known(self, unit: str) -> bool:
        """Whether registry has registered `unit`, as far as is known here."""
        return await self._units.find_one({"_id": unit}) is not None
