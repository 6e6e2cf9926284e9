"""How far a follower has come with each of its sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from shared.kernel.cloudevent import START, Place
from shared.runtime.mongo import DUPLICATE_KEY, Database, PyMongoError


class Positions(Protocol):
    """Where a follower keeps its positions, by the source's name."""

    async def load(self, service: str) -> Place:
        """The place of the last event that was applied; START if none was."""
        ...

    async def move(self, service: str, old: Place, place: Place) -> bool:
        """Go on from `old` to `place`; false if another replica has moved it from `old`."""
        ...


class StoredPositions:
    """Positions in the follower's database, for effects that are kept there."""

    def __init__(self, database: Database, follower: str) -> None:
        self._positions = database[f"positions-{follower}"]

    async def load(self, service: str) -> Place:
        """See `Positions.load`."""
        found = await self._positions.find_one({"_id": service})
        return START if found is None else Place(found["pos"], found["index"], found["size"])

    async def move(self, service: str, old: Place, place: Place) -> bool:
        """See `Positions.move`."""
        try:
            result = await self._positions.update_one(
                {"_id": service, "pos": old.pos, "index": old.index},
                {"$set": {"pos": place.pos, "index": place.index, "size": place.size}},
                upsert=old == START,
            )
        except PyMongoError as error:
            if getattr(error, "code", None) != DUPLICATE_KEY:
                raise
            return False
        return result.matched_count == 1 or result.upserted_id is not None


@dataclass(slots=True)
class KeptPositions:
    """Positions of effects that are kept in memory alone, and end with the process."""

    places: dict[str, Place] = field(default_factory=dict)

    async def load(self, service: str) -> Place:
        """See `Positions.load`."""
        return self.places.get(service, START)

    async def move(self, service: str, old: Place, place: Place) -> bool:
        """See `Positions.move`: nobody else moves them."""
        self.places[service] = place
        return True
