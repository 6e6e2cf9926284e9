"""registry's read model: one document for each thing on record, by kind."""

from __future__ import annotations

from collections.abc import Mapping

from shared.events.registry import (
    ClientRegistered,
    ClientRevoked,
    CommunityFounded,
    GridDefined,
    ResidentErased,
    ResidentRegistered,
    SeatFilled,
    ServicePublished,
    TeamFormed,
    UnitRegistered,
    VolunteerRegistered,
)
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent, sequence
from shared.runtime.mongo import Database, Document
from shared.runtime.service import Reaction
from shared.runtime.windows import page

KINDS: Mapping[str, str] = {
    ClientRegistered.type: "client",
    CommunityFounded.type: "community",
    GridDefined.type: "grid",
    TeamFormed.type: "team",
    UnitRegistered.type: "unit",
    SeatFilled.type: "seat",
    ServicePublished.type: "service",
    VolunteerRegistered.type: "volunteer",
    ResidentRegistered.type: "resident",
}
"""The event that puts a thing of each kind on record."""

# Digests of sealed details lead nowhere for a reader; they are asked for by the thing's own id.
_HIDDEN = ("details", "units")


class Records:
    """The collection `records`: `{_id: stream, order: kind:place in the log, kind, ended, facts}`."""

    def __init__(self, database: Database) -> None:
        self._records = database["records"]

    async def open(self) -> None:
        """Make the index if it is missing."""
        await self._records.create_index("order", unique=True)

    def reactions(self) -> dict[str, Reaction]:
        """How the model follows registry's own log."""
        registered: dict[str, Reaction] = {name: self._registered for name in KINDS}
        return {**registered, ClientRevoked.type: self._ended, ResidentErased.type: self._ended}

    async def _registered(self, event: CloudEvent) -> None:
        kind = KINDS[event.type]
        place = sequence(event.place.pos, event.place.index)
        facts = {name: value for name, value in event.data.items() if name not in _HIDDEN}
        document = {"order": f"{kind}:{place}", "kind": kind, "ended": False, "facts": facts}
        await self._records.update_one({"_id": event.stream}, {"$setOnInsert": document}, upsert=True)

    async def _ended(self, event: CloudEvent) -> None:
        await self._records.update_one({"_id": event.stream}, {"$set": {"ended": True}})

    async def get(self, kind: str, id: str) -> dict[str, Json] | None:
        """The living thing of this kind and id."""
        document = await self._records.find_one({"_id": id})
        if document is None or document["kind"] != kind or document["ended"]:
            return None
        return _shown(document)

    async def page(
        self, kind: str, span: tuple[str, int], limit: int, only: Mapping[str, str]
    ) -> tuple[list[dict[str, Json]], str | None]:
        """Living things of `kind` in the order in which they came on record; see `windows.page`.

        `only` names facts that must be so.
        """
        wanted = {"ended": False, **{f"facts.{name}": value for name, value in only.items()}}
        documents, following = await page(self._records, ("order", f"{kind}:"), span, limit, wanted)
        return [_shown(document) for document in documents], following


def _shown(document: Document) -> dict[str, Json]:
    return {"id": document["_id"], **document["facts"]}
