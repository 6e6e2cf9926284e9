"""The relay: reads the log on from its checkpoint and publishes what it finds, at least once, in order.

The log is the outbox. Of several replicas one holds the lease; a follower takes over when, by its own
clock, the holder's beat has stood still for three seconds. Source: docs/architecture.md, "Relay".
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import Protocol
from uuid import uuid4

import aiormq
import structlog

from shared.kernel.cloudevent import encoded
from shared.kernel.commit import Commit
from shared.runtime.broker import (
    PUBLISH_TIMEOUT_S,
    Broker,
    declare_exchange,
    routing_key,
)
from shared.runtime.mongo import DUPLICATE_KEY, Collection, Database
from shared.runtime.mongo import PyMongoError as StoreError
from shared.runtime.publishing import Message, publish_all

WINDOW = 100
BEAT_S = 1.0
STALE_S = 3.0
POLL_S = 0.25

log = structlog.get_logger()


class LeaseLost(Exception):
    """Another process has taken the lease; what was published meanwhile comes twice, which is allowed."""


class WatchedLog(Protocol):
    """What the relay needs of a log."""

    async def read(self, after: int, limit: int) -> list[Commit]: ...

    def watch(self) -> asyncio.Event: ...


@dataclass(slots=True)
class Lease:
    """The right to publish, and how far that has come, as one document changed by compare-and-set."""

    collection: Collection
    owner: str
    epoch: int = 0
    checkpoint: int = 0
    saved_at: float = 0.0

    async def acquire(self) -> None:
        """Wait until the lease is ours; then `checkpoint` is where to go on from."""
        seen: tuple[int, int] | None = None
        since = monotonic()
        while True:
            found = await self.collection.find_one({"_id": "relay"})
            if found is None:
                if await self._create():
                    return
                continue
            current = (int(found["epoch"]), int(found["beat"]))
            if current != seen:
                seen, since = current, monotonic()
            if found["owner"] is None or monotonic() - since > STALE_S:
                if await self._take(current, int(found["checkpoint"])):
                    return
                continue
            await asyncio.sleep(POLL_S)

    async def _create(self) -> bool:
        document = {"_id": "relay", "owner": self.owner, "epoch": 1, "beat": 0, "checkpoint": 0}
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
            {"_id": "relay", "epoch": seen[0], "beat": seen[1]},
            {"$set": {"owner": self.owner, "epoch": seen[0] + 1}},
        )
        self.epoch, self.checkpoint = seen[0] + 1, checkpoint
        return result.matched_count == 1

    async def save(self, checkpoint: int) -> None:
        """Move the checkpoint and beat. Raises LeaseLost if the epoch is another's."""
        result = await self.collection.update_one(
            {"_id": "relay", "epoch": self.epoch, "owner": self.owner},
            {"$set": {"checkpoint": checkpoint}, "$inc": {"beat": 1}},
        )
        if result.matched_count == 0:
            raise LeaseLost
        self.checkpoint, self.saved_at = checkpoint, monotonic()

    async def release(self) -> None:
        """Give the lease back at once, so that a successor need not wait."""
        await self.collection.update_one(
            {"_id": "relay", "epoch": self.epoch, "owner": self.owner}, {"$set": {"owner": None}}
        )


class Relay:
    """Publishes the log of `service`. Run `run` under `background.keep_going`."""

    def __init__(self, service: str, events: WatchedLog, database: Database, broker: Broker) -> None:
        self._service = service
        self._log = events
        self._broker = broker
        self._collection = database["relay"]
        self._appended = events.watch()
        self.published = 0
        """The position up to which the broker has confirmed."""
        self.connected = False

    async def run(self) -> None:
        """Publish until something fails; the caller starts it again, behind the checkpoint."""
        async with self._broker.connected("relay") as connection:
            lease = Lease(self._collection, str(uuid4()))
            self.connected = True
            try:
                await lease.acquire()
                channel = await connection.channel(publisher_confirms=True)
                await declare_exchange(channel)
                underlay = await channel.get_underlay_channel()
                assert isinstance(underlay, aiormq.Channel)
                await self._publish_on(underlay, lease)
            finally:
                self.connected = False
                await self._give_back(lease)

    async def _publish_on(self, channel: aiormq.Channel, lease: Lease) -> None:
        self.published = lease.checkpoint
        while True:
            self._appended.clear()
            commits = await self._log.read(self.published, WINDOW)
            if commits:
                await self._publish(channel, commits)
                self.published = commits[-1].pos
            if monotonic() - lease.saved_at > BEAT_S:
                await lease.save(self.published)
            if not commits:
                await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._appended.wait()
        except TimeoutError:
            return

    async def _publish(self, channel: aiormq.Channel, commits: list[Commit]) -> None:
        """Publish a window and wait for every confirm; any failure gives up the channel."""
        messages = [
            Message(routing_key(self._service, event.type), event.id, body)
            for commit in commits
            for event, body in zip(commit.events, encoded(self._service, commit), strict=True)
        ]
        async with asyncio.timeout(PUBLISH_TIMEOUT_S):
            await publish_all(channel, self._broker.account, messages)

    async def _give_back(self, lease: Lease) -> None:
        try:
            if self.published > lease.checkpoint:
                await lease.save(self.published)
            await lease.release()
        except (StoreError, LeaseLost) as error:
            log.info("lease-not-returned", error=type(error).__name__)
