"""audit's recorder against a consumer that checks nothing, and against FastStream, one insert a message."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from time import perf_counter
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from faststream import AckPolicy
from faststream.rabbit import RabbitBroker, RabbitQueue
from faststream.rabbit.annotations import RabbitMessage

from deploy.stack import Stack, ephemeral
from services.audit.entries import Entries
from services.audit.forks import Forks
from services.audit.recorder import Recorder
from shared.kernel.cloudevent import encoded, parse
from shared.kernel.commit import Commit
from shared.runtime.background import keep_going
from shared.runtime.broker import Broker, declare_queue
from shared.runtime.consumer import Consumer
from shared.runtime.follower import Follower
from shared.runtime.log import placed
from shared.runtime.mongo import Database, connect, database
from shared.runtime.source import OwnLog
from shared.runtime.store import EventStore
from tests.load.rounds import Goal, alternate, report
from tests.support.drafts import draft
from tests.support.messages import message
from tests.support.waiting import until

BATCH = 200


def commits(count: int) -> list[Commit]:
    """The log of a source, as its relay publishes it."""
    data = {"service": "service-home-meals", "category": "community-service", "grid": "shaba-03"}
    at = "2026-11-24T03:29:28.123Z"
    made = [draft((f"request-{uuid4()}", 1), data={**data}, type="request-created") for _ in range(count)]
    return [placed(each, number, at) for number, each in enumerate(made, 1)]


async def fill(url: str, queue: str, count: int) -> None:
    """Put `count` events of dispatch into `queue`, published by dispatch's own account as a relay does."""
    async with Broker(url, "operator").connected("bench") as connection:
        channel = await connection.channel()
        declared = await declare_queue(channel, queue, [])
        waiting = []
        for commit in commits(count):
            [event], [body] = commit.events, encoded("dispatch", commit)
            sent = message(event.id, body, "operator")
            waiting.append(channel.default_exchange.publish(sent, declared.name))
            if len(waiting) == 100:
                await asyncio.gather(*waiting)
                waiting.clear()
        await asyncio.gather(*waiting)


async def recorder(url: str, db: Database, queue: str, count: int) -> float:
    """Events a second through consumer, follower and recorder as audit wires them."""
    store = EventStore(db)
    entries = Entries(db)
    forks = Forks(entries, store, "shaba")
    recording = Recorder(entries, forks, ["dispatch"])
    await recording.open()
    sources = {"dispatch": OwnLog("dispatch", store)}
    follower = Follower("events", sources, recording.record, db, False, recording.seen_again)
    await follower.load()
    consumer = Consumer(Broker(url, "audit"), queue, [], follower)
    began = perf_counter()
    task = asyncio.create_task(keep_going("consume", consumer.run))
    await until(lambda: follower.place("dispatch").pos == count, 120)
    took = perf_counter() - began
    task.cancel()
    await asyncio.wait([task])
    return count / took


async def hand_written(url: str, db: Database, queue: str, count: int) -> float:
    """Batches of 200, one insert_many, one multiple ack; parses, checks nothing, hashes nothing."""
    await Entries(db).open()
    inbox: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=2 * BATCH)
        declared = await channel.get_queue(queue, ensure=False)
        began = perf_counter()

        async def receive(incoming: AbstractIncomingMessage) -> None:
            inbox.put_nowait(incoming)

        await declared.consume(receive)
        done = 0
        while done < count:
            batch = [await inbox.get()]
            while len(batch) < BATCH and not inbox.empty():
                batch.append(inbox.get_nowait())
            documents = [_document(done + n, each.body) for n, each in enumerate(batch)]
            await db["entries"].insert_many(documents)
            await batch[-1].ack(multiple=True)
            done += len(batch)
        return count / (perf_counter() - began)


async def faststream(url: str, db: Database, queue: str, count: int) -> float:
    """A FastStream subscriber with one insert_one a message, into the same indexes."""
    await Entries(db).open()
    broker = RabbitBroker(url, logger=None)
    seqs, done, finished = itertools.count(), 0, asyncio.Event()

    async def take(incoming: RabbitMessage) -> None:
        nonlocal done
        await db["entries"].insert_one(_document(next(seqs), incoming.body))
        done += 1
        if done == count:
            finished.set()

    declared = RabbitQueue(queue, declare=False)
    broker.subscriber(declared, ack_policy=AckPolicy.ACK)(take)
    await broker.connect()
    began = perf_counter()
    await broker.start()
    await asyncio.wait_for(finished.wait(), 120)
    took = perf_counter() - began
    await broker.stop()
    return count / took


def _document(seq: int, raw: bytes) -> dict[str, object]:
    event = parse(raw)
    return {"_id": event.id, "seq": seq, "leaf": raw, "type": event.type, "stream": event.stream}


Runner = Callable[[str, Database, str, int], Awaitable[float]]


async def recording_against_peers(rounds: int, count: int) -> None:
    """A full queue each, then from the first delivery to the last insert."""
    with ephemeral(("rabbitmq", "store")) as stack:
        client = connect(stack.site.mongo_url())

        def contestant(run: Runner) -> Callable[[], Awaitable[float]]:
            return lambda: _on_a_full_queue(stack, database(client, f"bench_{uuid4().hex[:8]}"), run, count)

        series = await alternate(
            rounds,
            "/s",
            {
                "hand-written": contestant(hand_written),
                "FastStream": contestant(faststream),
                "audit": contestant(recorder),
            },
        )
        client.close()
    goals = [Goal("audit", "hand-written", 0.4), Goal("audit", "FastStream", 2.0)]
    report(f"Recording, {count} events a round, the same indexes", series, goals)


async def _on_a_full_queue(stack: Stack, db: Database, run: Runner, count: int) -> float:
    queue, url = f"bench-{uuid4().hex[:8]}", stack.site.amqp_url()
    await fill(url, queue, count)
    result = await run(url, db, queue, count)
    await db.client.drop_database(db.name)
    return result
