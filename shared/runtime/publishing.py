"""Many messages to the exchange in one write, each confirmed by the broker.

`basic_publish` of the driver takes a lock, a timeout and a write for each message, and lays out anew what is
the same in all of them: that cost more than most commands do. The frames here are the driver's, byte by byte.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import aiormq
from aiormq.abc import ChannelFrame
from pamqp import frame
from pamqp.body import ContentBody
from pamqp.header import ContentHeader

from shared.runtime.broker import CONTENT_TYPE, EXCHANGE

_SIZE = slice(11, 19)
"""Where a content header has the size of the body."""


@dataclass(frozen=True, slots=True)
class Message:
    """An event as it is published: its routing key, its id, its bytes."""

    key: str
    id: str
    body: bytes


class PublishFailed(Exception):
    """The broker did not confirm: refused, gone or hung. It may have the message all the same."""


async def publish_all(channel: aiormq.Channel, account: str, messages: Sequence[Message]) -> None:
    """Publish `messages`, persistent, in order; returns when the broker has confirmed each.

    The broker refuses an `account` that is not the connection's. Raises PublishFailed: then the channel is
    good for nothing more.
    """
    async with channel.lock:
        confirmed = [_expected(channel) for _ in messages]
        written = b"".join(part for each in messages for part in frames(channel, account, each))
        await channel.write_queue.put(ChannelFrame(payload=written, should_close=False))
    everything, closing = asyncio.gather(*confirmed, return_exceptions=True), channel.closing
    try:
        await asyncio.wait([everything, closing], return_when=asyncio.FIRST_COMPLETED)
        if not everything.done():
            raise PublishFailed("the channel was closed")
        for result in everything.result():
            if isinstance(result, BaseException):
                raise PublishFailed(type(result).__name__) from result
    finally:
        for waited_for in (*confirmed, closing):
            waited_for.cancel()


def frames(channel: aiormq.Channel, account: str, message: Message) -> Iterator[bytes]:
    """The frames of one message: what is to be done, its properties, its body."""
    number, body, id = channel.number, message.body, message.id.encode()
    before, after = _header(number, account, len(id))
    yield _method(number, message.key)
    yield b"".join((before[: _SIZE.start], struct.pack(">Q", len(body)), before[_SIZE.stop :], id, after))
    most = channel.max_content_size
    for start in range(0, len(body), most):
        yield frame.marshal(ContentBody(body[start : start + most]), number)


def _expected(channel: aiormq.Channel) -> asyncio.Future[object]:
    channel.delivery_tag += 1
    confirmation: asyncio.Future[object] = channel.loop.create_future()
    channel.confirmations[channel.delivery_tag] = confirmation
    return confirmation


@lru_cache(maxsize=1024)
def _method(channel: int, key: str) -> bytes:
    return frame.marshal(aiormq.spec.Basic.Publish(exchange=EXCHANGE, routing_key=key), channel)


@lru_cache(maxsize=64)
def _header(channel: int, account: str, length: int) -> tuple[bytes, bytes]:
    """What is before and behind the id of a message whose id has this length."""
    id = "#" * length
    properties = aiormq.spec.Basic.Properties(
        content_type=CONTENT_TYPE, delivery_mode=2, message_id=id, user_id=account
    )
    whole = frame.marshal(ContentHeader(properties=properties), channel)
    behind = whole.rindex(id.encode())
    return whole[:behind], whole[behind + length :]
