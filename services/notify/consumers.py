"""Named consumers: how far each program of a unit has come in the unit's box.

A position is no event. A program that fetches every second says so every second, which would fill the log
with what nobody asks for; and it tells nothing of the community, only what the unit's own program has done.
What goes back is in the service's log lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog

from shared.kernel.decider import Refused
from shared.kernel.times import format_time
from shared.runtime.mongo import Database, Document

NAME = r"^[a-z0-9][a-z0-9-]{0,39}$"
MOST = 20
"""Consumers of one box."""

TOO_MANY = f"there are {MOST} consumers already, as many as may be; delete one that is not used any more"
MOVED = "another call has moved it since; `number` is where it stands now: fetch from there"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Consumer:
    """It has done with all up to `number` of `box`. Times as they are written."""

    box: str
    name: str
    number: int
    created_at: str
    moved_at: str


class Consumers:
    """The collection `consumers`: `{_id: box|name, number, created_at, moved_at}`."""

    def __init__(self, database: Database) -> None:
        self._consumers = database["consumers"]

    async def get(self, box: str, name: str) -> Consumer | None:
        """The consumer of this name."""
        found = await self._consumers.find_one({"_id": f"{box}|{name}"})
        return None if found is None else _consumer(found)

    async def of_box(self, box: str) -> list[Consumer]:
        """All of `box`, by name."""
        of_it = {"_id": {"$gt": f"{box}|", "$lt": f"{box}|~"}}
        found = await self._consumers.find(of_it).to_list(None)
        return sorted((_consumer(document) for document in found), key=lambda each: each.name)

    async def create(self, box: str, name: str, number: int, now: datetime) -> Consumer:
        """One that stands at `number`, unless it is there already. Raises Refused(too-many-consumers)."""
        id, at = f"{box}|{name}", format_time(now)
        new = {"number": number, "created_at": at, "moved_at": at}
        made = await self._consumers.update_one({"_id": id}, {"$setOnInsert": new}, upsert=True)
        # Counted afterwards: of two that come at once neither can be one too many.
        if made.upserted_id is not None and len(await self.of_box(box)) > MOST:
            await self._consumers.delete_one({"_id": id})
            raise Refused("too-many-consumers", TOO_MANY)
        return await self.get(box, name) or Consumer(box, name, number, at, at)

    async def move(
        self, box: str, name: str, number: int, expected: int | None, now: datetime
    ) -> Consumer | None:
        """Forward or back to `number`, in one step, and only from `expected` if that is given; None if there
        is no such consumer. Where it is already is no move. Raises Refused(position-moved)."""
        at = format_time(now)
        before = await self._change(f"{box}|{name}", expected, {"number": number, "moved_at": at})
        if before is None:
            found = await self.get(box, name)
            if found is not None and found.number != number:
                raise Refused("position-moved", MOVED, number=found.number)
            return found
        if before["number"] > number:
            log.info("consumer-went-back", box=box, consumer=name, before=before["number"], number=number)
        return Consumer(box, name, number, before["created_at"], at)

    async def _change(self, id: str, expected: int | None, fields: Document) -> Document | None:
        """What it was before; None if it was not there, or did not stand where it was expected."""
        wanted: Document = {"_id": id} if expected is None else {"_id": id, "number": expected}
        return await self._consumers.find_one_and_update(wanted, {"$set": fields})

    async def delete(self, box: str, name: str) -> bool:
        """Forget it; whether it was there."""
        done = await self._consumers.delete_one({"_id": f"{box}|{name}"})
        return bool(done.deleted_count)


def _consumer(document: Document) -> Consumer:
    box, name = str(document["_id"]).split("|", 1)
    return Consumer(box, name, int(document["number"]), document["created_at"], document["moved_at"])
