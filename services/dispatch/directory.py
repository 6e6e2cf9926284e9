"""What dispatch knows of registry: services, volunteers, residents, grids; from its events alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

from services.dispatch.domain import refusals
from shared.events.registry import (
    GridDefined,
    ResidentErased,
    ResidentRegistered,
    ServicePublished,
    VolunteerRegistered,
)
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.decider import Refused
from shared.kernel.event import Event
from shared.runtime.mongo import Database
from shared.runtime.service import Reaction

KNOWN: Mapping[str, type[Event]] = {
    model.type: model for model in (GridDefined, ResidentRegistered, ServicePublished, VolunteerRegistered)
}
FRESH_S = 1.0
CACHE = 5_000


@dataclass(slots=True)
class Directory:
    """The collection `directory`: `{_id: stream, type, data, ended}`.

    What was found is believed for a second, as another replica may apply what comes after.
    """

    database: Database
    _found: dict[str, tuple[float, Event]] = field(default_factory=dict)

    def reactions(self) -> dict[str, Reaction]:
        """How the directory follows registry."""
        learned: dict[str, Reaction] = {name: self._learn for name in KNOWN}
        return {**learned, ResidentErased.type: self._end}

    async def _learn(self, event: CloudEvent) -> None:
        document = {"type": event.type, "data": dict(event.data), "ended": False}
        await self.database["directory"].update_one(
            {"_id": event.stream}, {"$setOnInsert": document}, upsert=True
        )

    async def _end(self, event: CloudEvent) -> None:
        await self.database["directory"].update_one({"_id": event.stream}, {"$set": {"ended": True}})
        self._found.pop(event.stream, None)

    async def service(self, id: str) -> ServicePublished:
        """Raises Refused `unknown-service`."""
        found = await self._get(id)
        if not isinstance(found, ServicePublished):
            raise Refused("unknown-service", refusals.UNKNOWN_SERVICE)
        return found

    async def volunteer(self, id: str) -> VolunteerRegistered:
        """Raises Refused `unknown-volunteer`."""
        found = await self._get(id)
        if not isinstance(found, VolunteerRegistered):
            raise Refused("unknown-volunteer", refusals.UNKNOWN_VOLUNTEER)
        return found

    async def resident(self, id: str) -> ResidentRegistered:
        """Raises Refused `unknown-resident`, after an erasure too."""
        found = await self._get(id)
        if not isinstance(found, ResidentRegistered):
            raise Refused("unknown-resident", refusals.UNKNOWN_RESIDENT)
        return found

    async def require_grid(self, code: str) -> None:
        """Raises Refused `unknown-grid`."""
        if not isinstance(await self._get(f"grid-{code}"), GridDefined):
            raise Refused("unknown-grid", refusals.UNKNOWN_GRID)

    async def _get(self, id: str) -> Event | None:
        cached = self._found.get(id)
        if cached is not None and monotonic() - cached[0] < FRESH_S:
            return cached[1]
        if cached is not None:
            self._found[id] = (monotonic(), cached[1])  # one asks again; the others believe it meanwhile
        document = await self.database["directory"].find_one({"_id": id})
        if document is None or document["ended"]:
            self._found.pop(id, None)
            return None
        event = KNOWN[document["type"]].model_validate(document["data"])
        if len(self._found) >= CACHE:
            self._found.clear()
        self._found[id] = (monotonic(), event)
        return event
