"""A lane and the store: nothing is sent twice, and nothing is forgotten, whatever comes between."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from services.notify.deliveries import Deliveries, Delivery, Stretch
from services.notify.engine.lane import HELD_S, IN_FLIGHT, Lane
from services.notify.engine.outcomes import Outcomes
from shared.events.notify import DeliveryOutcome
from shared.kernel.times import format_time, to_milliseconds
from shared.runtime.mongo import Database
from shared.runtime.store import EventStore
from tests.support.waiting import until

ENDPOINT = "endpoint-1"


class HeldUp(Deliveries):
    """The deliveries, whose answers can be held up on their way."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.answered = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()

    async def due(self, stretch: Stretch, limit: int) -> list[Delivery]:
        found = await super().due(stretch, limit)
        self.answered.set()
        await self.go.wait()
        return found


def delivery(event: str) -> Delivery:
    now = format_time(datetime.now(UTC))
    return Delivery(event, "volunteer-registered", ENDPOINT, "unit-1", b"{}", 0, now)


async def test_what_is_settled_while_the_store_is_read_is_not_sent_again(database: Database) -> None:
    deliveries, sent = HeldUp(database), list[str]()
    outcomes = Outcomes(EventStore(database), deliveries, "shaba")

    async def attempt(delivery: Delivery) -> DeliveryOutcome:
        sent.append(delivery.event)
        return outcome_of(delivery)

    lane = Lane(ENDPOINT, deliveries, outcomes, attempt, asyncio.Semaphore(1))
    running = asyncio.create_task(lane.run())
    first, second = delivery("first"), delivery("second")
    await deliveries.insert([first])
    lane.offer(first)
    await until(lambda: sent == ["first"])

    deliveries.go.clear()
    lane.expect(first.next_at, first.next_at)
    await deliveries.answered.wait()
    await deliveries.settle([outcome_of(first)])
    lane.settled(outcome_of(first), first.id)
    deliveries.go.set()

    await deliveries.insert([second])
    lane.offer(second)
    await until(lambda: "second" in sent)
    assert sent == ["first", "second"]
    running.cancel()
    await asyncio.wait([running])
    await lane.stop()


def outcome_of(delivery: Delivery) -> DeliveryOutcome:
    return DeliveryOutcome(
        event=delivery.event,
        endpoint=delivery.endpoint,
        unit=delivery.unit,
        attempt=1,
        outcome="delivered",
        status=204,
        at=to_milliseconds(datetime.now(UTC)),
    )


async def test_a_delivery_that_could_not_even_be_tried_is_tried_again_and_loses_no_attempt(
    database: Database,
) -> None:
    deliveries, tried = Deliveries(database), list[int]()
    outcomes = Outcomes(EventStore(database), deliveries, "shaba")

    async def attempt(delivery: Delivery) -> DeliveryOutcome:
        tried.append(delivery.attempts)
        if len(tried) == 1:
            raise LookupError("the endpoint's key is not there now")
        return outcome_of(delivery)

    lane = Lane(ENDPOINT, deliveries, outcomes, attempt, asyncio.Semaphore(1))
    running = asyncio.create_task(lane.run())
    await deliveries.insert([first := delivery("first")])
    lane.offer(first)
    await until(lambda: tried == [0, 0])
    running.cancel()
    await asyncio.wait([running])
    await lane.stop()


async def test_many_endpoints_that_cannot_even_be_tried_hold_back_no_healthy_one(database: Database) -> None:
    deliveries, tried, sent = Deliveries(database), list[str](), list[str]()
    outcomes, turns = Outcomes(EventStore(database), deliveries, "shaba"), asyncio.Semaphore(12)

    async def lost(delivery: Delivery) -> DeliveryOutcome:
        tried.append(delivery.event)
        raise LookupError("the endpoint's key is not there now")

    async def healthy(delivery: Delivery) -> DeliveryOutcome:
        sent.append(delivery.event)
        return outcome_of(delivery)

    names = [f"endpoint-{unit}-{number}" for unit in range(3) for number in range(5)]
    lanes = [Lane(name, deliveries, outcomes, lost, turns) for name in names]
    for name, lane in zip(names, lanes, strict=True):
        for number in range(IN_FLIGHT):
            lane.offer(delivery(f"{name}-{number}"))
    lanes.append(Lane(ENDPOINT, deliveries, outcomes, healthy, turns))
    running = [asyncio.create_task(lane.run()) for lane in lanes]
    await until(lambda: len(tried) >= len(names) * IN_FLIGHT)
    lanes[-1].offer(delivery("well"))
    await until(lambda: sent == ["well"], HELD_S / 2)
    for task in running:
        task.cancel()
    await asyncio.wait(running)
    await asyncio.gather(*(lane.stop() for lane in lanes))


async def test_the_store_is_read_through_gaps_and_crowds_in_order(database: Database) -> None:
    deliveries = Deliveries(database)
    await deliveries.open()
    moments = [
        "2026-01-01T00:00:00.000Z",
        *["2026-03-01T00:00:00.000Z"] * 300,
        "2026-03-01T00:00:00.001Z",
        "2026-11-24T03:29:28.123Z",
    ]
    made = [
        Delivery(f"event-{n:04d}", "volunteer-registered", ENDPOINT, "unit-1", b"{}", 0, moment)
        for n, moment in enumerate(moments)
    ]
    await deliveries.insert(made[::2])
    await deliveries.insert(made[1::2])
    found: list[str] = []
    after = "2025-01-01T00:00:00.000Z"
    while page := await deliveries.due(Stretch(ENDPOINT, "pending", after, moments[-1]), 64):
        found += [each.event for each in page]
        after = f"{page[-1].next_at}|{page[-1].event}"
    assert found == [each.event for each in made]
    beyond = Stretch(ENDPOINT, "pending", moments[1] + "|~", "2027-01-01T00:00:00.000Z")
    assert await deliveries.first_after(beyond) == moments[-2]


async def test_an_outcome_that_comes_again_or_late_changes_nothing(database: Database) -> None:
    deliveries = Deliveries(database)
    await deliveries.insert([first := delivery("first")])
    delivered = outcome_of(first).model_copy(update={"attempt": 2})
    failed = outcome_of(first).model_copy(
        update={"outcome": "failed", "status": 500, "next_at": to_milliseconds(datetime.now(UTC))}
    )
    await deliveries.settle([failed])
    await deliveries.settle([delivered])
    [settled] = await database["deliveries"].find({}).to_list(None)
    await deliveries.settle([failed])
    await deliveries.settle([delivered.model_copy(update={"outcome": "failed"})])
    assert await database["deliveries"].find({}).to_list(None) == [settled]
    assert (settled["state"], settled["attempts"], settled["last_status"]) == ("delivered", 2, 204)
