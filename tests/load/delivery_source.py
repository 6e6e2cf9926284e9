"""registry and dispatch, as far as notify hears of them: what they publish, their feeds, and notify's token.

python -m tests.load.delivery_source OPERATOR_AMQP_URL REGISTRY_AMQP_URL REGISTRY_PORT DISPATCH_AMQP_URL
    DISPATCH_PORT

It says that it is ready, and then does what it is told: see `Told`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from itertools import cycle, islice
from time import perf_counter
from typing import Any

import aiormq
import uvloop
from aio_pika.abc import AbstractChannel
from aiohttp import web

from shared.events.examples import example_of
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import encoded
from shared.kernel.commit import Actor, Commit, StoredEvent
from shared.kernel.times import format_time
from shared.runtime.broker import Broker, declare_exchange, routing_key
from shared.runtime.ids import new_event_id
from shared.runtime.publishing import Message, publish_all
from tests.load.delivery_asked import answer, say
from tests.support.messages import message

WINDOW = 100
FOR_LONG = {"starts_at": "2026-01-01T00:00:00.000Z", "ends_at": "2999-01-01T00:00:00.000Z"}


class Speaker:
    """A service that speaks: each event is a commit of its own, kept as its feed shows it."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.said: list[bytes] = []
        self.channel: aiormq.Channel

    async def open(self, url: str, port: int, exits: AsyncExitStack) -> None:
        """Connect to the broker and serve the feed."""
        connection = await exits.enter_async_context(Broker(url, self.service).connected("relay"))
        channel = await connection.channel(publisher_confirms=True)
        await declare_exchange(channel)
        underlay = await channel.get_underlay_channel()
        assert isinstance(underlay, aiormq.Channel)
        self.channel = underlay
        application = web.Application()
        application.router.add_get("/v1/events", self._feed)
        application.router.add_post("/oauth/token", _token)
        runner = web.AppRunner(application)
        await runner.setup()
        exits.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", port).start()

    def say(self, type: str, stream: str, data: dict[str, Json]) -> Message:
        """Append an event; how it is published."""
        made = self.made(type, stream, data, len(self.said) + 1)
        self.said.append(made.body)
        return made

    def made(self, type: str, stream: str, data: dict[str, Json], pos: int) -> Message:
        """An event at a place in the log, which it is not put into."""
        at, id = format_time(datetime.now(UTC)), new_event_id()
        event = StoredEvent(id, type, stream, 1, {"community": "shaba", **data}, at)
        commit = Commit(new_event_id(), (event,), Actor("system", "bench"), id, pos=pos, at=at)
        return Message(routing_key(self.service, type), id, encoded(self.service, commit)[0])

    async def publish(self, messages: Sequence[Message]) -> None:
        """To all who follow, confirmed."""
        await publish_all(self.channel, self.service, messages)

    async def _feed(self, request: web.Request) -> web.Response:
        after, limit = int(request.query["after"]), int(request.query["limit"])
        items = b",".join(self.said[after : after + limit])
        return web.Response(body=b'{"items":[' + items + b"]}", content_type="application/json")


async def _token(_: web.Request) -> web.Response:
    return web.json_response({"access_token": "of-notify", "expires_in": 3600})


class Told:
    """What the source can be told to do."""

    def __init__(self, registry: Speaker, dispatch: Speaker, operator: AbstractChannel) -> None:
        self._registry = registry
        self._dispatch = dispatch
        self._operator = operator
        self._data: dict[str, Any] = example_of("request-created")

    async def found(self, units: list[str], kid: str, x: str) -> str:
        """Publish a signing key, units, and agreements with them in force; the position of the last."""
        said = [self._registry.say("signing-key-published", f"key-{kid}", {"kid": kid, "x": x})]
        for unit in units:
            known: dict[str, Json] = {"name": unit, "kind": "health", "details": "a-digest"}
            terms: dict[str, Json] = {"services": [], "details_of": [], **FOR_LONG}
            said.append(self._registry.say("unit-registered", unit, known))
            signed: dict[str, Json] = {"units": [unit], "unit": unit, **terms, "details": "a-digest"}
            said.append(self._registry.say("agreement-signed", f"agreement-of-{unit}", signed))
        await self._registry.publish(said)
        return f"registry@{len(self._registry.said)}"

    async def publish(self, count: int, units: list[str]) -> str:
        """`count` requests as fast as may be, each of them for one of `units`, in turn."""
        for start in range(0, count, WINDOW):
            named = islice(cycle(units), start, min(start + WINDOW, count))
            await self._dispatch.publish([self._created(unit) for unit in named])
        return f"dispatch@{len(self._dispatch.said)}"

    async def publish_evenly(self, count: int, units: list[str], per_second: float) -> list[Any]:
        """The same at an even pace; of each event its id, its unit, and when it was begun to publish."""
        told, sending, began = [], [], perf_counter()
        for number, unit in enumerate(islice(cycle(units), count)):
            await asyncio.sleep(began + number / per_second - perf_counter())
            made = self._created(unit)
            told.append((made.id, unit, perf_counter()))
            sending.append(asyncio.create_task(self._dispatch.publish([made])))
        await asyncio.gather(*sending)
        return told

    async def fill(self, count: int, queue: str) -> None:
        """`count` requests into a queue of another consumer."""
        for start in range(0, count, WINDOW):
            portion = [self._beside() for _ in range(min(WINDOW, count - start))]
            await self._put(queue, portion)

    async def fill_evenly(self, count: int, queue: str, per_second: float) -> list[Any]:
        """The same at an even pace, told as by `publish_evenly`."""
        told, sending, began = [], [], perf_counter()
        for number in range(count):
            await asyncio.sleep(began + number / per_second - perf_counter())
            made = self._beside()
            told.append((made.id, "", perf_counter()))
            sending.append(asyncio.create_task(self._put(queue, [made])))
        await asyncio.gather(*sending)
        return told

    async def _put(self, queue: str, messages: Sequence[Message]) -> None:
        """Into one queue alone, confirmed; the services' accounts may not."""
        exchange = self._operator.default_exchange
        sent = [message(each.id, each.body, "operator") for each in messages]
        await asyncio.gather(*(exchange.publish(each, queue) for each in sent))

    def _created(self, unit: str) -> Message:
        data = {**self._data, "units": [unit], "lead_unit": unit}
        return self._dispatch.say("request-created", f"request-{new_event_id()}", data)

    def _beside(self) -> Message:
        return self._dispatch.made("request-created", f"request-{new_event_id()}", self._data, 1)


async def main(
    url: str, registry_url: str, registry_port: str, dispatch_url: str, dispatch_port: str
) -> None:
    registry, dispatch = Speaker("registry"), Speaker("dispatch")
    async with AsyncExitStack() as exits:
        await registry.open(registry_url, int(registry_port), exits)
        await dispatch.open(dispatch_url, int(dispatch_port), exits)
        connection = await exits.enter_async_context(Broker(url, "operator").connected("bench"))
        told = Told(registry, dispatch, await connection.channel(publisher_confirms=True))
        say("ready")
        await answer(
            {
                "found": told.found,
                "publish": told.publish,
                "publish_evenly": told.publish_evenly,
                "fill": told.fill,
                "fill_evenly": told.fill_evenly,
            }
        )


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
