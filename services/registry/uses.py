"""When each client and personal token was last used, to the hour.

Kept beside the log and not in it: it is no decision, nobody else needs it, and the last hour alone tells
whether a secret is still in use, while a record of every hour would tell when a person works.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.kernel.times import format_time
from shared.runtime.mongo import Database

KEPT = 20_000


class Uses:
    """The collection `uses`: `{_id: client or personal token, at: the hour}`."""

    def __init__(self, database: Database) -> None:
        self._uses = database["uses"]
        self._noted: dict[str, str] = {}

    async def note(self, id: str, now: datetime) -> None:
        """`id` got a token. Written at most once an hour for each."""
        hour = format_time(now.replace(minute=0, second=0, microsecond=0))
        if self._noted.get(id) == hour:
            return
        await self._uses.update_one({"_id": id}, {"$set": {"at": hour}}, upsert=True)
        if len(self._noted) >= KEPT:
            self._noted.clear()
        self._noted[id] = hour

    async def last(self, ids: Sequence[str]) -> dict[str, str]:
        """The hour of the last use of each of `ids` that was used."""
        found = await self._uses.find({"_id": {"$in": list(ids)}}).to_list(None)
        return {str(document["_id"]): str(document["at"]) for document in found}
