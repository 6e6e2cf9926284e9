"""Puts messages into the units' own queues, each confirmed by the broker, many at once on one connection."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import aio_pika
import aiormq
from aio_pika.abc import AbstractChannel, AbstractConnection
from pydantic import SecretStr

from shared.runtime.broker import CONNECT_TIMEOUT_S, PUBLISH_TIMEOUT_S, Broker
from shared.runtime.broker_accounts import PARTNERS

CLOSING_S = 1.0


class NoQueue(Exception):
    """There is no queue of this name."""


class QueueFull(Exception):
    """The queue takes no more until some of it is read."""


class BrokerAway(Exception):
    """It was not confirmed: the broker is gone, hangs or refuses. It may have the message all the same."""


@dataclass(frozen=True, slots=True)
class Parted:
    """A message for a unit. `id` stays the same when it is put again; `type` is the event's."""

    id: str
    body: bytes
    content_type: str
    type: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _Open:
    connection: AbstractConnection
    channel: AbstractChannel

    @property
    def usable(self) -> bool:
        # Of a connection that the broker closed, the driver's `is_closed` does not say so.
        return self.connection.connected.is_set() and not self.channel.is_closed

    async def close(self) -> None:
        """Part with it, also with one that no longer answers."""
        with suppress(Exception):
            async with asyncio.timeout(CLOSING_S):
                await self.connection.close()


class PartnerQueues:
    """The units' queues for writing, with the user of `amqp_url`. Connects when there is something to put,
    and anew when the connection was lost."""

    def __init__(self, amqp_url: SecretStr, service: str) -> None:
        url = urlsplit(amqp_url.get_secret_value())._replace(path=f"/{PARTNERS}").geturl()
        self._broker = Broker(url, service)
        self._opening: asyncio.Task[_Open] | None = None

    async def put(self, queue: str, message: Parted) -> None:
        """Returns when the broker has `message` safe in `queue`. Raises NoQueue, QueueFull or BrokerAway."""
        opening = self._way()
        await asyncio.wait([opening])
        if opening.cancelled():
            raise BrokerAway("CancelledError")
        way = opening.result()
        try:
            await _publish(way.channel, queue, message)
        except BrokerAway:
            # A channel that did not confirm in time is good for nothing more.
            if self._opening is opening:
                self._opening = None
            await way.close()
            raise

    async def close(self) -> None:
        """End the connection, if there is one."""
        opening, self._opening = self._opening, None
        if opening is None:
            return
        if not opening.done():
            opening.cancel()
            await asyncio.wait([opening])
        if _made(opening):
            await opening.result().close()

    def _way(self) -> asyncio.Task[_Open]:
        """The open connection, or its making: of many who need a new one, one makes it."""
        opening = self._opening
        if opening is None or (opening.done() and not (_made(opening) and opening.result().usable)):
            opening = self._opening = asyncio.create_task(self._open())
        return opening

    async def _open(self) -> _Open:
        try:
            connection = await self._broker.connect("partners")
        except (aiormq.AMQPError, OSError) as error:
            raise BrokerAway(type(error).__name__) from error
        channel = connection.channel(publisher_confirms=True, on_return_raises=True)
        opened = _Open(connection, channel)
        try:
            await channel.initialize(timeout=CONNECT_TIMEOUT_S)
        except (aiormq.AMQPError, OSError, RuntimeError) as error:
            await opened.close()
            raise BrokerAway(type(error).__name__) from error
        except asyncio.CancelledError:
            await opened.close()
            raise
        return opened


def _made(opening: asyncio.Task[_Open]) -> bool:
    return not opening.cancelled() and opening.exception() is None


async def _publish(channel: AbstractChannel, queue: str, message: Parted) -> None:
    """In a task of its own: on a connection that fails, the driver may cancel whoever waits for it."""
    sent = aio_pika.Message(
        message.body,
        content_type=message.content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=message.id,
        type=message.type,
        timestamp=message.at,
    )
    publishing = asyncio.ensure_future(
        channel.default_exchange.publish(sent, queue, mandatory=True, timeout=PUBLISH_TIMEOUT_S)
    )
    try:
        await asyncio.wait([publishing], timeout=PUBLISH_TIMEOUT_S + 1)
    finally:
        publishing.cancel()
    if not publishing.done() or publishing.cancelled():
        raise BrokerAway("TimeoutError")
    match publishing.exception():
        case None:
            return
        case aiormq.exceptions.PublishError() as error:
            raise NoQueue from error
        case aiormq.exceptions.DeliveryError() as error:
            raise QueueFull from error
        case (aiormq.AMQPError() | OSError() | RuntimeError()) as error:
            raise BrokerAway(type(error).__name__) from error
        case error:
            raise error
