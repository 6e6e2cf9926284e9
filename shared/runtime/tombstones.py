"""Tombstones after a restore: what the log says was erased stays erased, whatever a backup brings back.

A copy of `details`, or of `tombstones`, may be older than the log. So before a service serves, every erasure
in its own log gets its tombstone again, and whatever is kept of anybody with a tombstone is deleted. The
place up to which the log was compared is kept with the tombstones: it is as old as they are.
Source: docs/privacy.md, "Backups".
"""

from __future__ import annotations

import structlog

from shared.kernel.commit import Commit
from shared.runtime.log import CommitLog
from shared.runtime.mongo import Database
from shared.runtime.sealed import SealedDetails

ERASED = "details-erased"
"""The event by which every service says that it erased a person, on the stream `erasure-` and its subject."""
COMPARED = "compared:own-log"
PAGE = 500
AT_ONCE = 100

log = structlog.get_logger()


class Tombstones:
    """Compares one service's tombstones with its own log."""

    def __init__(self, database: Database, sealed: SealedDetails, own_log: CommitLog) -> None:
        self._tombstones = database["tombstones"]
        self._sealed = sealed
        self._log = own_log

    async def restore(self) -> int:
        """Erase again what is there and should be gone; how many details. For a start, before serving."""
        raised = await self.compare()
        deleted = 0
        found = await self._tombstones.find({}, {"_id": 1}).to_list(None)
        persons = [str(document["_id"]) for document in found if document["_id"] != COMPARED]
        for start in range(0, len(persons), AT_ONCE):
            deleted += len(await self._sealed.delete(persons[start : start + AT_ONCE]))
        if raised or deleted:
            log.warning("erasures-restored", tombstones=raised, details=deleted)
        return deleted

    async def compare(self) -> int:
        """Make the tombstones that the log names and that are missing, in the part of it that was not
        compared before; how many. For once in a while, so that a start has little to compare."""
        head = await self._log.head()
        pos = await self._compared()
        if pos > head:
            pos = 0  # the log is an older one
        raised = 0
        while commits := await self._log.read(pos, PAGE):
            for person in (person for commit in commits for person in _erased_in(commit)):
                made = await self._tombstones.update_one(
                    {"_id": person}, {"$setOnInsert": {"at": commits[-1].at}}, upsert=True
                )
                raised += made.upserted_id is not None
            pos = commits[-1].pos
            await self._tombstones.update_one({"_id": COMPARED}, {"$set": {"pos": pos}}, upsert=True)
        return raised

    async def _compared(self) -> int:
        found = await self._tombstones.find_one({"_id": COMPARED})
        return 0 if found is None else int(found["pos"])


def _erased_in(commit: Commit) -> list[str]:
    """Whom `commit` says to be erased: all of a person, and not a part for which consent was withdrawn."""
    found = [event.data.get("subject") for event in commit.events if event.type == ERASED]
    streams = {event.stream for event in commit.events}
    return [person for person in found if isinstance(person, str) and f"erasure-{person}" in streams]
