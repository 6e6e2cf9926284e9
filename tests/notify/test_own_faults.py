"""What is wrong on our side: it costs no delivery an attempt, nothing is lost of it, and it is seen."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from aiohttp import web

from services.notify.deliveries import Deliveries
from services.notify.domain.breaker import FAILURES_TO_OPEN
from services.notify.engine.fanout import letters_of
from services.notify.engine.outcomes import Outcomes
from services.notify.messages import Messages
from shared.events.notify import Attempted
from shared.kernel.cloudevent import heard
from shared.runtime.mongo import Database, StoreUnavailable
from shared.runtime.settings import NotifySettings
from shared.runtime.store import EventStore
from tests.notify.test_backlog import failed
from tests.notify.test_holding import is_held, register, states_are
from tests.support.notifying import Notify, Partner, Spoken, notify
from tests.support.waiting import until


class Failing(Deliveries):
    """Deliveries whose store does not take outcomes for now."""

    broken = True

    async def settle(
        self, pos: int, made: Sequence[Attempted], bodies: Mapping[str, bytes] | None = None
    ) -> None:
        if self.broken:
            raise StoreUnavailable("for now")
        await super().settle(pos, made, bodies)


async def test_the_log_is_followed_past_outcomes_only_when_they_are_on_their_records(
    database: Database,
) -> None:
    store, deliveries = EventStore(database), Failing(database)
    await store.start()
    outcomes = Outcomes(store, deliveries, "shaba")
    outcomes.record(failed(1), b"")
    reporting = asyncio.create_task(outcomes.run())
    await asyncio.wait([reporting])
    assert isinstance(reporting.exception(), StoreUnavailable)
    [commit] = await store.read(0, 10)
    [event] = heard("notify", commit)

    async def follow() -> None:
        await outcomes.reactions()[event.type](event)

    following = asyncio.create_task(follow())
    reporting = asyncio.create_task(outcomes.run())
    await asyncio.wait([reporting])
    assert not following.done()
    deliveries.broken = False
    reporting = asyncio.create_task(outcomes.run())
    await until(following.done)
    assert await deliveries.count("endpoint-1", "pending") == 1
    reporting.cancel()
    await asyncio.wait([reporting])
    await store.stop()


async def test_an_endpoint_whose_address_is_lost_is_listed_and_held_and_costs_no_attempt(
    running: Notify, database: Database, partner: Partner
) -> None:
    lost, _ = await register(running, partner.url)
    await database["details-of-requests"].delete_many({})
    await database["details"].delete_many({})
    kept, _ = await register(running, partner.url)
    await running.hears(Spoken().volunteers(1))
    await until(lambda: is_held(running, database, lost, "no-address"))
    await until(lambda: states_are(running, pending=1, delivered=1))
    status, listed = await running.call("GET", "/v1/endpoints", running.token())
    assert status == 200
    hosts = {item["id"]: item["host"] for item in listed["items"]}
    assert hosts == {lost: None, kept: "127.0.0.1"}
    assert await database["deliveries"].count_documents({"endpoint": lost}) == 0


async def test_a_restart_burns_no_attempts_of_an_endpoint_that_fails(
    settings: NotifySettings, database: Database, partner: Partner
) -> None:
    patient = settings.model_copy(update={"retry_schedule": [3600.0] * 9, "probe_seconds": 3600.0})
    partner.answering = lambda _: web.Response(status=503)
    async with notify(patient) as running:
        endpoint, _ = await register(running, partner.url)
        await running.hears(Spoken().volunteers(FAILURES_TO_OPEN * 3))
        await until(lambda: is_held(running, database, endpoint, "failing"))
    before, asked = await steps(database), len(partner.received)
    async with notify(patient):
        await until(lambda: len(partner.received) > asked)
        await until(lambda: _probe_is_on_record(database, asked + 1))
    assert len(partner.received) == asked + 1
    assert await steps(database) == before


async def steps(database: Database) -> int:
    """How far all deliveries together are in their schedules."""
    return sum([int(record["step"]) for record in await database["deliveries"].find({}).to_list(None)])


async def _probe_is_on_record(database: Database, attempts: int) -> bool:
    return await database["attempts"].count_documents({}) == attempts


async def test_what_was_put_into_a_box_late_is_sent_without_waiting_for_the_next(
    running: Notify, database: Database, partner: Partner
) -> None:
    """As after an insert that the store took, and did not say so in time."""
    await register(running, partner.url)
    spoken = Spoken()
    await running.hears(spoken.volunteers(1))
    await until(lambda: len(partner.received) == 1)
    [late] = spoken.volunteers(1)
    await Messages(database).put(letters_of(late))
    await until(lambda: _takes(running, late))
    await until(lambda: partner.ids[1:] == [late.id])
    assert await database["messages"].count_documents({}) == 2


async def _takes(running: Notify, event: object) -> bool:
    try:
        await running.hears([event])  # type: ignore[list-item]
    except StoreUnavailable:
        return False
    return True


async def test_a_success_at_the_first_attempt_is_one_small_record_and_the_log_one_event_for_all(
    running: Notify, database: Database, partner: Partner
) -> None:
    await register(running, partner.url)
    await running.hears(Spoken().volunteers(40))
    await until(lambda: states_are(running, delivered=40))
    records = await database["deliveries"].find({}).to_list(None)
    assert len(records) == 40
    assert max(len(str(record)) for record in records) < 1000
    assert await database["attempts"].count_documents({}) == 0
    said = [event for commit in await running.service.store.read(0, 100) for event in commit.events]
    assert len([event for event in said if event.type == "notification-delivered"]) <= 3
