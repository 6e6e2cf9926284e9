"""The sender: a lane for each endpoint, whatever the store does meanwhile; those told by one share it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import pytest

from services.notify.channels.channel import Parcel, Target
from services.notify.deliveries import Deliveries
from services.notify.domain.schedule import Answer
from services.notify.endpoints import Endpoint, Endpoints
from services.notify.engine.fanout import letters_of
from services.notify.engine.outcomes import Outcomes
from services.notify.engine.sender import Sender
from services.notify.letters import Head
from services.notify.messages import Messages
from services.notify.progress import Progress
from shared.kernel.canonical import Json
from shared.runtime.mongo import Database, NetworkTimeout
from shared.runtime.store import EventStore
from tests.support.notifying import UNIT, Spoken
from tests.support.waiting import until

AT = "2026-11-24T03:29:28.123Z"


class Shelf:
    """What is sealed of every endpoint."""

    async def read(self, digest: str) -> dict[str, Json]:
        return {"url": f"https://{digest}.example/", "secret": None}


class Once(Messages):
    """A store that does not answer the second look for the end of a box."""

    looks = 0

    async def look_for_head(self, box: str) -> Head:
        self.looks += 1
        if self.looks == 2:
            raise NetworkTimeout("for now")
        return await super().look_for_head(box)


class Taking:
    """A channel that takes all; what it took, by whom it is told."""

    def __init__(self) -> None:
        self.took: list[tuple[str, str]] = []

    async def send(self, target: Target, parcel: Parcel, now: datetime) -> Answer:
        self.took.append((target.endpoint, parcel.id))
        return Answer(204)


def registered(endpoint: str, **more: Json) -> Json:
    data: dict[str, Json] = {"community": "shaba", "unit": UNIT, "events": ["*"], "details": endpoint}
    return [endpoint, [["endpoint-registered", {**data, **more}, AT, 1]]]


class Parts:
    """A sender of `endpoints`, on a store of its own."""

    def __init__(self, database: Database, *rows: Json) -> None:
        self.endpoints = Endpoints(Shelf())  # type: ignore[arg-type]
        self.endpoints.restore(rows)
        self.messages, self.deliveries = Once(database), Deliveries(database)
        self.store, self.channel = EventStore(database), Taking()
        self.sure = self.agreed = True
        self.outcomes = Outcomes(self.store, self.deliveries, "shaba")
        self.sender = Sender(
            *(self.endpoints, self.messages, self.deliveries, Progress(database), self.outcomes),
            schedule=[1.0],
            first_probe=1.0,
            caught_up=lambda: asyncio.sleep(0),
            may_be_told=lambda _: self.agreed,
            disable=lambda _, __: asyncio.sleep(0),
            sure=lambda: self.sure,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.store.start()
        await self.messages.open()
        await self.deliveries.open()
        works = [self.outcomes.run(), self.sender.run({"webhook": self.channel, "wecom": self.channel})]
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield
        finally:
            for task in reversed(tasks):
                task.cancel()
                await asyncio.wait([task])
            await self.store.stop()

    def of(self, endpoint: str) -> Endpoint:
        found = self.endpoints.get(endpoint)
        assert found is not None
        return found


async def test_a_lane_that_could_not_be_opened_is_opened_again(database: Database) -> None:
    parts = Parts(database, registered("endpoint-1"))
    [event] = Spoken().volunteers(1)
    await parts.messages.open()
    await Messages(database).put(letters_of(event))
    async with parts.running():
        await until(lambda: parts.channel.took == [("endpoint-1", event.id)])
    assert parts.messages.looks >= 4


async def test_nothing_is_begun_while_it_is_not_sure_that_this_process_leads(database: Database) -> None:
    parts = Parts(database, registered("endpoint-1"))
    parts.messages.looks = 2
    parts.sure = False
    async with parts.running():
        await until(lambda: parts.sender.lane("endpoint-1") is not None)
        await parts.messages.put([each for event in Spoken().volunteers(3) for each in letters_of(event)])
        lane = parts.sender.lane("endpoint-1")
        assert lane is not None
        await until(lambda: bool(lane.retries.in_hand))  # it waits to begin
        assert parts.channel.took == []
        parts.sure = True
        await until(lambda: len(parts.channel.took) == 3)


async def test_what_waits_to_begin_is_looked_at_again_before_it_is_sent(database: Database) -> None:
    parts = Parts(database, registered("endpoint-1"))
    parts.messages.looks = 2
    parts.sure = False
    async with parts.running():
        await until(lambda: parts.sender.lane("endpoint-1") is not None)
        [event] = Spoken().volunteers(1)
        await parts.messages.put(letters_of(event))
        lane = parts.sender.lane("endpoint-1")
        assert lane is not None
        await until(lambda: bool(lane.retries.in_hand))
        parts.agreed, parts.sure = False, True
        await until(lambda: not lane.retries.in_hand)
        assert parts.channel.took == []
        parts.agreed = True
        await until(lambda: ("endpoint-1", event.id) in parts.channel.took)


@pytest.fixture
def shared(database: Database) -> Parts:
    """A unit's robot, by which two of its volunteers are told as well."""
    robot: dict[str, Json] = {"channel": "wecom", "per_minute": 20}
    return Parts(
        database,
        registered("endpoint-unit", **robot),
        *(
            registered(f"endpoint-{name}", **robot, via="endpoint-unit", volunteer=f"volunteer-{name}")
            for name in ("mei", "bo")
        ),
    )


def test_all_that_are_told_by_one_robot_share_its_rate(shared: Parts) -> None:
    rates = [shared.sender.rate(shared.of(f"endpoint-{name}")) for name in ("unit", "mei", "bo")]
    for second in range(20):
        rates[second % 3].went(float(second))
    assert [rate.wait(20.0) for rate in rates] == [40.0] * 3


async def test_who_is_told_by_an_endpoint_that_is_paused_is_held_as_well(shared: Parts) -> None:
    assert shared.sender.held_with(shared.of("endpoint-mei")) is None
    unit = registered("endpoint-unit")
    assert isinstance(unit, list)
    assert isinstance(unit[1], list)
    unit[1].append(["endpoint-paused", {"community": "shaba"}, AT, 2])
    mei = registered("endpoint-mei", via="endpoint-unit", volunteer="volunteer-mei")
    shared.endpoints.restore([unit, mei])
    assert shared.sender.held_with(shared.of("endpoint-mei")) == "paused"
    assert shared.sender.held_with(shared.of("endpoint-unit")) is None
