"""From the log through a real broker to a follower."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractQueue
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent as OfficialCloudEvent

from deploy.stack import Stack
from shared.kernel.cloudevent import encoded
from shared.runtime.broker import EXCHANGE, Broker, declare_exchange
from shared.runtime.lease import Lease, LeaseLost
from shared.runtime.mongo import Database
from shared.runtime.relay import Relay
from tests.support.following import bench, running
from tests.support.messages import message
from tests.support.waiting import until


async def bound_queue(channel: AbstractChannel, name: str) -> AbstractQueue:
    exchange = await declare_exchange(channel)
    queue = await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"})
    await queue.bind(exchange, "dispatch.#")
    return queue


async def received(queue: AbstractQueue, count: int) -> list[aio_pika.abc.AbstractIncomingMessage]:
    messages: list[aio_pika.abc.AbstractIncomingMessage] = []
    async with queue.iterator(timeout=15) as incoming:
        async for item in incoming:
            await item.ack()
            messages.append(item)
            if len(messages) == count:
                break
    return messages


async def test_broker_and_feed_carry_the_same_bytes_in_order(database: Database, broker: Broker) -> None:
    async with bench(database, broker) as b, broker.connected("tests") as connection:
        queue = await bound_queue(await connection.channel(), f"{b.queue}-bytes")
        await b.append(30, events=3)
        async with running(b.relay):
            messages = await received(queue, 90)
        feed = [raw for commit in await b.store.read(0, 100) for raw in encoded("dispatch", commit)]
        assert [item.body for item in messages] == feed
        first = messages[0]
        assert (first.user_id, first.routing_key) == ("dispatch", "dispatch.thing-happened")
        assert first.message_id == (await b.source_ids())[0]
        assert first.delivery_mode == aio_pika.DeliveryMode.PERSISTENT


async def test_our_events_are_cloudevents(database: Database, broker: Broker) -> None:
    async with bench(database, broker) as b:
        await b.append(2, events=2)
        commits = await b.store.read(0, 10)
        for raw in (raw for commit in commits for raw in encoded("dispatch", commit)):
            event = JSONFormat().read(OfficialCloudEvent, raw)
            assert event.get_source() == "/linli/dispatch"
            assert event.get_type() == "thing-happened"
            assert event.get_extension("commitsize") == 2
            assert event.get_dataschema() == "urn:linli:event:thing-happened:1"


async def test_everything_arrives_once_and_in_order(database: Database, broker: Broker) -> None:
    async with bench(database, broker) as b, running(b.relay, b.consumer):
        await until(lambda: b.consumer.connected)
        for _ in range(5):
            await b.append(40, events=2)
        await until(b.is_equal, 30)  # by the broker alone: nothing reads the feed here


async def test_a_queue_deleted_with_its_messages_loses_nothing(
    database: Database, broker: Broker, servers: Stack
) -> None:
    operator = Broker(servers.site.amqp_url(), "operator")
    async with (
        bench(database, broker) as b,
        running(b.relay, b.consumer, b.follower),
        operator.connected("tests") as connection,
    ):
        await b.append(50)
        channel = await connection.channel()
        for _ in range(3):
            await until(lambda: b.consumer.connected)
            await b.append(50)
            queue = await channel.get_queue(b.queue, ensure=False)
            await queue.delete(if_unused=False, if_empty=False)
            await b.append(50)
        await until(b.is_equal, 30)


async def test_a_forged_message_is_not_believed(database: Database, broker: Broker, servers: Stack) -> None:
    forger = Broker(servers.site.amqp_url("notify"), "notify")
    operator = Broker(servers.site.amqp_url(), "operator")
    async with bench(database, broker) as b, running(b.consumer):
        await until(lambda: b.consumer.connected)
        await b.append(1)
        [commit] = await b.store.read(0, 1)
        [raw] = encoded("dispatch", commit)
        lie = raw.replace(b"thing-happened", b"thing-imagined")
        async with forger.connected("tests") as connection:
            exchange = await (await connection.channel()).get_exchange(EXCHANGE, ensure=False)
            with pytest.raises(aio_pika.exceptions.AMQPError):
                await exchange.publish(message("x", lie, "notify"), "dispatch.thing-happened", timeout=5)
        async with operator.connected("tests") as connection:
            exchange = await (await connection.channel()).get_exchange(EXCHANGE, ensure=False)
            await exchange.publish(message("x", lie, "operator"), "dispatch.thing-happened", timeout=5)
        async with running(b.relay):
            await until(b.is_equal)
        assert {event.type for event in b.notes.events} == {"thing-happened"}


async def test_a_relay_that_starts_again_goes_on_behind_its_checkpoint(
    database: Database, broker: Broker
) -> None:
    async with bench(database, broker) as b, running(b.consumer):
        await until(lambda: b.consumer.connected)
        for _ in range(4):
            await b.append(30)
            async with running(b.relay):
                await until(b.is_equal, 20)
        assert b.relay.published == 120
        assert (await database["relay"].find_one({"_id": "relay"}) or {})["checkpoint"] == 120


async def test_of_two_relays_one_holds_the_lease_and_the_other_takes_over(
    database: Database, broker: Broker
) -> None:
    async with bench(database, broker) as b, running(b.consumer), AsyncExitStack() as holder:
        await until(lambda: b.consumer.connected)
        await holder.enter_async_context(running(b.relay))
        await b.append(20)
        await until(b.is_equal)
        other = Relay("dispatch", b.store, database, broker)
        async with running(other):
            await until(lambda: other.connected)
            await b.append(20)
            await until(b.is_equal)
            assert (b.relay.published, other.published) == (40, 0)
            await holder.aclose()
            await b.append(20)
            await until(b.is_equal)
            await until(lambda: other.published == 60)


async def test_a_dead_holder_is_replaced_and_cannot_move_the_checkpoint(
    database: Database, broker: Broker
) -> None:
    dead = Lease(database["relay"], "dead", "relay")
    await dead.acquire()
    await dead.save(7)
    successor = Lease(database["relay"], "successor", "relay")
    async with asyncio.timeout(10):
        await successor.acquire()
    assert (successor.epoch, successor.checkpoint) == (2, 7)
    with pytest.raises(LeaseLost):
        await dead.save(9)
    await successor.save(8)
