"""Brings a follower the messages of its queue, in batches; starts afresh when anything is odd."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue

from shared.kernel.cloudevent import CloudEvent, parse
from shared.runtime.broker import Broker, comes_from, declare_queue
from shared.runtime.follower import Follower

PREFETCH = 500
BATCH = 250
WATCH_S = 5.0
BEGIN_S = 5.0
DELETE_S = 15.0

Callback = Callable[[AbstractIncomingMessage], Awaitable[None]]

log = structlog.get_logger()


class ConsumerLost(Exception):
    """The connection, the queue or the consumer is gone."""


class Consumer:
    """Consumes `queue`, bound to all events of `services`, for `follower`. Run under `keep_going`.

    A follower that is in no hurry says how many seconds it `gathers` what comes behind a first message: a
    batch costs the store little more than one, and who is in a hurry finds it free meanwhile.
    """

    def __init__(
        self, broker: Broker, queue: str, services: Sequence[str], follower: Follower, gathers: float = 0.0
    ) -> None:
        self._gathers = gathers
        self._broker = broker
        self._queue = queue
        self._bindings = [f"{service}.#" for service in services]
        self._follower = follower
        self.connected = False

    async def run(self) -> None:
        """Consume until something fails; unacknowledged messages come again."""
        try:
            async with self._broker.connected("follow") as connection:
                channel = await connection.channel()
                await channel.set_qos(prefetch_count=PREFETCH)
                queue = await declare_queue(channel, self._queue, self._bindings)
                inbox: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
                cancelled = asyncio.Event()
                underlay = await channel.get_underlay_channel()
                underlay.on_consumer_cancel_callbacks.add(lambda _: cancelled.set())

                async def receive(message: AbstractIncomingMessage) -> None:
                    inbox.put_nowait(message)  # no await before this: tasks start in delivery order

                await self._begin(queue, receive)
                self.connected = True
                worker = self._take_for_ever(inbox)
                await _first_failure(worker, self._watch(connection, channel), _lost(cancelled))
        finally:
            self.connected = False

    async def _begin(self, queue: AbstractQueue, receive: Callback) -> None:
        """Begin to consume. A queue that does not answer is made anew: a quorum queue whose node was killed
        as it was first declared stays without a leader for good, and the feed has all that it held."""
        try:
            async with asyncio.timeout(BEGIN_S):
                await queue.consume(receive)
        except TimeoutError:
            log.error("queue-without-leader", queue=self._queue)
            async with self._broker.connected("mend") as connection:
                channel = await connection.channel()
                await channel.queue_delete(self._queue, timeout=DELETE_S)
            raise ConsumerLost("the queue did not answer and was deleted") from None

    async def _take_for_ever(self, inbox: asyncio.Queue[AbstractIncomingMessage]) -> None:
        while True:
            batch = [await inbox.get()]
            if self._gathers and inbox.empty():
                await asyncio.sleep(self._gathers)
            while len(batch) < BATCH and not inbox.empty():
                batch.append(inbox.get_nowait())
            events = [event for message in batch if (event := self._read(message)) is not None]
            await self._follower.take(events)
            await batch[-1].ack(multiple=True)

    def _read(self, message: AbstractIncomingMessage) -> CloudEvent | None:
        """The event in `message`. What is not one, or was sent by another than its source, is left out:
        the feed brings what was really said."""
        try:
            event = parse(message.body)
        except ValueError:
            log.warning("message-unreadable", queue=self._queue, message_id=message.message_id)
            return None
        if not comes_from(event, message.user_id, self._broker.accounts_are_services):
            log.warning("message-forged", queue=self._queue, event_id=event.id, account=message.user_id)
            return None
        return event

    async def _watch(self, connection: AbstractConnection, channel: AbstractChannel) -> None:
        """A watchdog: clients have been seen to return with their connection and without their consumer."""
        closed = asyncio.ensure_future(connection.closed())
        while True:
            done, _ = await asyncio.wait([closed], timeout=WATCH_S)
            if done:
                raise ConsumerLost("the connection closed")
            queue = await channel.declare_queue(self._queue, passive=True)
            if not queue.declaration_result.consumer_count:
                raise ConsumerLost("the queue has no consumer")


async def _lost(cancelled: asyncio.Event) -> None:
    await cancelled.wait()
    raise ConsumerLost("the broker cancelled the consumer")


async def _first_failure(*works: Coroutine[None, None, None]) -> None:
    """Run all until one fails, raise what it raised, and end the others."""
    tasks = {asyncio.create_task(work) for work in works}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
