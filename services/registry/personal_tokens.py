"""The read model of personal tokens: whose they are, what they may do, and until when."""

from __future__ import annotations

from datetime import datetime

from shared.events.registry import PersonalTokenIssued, PersonalTokenRevoked
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.times import format_time
from shared.runtime.mongo import Database, Document
from shared.runtime.service import Reaction


class PersonalTokens:
    """The collection `personal-tokens`: `{_id, owner, scopes, expires_at, details, ended}`."""

    def __init__(self, database: Database) -> None:
        self._tokens = database["personal-tokens"]

    async def open(self) -> None:
        """Make the index if it is missing."""
        await self._tokens.create_index("owner")

    def reactions(self) -> dict[str, Reaction]:
        """How the model follows registry's own log."""
        return {PersonalTokenIssued.type: self._issued, PersonalTokenRevoked.type: self._revoked}

    async def _issued(self, event: CloudEvent) -> None:
        names = ("owner", "scopes", "expires_at", "details")
        facts = {name: event.data[name] for name in names}
        document = {**facts, "ended": False}
        await self._tokens.update_one({"_id": event.stream}, {"$setOnInsert": document}, upsert=True)

    async def _revoked(self, event: CloudEvent) -> None:
        await self._tokens.update_one({"_id": event.stream}, {"$set": {"ended": True}})

    async def of(self, owner: str, now: datetime) -> list[Document]:
        """The tokens of `owner` that are good at `now`, in the order of their making."""
        found = await self._tokens.find({"owner": owner, "ended": False}).to_list(None)
        living = [document for document in found if document["expires_at"] > format_time(now)]
        return sorted(living, key=lambda document: str(document["_id"]))
