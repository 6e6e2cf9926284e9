"""A window of messages is laid out as the driver lays out each."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

import aiormq
import pytest
from pamqp import frame
from pamqp.body import ContentBody
from pamqp.header import ContentHeader

from shared.runtime.broker import CONTENT_TYPE, EXCHANGE, Broker, declare_exchange
from shared.runtime.publishing import Message, PublishFailed, frames, publish_all

MOST = 1000


@pytest.mark.parametrize("size", [1, 300, MOST, MOST + 1, 3 * MOST + 7])
@pytest.mark.parametrize("id", ["019abc12-0000-7000-8000-123456789abc", "x", "#"])
def test_the_frames_are_those_of_the_driver(size: int, id: str) -> None:
    channel = cast(aiormq.Channel, SimpleNamespace(number=3, max_content_size=MOST))
    body, key = bytes(range(256)) * (size // 256 + 1), "dispatch.request-created"
    body = body[:size]
    properties = aiormq.spec.Basic.Properties(
        content_type=CONTENT_TYPE, delivery_mode=2, message_id=id, user_id="dispatch"
    )
    driver: list[aiormq.spec.Basic.Publish | ContentHeader | ContentBody] = [
        aiormq.spec.Basic.Publish(exchange=EXCHANGE, routing_key=key),
        ContentHeader(properties=properties, body_size=size),
        *(ContentBody(body[start : start + MOST]) for start in range(0, size, MOST)),
    ]
    wanted = b"".join(frame.marshal(each, 3) for each in driver)
    assert b"".join(frames(channel, "dispatch", Message(key, id, body))) == wanted


async def test_all_arrive_in_order_and_are_confirmed(broker: Broker) -> None:
    messages = [Message("dispatch.thing", f"id-{n}", b"%d" % n * (n + 1)) for n in range(300)]
    async with broker.connected("test") as connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await declare_exchange(channel)
        queue = await channel.declare_queue("dispatch.publishing-test", auto_delete=True)
        await queue.bind(exchange, "dispatch.thing")
        underlay = await channel.get_underlay_channel()
        assert isinstance(underlay, aiormq.Channel)
        for start in (0, 100, 200):
            await publish_all(underlay, broker.account, messages[start : start + 100])
        found = [await queue.get(no_ack=True, timeout=5) for _ in messages]
        await queue.delete()
    assert [(each.message_id, each.body) for each in found] == [(each.id, each.body) for each in messages]


async def test_what_the_broker_refuses_is_said(broker: Broker) -> None:
    async with broker.connected("test") as connection:
        channel = await connection.channel(publisher_confirms=True)
        await declare_exchange(channel)
        underlay = await channel.get_underlay_channel()
        assert isinstance(underlay, aiormq.Channel)
        with pytest.raises(PublishFailed):
            async with asyncio.timeout(5):
                await publish_all(underlay, "somebody-else", [Message("dispatch.thing", "id-1", b"1")])
