"""From the answer of POST /v1/requests to the webhook's arrival, against the raw path, on an idle stack."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import statistics
from contextlib import AsyncExitStack
from time import perf_counter
from uuid import uuid4

import aio_pika
import aiohttp
from aiohttp import web

from deploy.stack import PARTS, ephemeral
from tests.load.rounds import Goal, alternate, report
from tests.support.community import HEALTH, HEALTH_HELP, Community, community

SAMPLES = 40
BODY = {"service": HEALTH_HELP, "grid": "shaba-03", "channel": "telephone"}


class Arrivals:
    """A receiver that notes when something arrived, and nothing else."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[float] = asyncio.Queue()
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        """Note the moment."""
        await request.read()
        self.arrived.put_nowait(perf_counter())
        return web.Response(status=204)


async def listen(exits: AsyncExitStack) -> Arrivals:
    """Arrivals on a free port."""
    arrivals = Arrivals()
    application = web.Application()
    application.router.add_post("/hook", arrivals.take)
    runner = web.AppRunner(application)
    await runner.setup()
    exits.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    arrivals.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    return arrivals


async def ours(shaba: Community, arrivals: Arrivals) -> float:
    """The median over some requests, in milliseconds."""
    times = []
    for _ in range(SAMPLES):
        reply = await shaba.staff["dispatch"].post("/v1/requests", BODY)
        answered = perf_counter()
        assert reply.status == 201
        times.append(await asyncio.wait_for(arrivals.arrived.get(), 30) - answered)
    return statistics.median(times) * 1000


async def raw(amqp_url: str, arrivals: Arrivals) -> float:
    """Publish with confirm, consume, POST signed: nothing stored. The median in milliseconds."""
    connection = await aio_pika.connect(amqp_url)
    async with connection, aiohttp.ClientSession() as session:
        channel = await connection.channel()
        queue = await channel.declare_queue(
            f"raw-{uuid4().hex}", durable=True, arguments={"x-queue-type": "quorum"}
        )

        async def forward(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            signature = hmac.new(b"secret", message.body, hashlib.sha256).hexdigest()
            async with session.post(arrivals.url, data=message.body, headers={"signature": signature}):
                await message.ack()

        await queue.consume(forward)
        times, body = [], b"x" * 700
        for _ in range(SAMPLES):
            began = perf_counter()
            message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await channel.default_exchange.publish(message, queue.name)
            times.append(await asyncio.wait_for(arrivals.arrived.get(), 30) - began)
        await queue.delete(if_unused=False, if_empty=False)
    return statistics.median(times) * 1000


async def answer_to_webhook(rounds: int) -> None:
    """Both on the same idle stack, in turns."""
    with ephemeral(PARTS) as stack:
        described = stack.up()
        async with AsyncExitStack() as exits:
            shaba = await exits.enter_async_context(community(described))
            told, forwarded = await listen(exits), await listen(exits)
            body = {"unit": HEALTH, "url": told.url, "events": ["request-created"]}
            assert (await shaba.health["notify"].post("/v1/endpoints", body)).status == 201
            await ours(shaba, told)
            series = await alternate(
                rounds,
                "ms",
                {
                    "raw path": lambda: raw(described.amqp_url, forwarded),
                    "answer to webhook": lambda: ours(shaba, told),
                },
            )
    goals = [Goal("answer to webhook", "raw path", 5.0, at_least=False)]
    report(f"From the answer to the webhook, {SAMPLES} a round, medians", series, goals)
