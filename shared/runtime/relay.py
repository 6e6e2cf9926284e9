"""The relay: reads the log on from its checkpoint and publishes what it finds, at least once, in order.

The log is the outbox. Of several replicas one holds the lease; a follower takes over when, by its own
clock, the holder's beat has stood still for three seconds. Source: docs/architecture.md, "Relay".
"""

from __future__ import annotations

import asyncio
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
from shared.runtime.lease import BEAT_S, POLL_S, Lease, LeaseLost
from shared.runtime.mongo import Database
from shared.runtime.mongo import PyMongoError as StoreError
from shared.runtime.publishing import Message, publish_all

WINDOW = 100

log = structlog.get_logger()


class WatchedLog(Protocol):
    """What the relay needs of a log."""

    async def read(self, after: int, limit: int) -> list[Commit]: ...

    def watch(self) -> asyncio.Event: ...


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
            lease = Lease(self._collection, str(uuid4()), "relay")
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
