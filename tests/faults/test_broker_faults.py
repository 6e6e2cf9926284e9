"""What a broker does that dies at a bad moment."""

from __future__ import annotations

import asyncio

from deploy.stack import ephemeral
from shared.runtime.broker import Broker, declare_queue
from shared.runtime.mongo import connect, database
from tests.support.following import bench, running
from tests.support.waiting import until


async def test_a_queue_that_lost_its_leader_is_made_anew() -> None:
    """RabbitMQ 3.10, killed right behind a quorum queue's first declaration, keeps it without a leader."""
    with ephemeral(("rabbitmq", "store")) as stack:
        broker = Broker(stack.site.amqp_url("dispatch"), "dispatch")
        client = connect(stack.site.mongo_url())
        async with bench(database(client, "leaderless"), broker) as b:
            async with broker.connected("tests") as connection:
                await declare_queue(await connection.channel(), b.queue, ["dispatch.#"])
            await asyncio.to_thread(stack.kill, "rabbitmq")
            await asyncio.to_thread(stack.start, "rabbitmq")
            async with running(b.consumer):
                await until(lambda: b.consumer.connected, 40)
                await b.append(20)
                async with running(b.relay):
                    await until(b.is_equal, 30)
        client.close()
