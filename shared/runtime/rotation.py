"""Changing the key that details are sealed with, while they are read and written.

1. `rotate`: a new key is current. Every process reads the key file again when it next writes, searches, or
   meets a key that it does not know.
2. `reseal`, in the background and in small batches: what is sealed with another key is sealed anew, terms and
   all. Each detail is one update by itself, so this can end anywhere and begin again.
3. `drop`: what others have sealed with the old key meanwhile is sealed anew, the key is marked so that no
   writer may use it, and only if nothing is sealed with it then does it go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidTag

from shared.runtime.keyfile import KeyInUse, add_key, keep_key, mark_leaving, remove_key
from shared.runtime.keyring import KeyMissing, Keyring
from shared.runtime.mongo import Collection, Document, UpdateOne, patiently
from shared.runtime.sealing import resealed

ROUND = 5000
"""Details that are looked for at once: the store reads its collection for it."""
BATCH = 50
PAUSE_S = 0.01
LOOK_S = 5.0

log = structlog.get_logger()


@dataclass(slots=True)
class Progress:
    """What `reseal` has done in this process: details sealed anew, and those that do not open."""

    resealed: int = 0
    unreadable: int = 0


class Rotation:
    """The rotation of one service's key, over the `collections` that hold details."""

    def __init__(self, collections: Sequence[Collection], keyring: Keyring) -> None:
        self.progress = Progress()
        self._collections = collections
        self._keyring = keyring
        self._finished: str | None = None

    def rotate(self) -> str:
        """Make a new key the current one; its id. Raises RotationUnderWay, OSError."""
        key = add_key(self._path())
        self._keyring.refresh()
        log.info("key-rotated", key=key)
        return key

    async def drop(self, key: str) -> None:
        """Forget `key`, for ever. Raises KeyInUse, with the key kept, if anything is sealed with it, or if it
        is the current one; UnknownKey; OSError; PyMongoError."""
        self._keyring.refresh()
        if key != self._keyring.current:
            await self.reseal()
        mark_leaving(self._path(), key)
        self._keyring.refresh()
        # No writer uses it from here on; one that just did sees the mark and takes that for not written.
        await self.reseal()
        if await self.is_used(key):
            keep_key(self._path(), key)
            self._keyring.refresh()
            raise KeyInUse
        remove_key(self._path(), key)
        self._keyring.refresh()
        log.info("key-dropped", key=key)

    async def is_used(self, key: str) -> bool:
        """Whether anything is sealed with `key`."""
        for details in self._collections:
            with patiently():
                if await details.find_one({"key": key}, {"_id": 1}) is not None:
                    return True
        return False

    async def run(self) -> None:
        """Whenever there is more than one key: seal anew what is sealed with another than the current one,
        until nothing is left."""
        while True:
            self._keyring.refresh()
            if len(self._keyring.keys) > 1 and self._finished != self._keyring.current:
                current, count = self._keyring.current, await self.reseal()
                log.info("details-resealed", key=current, details=count)
                self._finished = current if not count else None
            await asyncio.sleep(LOOK_S)

    async def reseal(self) -> int:
        """Seal with the current key what is sealed with another; how many. Safe to end and to begin again,
        and in several processes at once."""
        count, unreadable = 0, 0
        for details in self._collections:
            failed: set[str] = set()
            while ids := await self._others(details, failed):
                for start in range(0, len(ids), BATCH):
                    count += await self._batch(details, ids[start : start + BATCH], failed)
                    await asyncio.sleep(PAUSE_S)
            unreadable += len(failed)
        self.progress.resealed += count
        self.progress.unreadable = unreadable
        return count

    async def _others(self, details: Collection, failed: set[str]) -> list[str]:
        """Some that are sealed with another key, without those that do not open."""
        other = {"key": {"$ne": self._keyring.current}}
        with patiently():
            found = await details.find(other, {"_id": 1}).limit(ROUND + len(failed)).to_list(None)
        return [id for document in found if (id := str(document["_id"])) not in failed]

    async def _batch(self, details: Collection, ids: list[str], failed: set[str]) -> int:
        updates = []
        for document in await details.find({"_id": {"$in": ids}}).to_list(None):
            try:
                fields = resealed(document, self._keyring)
            except (KeyMissing, InvalidTag) as error:
                # Its key was dropped before it came back with a backup, or it was altered: no reason to stop.
                failed.add(document["_id"])
                log.error("detail-does-not-open", detail=document["_id"], error=type(error).__name__)
                continue
            updates.append(UpdateOne(_as_it_was(document), {"$set": fields}))
        if not updates:
            return 0
        return int((await details.bulk_write(updates, ordered=False)).modified_count)

    def _path(self) -> Path:
        assert self._keyring.path is not None, "these keys are in no file"
        return self._keyring.path


def _as_it_was(document: Document) -> Document:
    """Only if nobody has sealed it anew, or unlisted it, since it was read; what was erased stays so."""
    unchanged: Document = {"_id": document["_id"], "key": document["key"]}
    if "listing" in document:
        unchanged["listing"] = document["listing"]
    return unchanged
