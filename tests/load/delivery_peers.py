"""What deliveries are measured against; each in a process of its own, and none of them keeps anything.

python -m tests.load.delivery_peers raw URL COUNT
python -m tests.load.delivery_peers faststream URL COUNT AMQP_URL QUEUE
python -m tests.load.delivery_peers forward URL 0 AMQP_URL QUEUE

`raw` and `faststream` say how many a second they posted; `forward` says that it consumes, until it is ended.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import sys
import time
from time import perf_counter

import aio_pika
import aiohttp
import httpx
import uvloop
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue
from faststream.rabbit.annotations import RabbitMessage

from tests.load.delivery_asked import say

CONNECTIONS = 64
AT_ONCE = 4
"""With more, httpx posts less: at 64 a quarter of what it does at 4."""
KEY = b"k" * 32
BODY = b'{"specversion":"1.0","type":"request-created","data":"%s"}' % (b"x" * 850)


def signed(id: str, body: bytes) -> dict[str, str]:
    """What a webhook carries besides its body."""
    at = str(int(time.time()))
    signature = hmac.digest(KEY, b"%b.%b.%b" % (id.encode(), at.encode(), body), "sha256")
    return {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": at,
        "webhook-signature": "v1," + base64.b64encode(signature).decode(),
    }


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS))


async def raw(url: str, count: int) -> float:
    """Signed posts of one body, by as many workers as there are connections."""
    numbers = iter(range(count))
    run = f"raw-{perf_counter()}"
    async with _session() as session:

        async def work() -> None:
            for number in numbers:
                async with session.post(url, data=BODY, headers=signed(f"{run}-{number}", BODY)) as response:
                    assert response.status == 204
                    await response.read()

        began = perf_counter()
        await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
        return count / (perf_counter() - began)


async def faststream(url: str, count: int, amqp_url: str, queue: str) -> float:
    """One subscriber of a full queue; a message is acknowledged when it was posted."""
    broker = RabbitBroker(amqp_url, logger=None, default_channel=Channel(prefetch_count=AT_ONCE))
    done, finished = 0, asyncio.Event()
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:

        async def take(incoming: RabbitMessage) -> None:
            nonlocal done
            id = incoming.message_id
            response = await client.post(url, content=incoming.body, headers=signed(id, incoming.body))
            response.raise_for_status()
            done += 1
            if done == count:
                finished.set()

        broker.subscriber(RabbitQueue(queue, declare=False), ack_policy=AckPolicy.ACK)(take)
        await broker.connect()
        began = perf_counter()
        await broker.start()
        await asyncio.wait_for(finished.wait(), 120)
        took = perf_counter() - began
        await broker.stop()
    return count / took


async def forward(url: str, amqp_url: str, queue: str) -> None:
    """The raw path: consume, post, acknowledge."""
    async with await aio_pika.connect(amqp_url) as connection, _session() as session:
        channel = await connection.channel()
        declared = await channel.get_queue(queue, ensure=False)

        async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            stamped = signed(str(message.message_id), message.body)
            async with session.post(url, data=message.body, headers=stamped):
                await message.ack()

        await declared.consume(take)
        say("consumes")
        await asyncio.Event().wait()


async def main(which: str, url: str, count: str, *more: str) -> None:
    if which == "raw":
        say(await raw(url, int(count)))
    elif which == "faststream":
        say(await faststream(url, int(count), *more))
    else:
        await forward(url, *more)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
