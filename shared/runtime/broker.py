"""The broker: one topic exchange, a queue per follower. It may lose, repeat and reorder; nobody minds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractQueue

from shared.kernel.cloudevent import CloudEvent

EXCHANGE = "events"
CONTENT_TYPE = "application/cloudevents+json"
CONNECT_TIMEOUT_S = 5.0
HEARTBEAT_S = 5
PUBLISH_TIMEOUT_S = 5.0
# The feed fills whatever a queue drops, so a consumer that is away for weeks costs no memory.
QUEUE_LENGTH = 100_000
DELIVERY_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Broker:
    """How `service` reaches the broker."""

    url: str = field(repr=False)
    service: str

    @property
    def account(self) -> str:
        """The broker user of this service."""
        return urlsplit(self.url).username or "guest"

    @property
    def accounts_are_services(self) -> bool:
        """Whether each service has a user of its own, so that `user_id` proves the source."""
        return self.account == self.service

    @asynccontextmanager
    async def connected(self, purpose: str) -> AsyncIterator[AbstractConnection]:
        """A connection of its own, for publishing or for consuming: an alarm blocks publishers only."""
        connection = await self.connect(purpose)
        try:
            yield connection
        finally:
            await connection.close()

    async def connect(self, purpose: str) -> AbstractConnection:
        """The same, to be closed by whoever asked for it."""
        return await aio_pika.connect(
            self.url,
            timeout=CONNECT_TIMEOUT_S,
            heartbeat=HEARTBEAT_S,
            client_properties={"connection_name": f"{self.service}-{purpose}"},
        )


async def declare_exchange(channel: AbstractChannel) -> AbstractExchange:
    """The exchange that every service publishes to."""
    return await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)


async def declare_queue(channel: AbstractChannel, name: str, bindings: list[str]) -> AbstractQueue:
    """A durable quorum queue with one active consumer. Other arguments need another name."""
    exchange = await declare_exchange(channel)
    queue = await channel.declare_queue(
        name,
        durable=True,
        arguments={
            "x-queue-type": "quorum",
            "x-single-active-consumer": True,
            "x-delivery-limit": DELIVERY_LIMIT,
            "x-max-length": QUEUE_LENGTH,
            "x-overflow": "drop-head",
        },
    )
    for binding in bindings:
        await queue.bind(exchange, binding)
    return queue


def routing_key(service: str, event_type: str) -> str:
    """`dispatch.request-created`."""
    return f"{service}.{event_type}"


def comes_from(event: CloudEvent, user_id: str | None, accounts_are_services: bool) -> bool:
    """Whether the broker vouches that the event's source sent it."""
    return not accounts_are_services or user_id == event.service
