"""A lease: of several processes one does the work, and another takes over when it stands still.

A follower takes it when, by its own clock, the holder's beat has stood still for three seconds. What is saved
is saved under the holder's epoch only. Source: docs/architecture.md, "Relay".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic

import structlog

from shared.runtime.mongo import DUPLICATE_KEY, Collection
from shared.runtime.mongo import PyMongoError as StoreError

BEAT_S = 1.0
STALE_S = 3.0
POLL_S = 0.25

log = structlog.get_logger()


class LeaseLost(Exception):
    """Another process has taken the lease; what was done meanwhile may be done twice, which is allowed."""


@dataclass(slots=True)
class Lease:
    """The right to do `work`, and how far that has come, as one document changed by compare-and-set."""

    collection: Collection
    owner: str
    work: str
    epoch: int = 0
    checkpoint: int = 0
    saved_at: float = 0.0

    async def acquire(self) -> None:
        """Wait until the lease is ours; then `checkpoint` is where to go on from."""
        seen: tuple[int, int] | None = None
        since = monotonic()
        while True:
            asked = monotonic()
            found = await self.collection.find_one({"_id": self.work})
            if found is None:
                if await self._create():
                    return
                continue
            current = (int(found["epoch"]), int(found["beat"]))
            if current != seen or monotonic() - asked > BEAT_S:  # while the store stands still, none beats
                seen, since = current, monotonic()
            if found["owner"] is None or monotonic() - since > STALE_S:
                if await self._take(current, int(found["checkpoint"])):
                    return
                continue
            await asyncio.sleep(POLL_S)

    async def _create(self) -> bool:
        document = {"_id": self.work, "owner": self.owner, "epoch": 1, "beat": 0, "checkpoint": 0}
        try:
            await self.collection.insert_one(document)
        except StoreError as error:
            if getattr(error, "code", None) == DUPLICATE_KEY:
                return False
            raise
        self.epoch, self.checkpoint = 1, 0
        return True

    async def _take(self, seen: tuple[int, int], checkpoint: int) -> bool:
        result = await self.collection.update_one(
            {"_id": self.work, "epoch": seen[0], "beat": seen[1]},
            {"$set": {"owner": self.owner, "epoch": seen[0] + 1}},
        )
        self.epoch, self.checkpoint = seen[0] + 1, checkpoint
        return result.matched_count == 1

    async def save(self, checkpoint: int) -> None:
        """Move the checkpoint and beat. Raises LeaseLost if the epoch is another's."""
        result = await self.collection.update_one(
            {"_id": self.work, "epoch": self.epoch, "owner": self.owner},
            {"$set": {"checkpoint": checkpoint}, "$inc": {"beat": 1}},
        )
        if result.matched_count == 0:
            raise LeaseLost
        self.checkpoint, self.saved_at = checkpoint, monotonic()

    @property
    def sure(self) -> bool:
        """Whether nobody else can have it yet: the last beat is not so old that another would take it."""
        return monotonic() - self.saved_at < STALE_S - BEAT_S / 2

    async def release(self) -> None:
        """Give the lease back at once, so that a successor need not wait."""
        await self.collection.update_one(
            {"_id": self.work, "epoch": self.epoch, "owner": self.owner}, {"$set": {"owner": None}}
        )


async def while_held(lease: Lease, led: Callable[[], Awaitable[None]]) -> None:
    """Wait for `lease`, then run `led` for as long as it is ours. Raises LeaseLost."""
    work = lease.work
    try:
        await lease.acquire()
        lease.saved_at = monotonic()
        log.info("lease-taken", work=work, epoch=lease.epoch)
        async with asyncio.TaskGroup() as group:
            group.create_task(_beat(lease))
            await led()
    finally:
        await _give_back(lease)


async def _beat(lease: Lease) -> None:
    while True:
        await asyncio.sleep(BEAT_S)
        try:
            await lease.save(lease.checkpoint)
        except StoreError as error:
            # While the store is away nobody can take it; when it is back, the epoch tells.
            log.info("lease-not-beaten", work=lease.work, error=type(error).__name__)


async def _give_back(lease: Lease) -> None:
    try:
        await lease.release()
    except StoreError as error:
        log.info("lease-not-returned", work=lease.work, error=type(error).__name__)
