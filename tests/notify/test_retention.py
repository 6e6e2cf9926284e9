"""What is kept no longer goes, and nobody who waited for it is left in the dark."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.kernel.times import format_time
from shared.runtime.mongo import Database
from shared.runtime.settings import NotifySettings
from tests.notify.test_holding import do, is_held, register, shown, states_are
from tests.support.notifying import UNIT, Partner, Spoken, notify, partner_system
from tests.support.reckoning import reckoned
from tests.support.waiting import until


async def aged(database: Database, days: float) -> None:
    """All messages were put in so many days ago, in boxes that were marked when they were small."""
    await database["boxes"].update_one({"_id": UNIT}, {"$set": {"head": 0}}, upsert=True)
    at = format_time(datetime.now(UTC) - timedelta(days=days))
    await database["messages"].update_many({}, {"$set": {"at": at}})


async def test_what_waited_for_too_long_is_on_record_as_failed_before_it_goes(
    settings: NotifySettings, database: Database, partner: Partner
) -> None:
    spoken = Spoken()
    async with notify(settings) as running:
        endpoint, _ = await register(running, partner.url)
        await do(running, endpoint, "pause")
        await until(lambda: is_held(running, database, endpoint, "paused"))
        await running.hears(spoken.volunteers(20))
    await aged(database, 31)
    async with notify(settings) as running:
        await running.hears(fresh := spoken.volunteers(2))
        await until(lambda: states_are(running, pending=2, exhausted=20))
        assert {outcome["error"] for outcome in await running.outcomes()} == {"kept-no-longer"}
        assert await reckoned(database, endpoint, UNIT) == {"failed": 20, "held": 2}
        await do(running, endpoint, "resume", {"backlog": "send"})
        await until(lambda: states_are(running, delivered=2, exhausted=20))
        assert sorted(partner.ids) == sorted(event.id for event in fresh)
        assert (await shown(running, endpoint))["status"] == "active"


async def test_what_was_told_goes_with_its_records_and_the_box_goes_on(
    settings: NotifySettings, database: Database, partner: Partner
) -> None:
    spoken = Spoken()
    async with notify(settings) as running:
        await register(running, partner.url)
        await running.hears(spoken.volunteers(5))
        await until(lambda: states_are(running, delivered=5))
    await aged(database, 31)
    at = format_time(datetime.now(UTC) - timedelta(days=31))
    for record in await database["deliveries"].find({}).to_list(None):
        head, _, number = str(record["place"]).rsplit("|", 2)
        place = f"{head}|{at}|{number}"
        await database["deliveries"].update_one({"_id": record["_id"]}, {"$set": {"place": place, "at": at}})
    async with notify(settings) as running:
        await until(lambda: _are_none(database))
        await running.hears(spoken.volunteers(1))
        await until(lambda: len(partner.received) == 6)
        [delivery] = await running.deliveries()
        assert delivery["number"] == 6


async def _are_none(database: Database) -> bool:
    return (
        await database["deliveries"].count_documents({})
        == await database["messages"].count_documents({})
        == 0
    )


async def test_a_message_from_the_future_is_told_and_kept(
    settings: NotifySettings, database: Database
) -> None:
    """As of a process whose clock was an hour ahead."""
    async with partner_system(hangs=True) as partner:
        async with notify(settings) as running:
            await register(running, partner.url)
            await running.hears(Spoken().volunteers(3))
            await until(lambda: len(partner.received) == 3)
        await aged(database, -1 / 24)
        partner.free.set()
        async with notify(settings) as running:
            await until(lambda: states_are(running, delivered=3))
            assert await database["messages"].count_documents({}) == 3


async def test_a_clock_an_hour_off_moves_a_retry_and_loses_none(
    settings: NotifySettings, database: Database, partner: Partner
) -> None:
    """What is due by a clock that was an hour behind is sent at once; by one that was ahead, later."""
    slow = settings.model_copy(update={"retry_schedule": [2.0]})
    async with partner_system(hangs=True) as hanging:
        async with notify(slow.model_copy(update={"deadline": 0.2})) as running:
            endpoint, _ = await register(running, hanging.url)
            behind, ahead = Spoken().volunteers(2)
            await running.hears([behind, ahead])
            await until(lambda: _tried(database, 2))
            await do(running, endpoint, "pause")
        for event, hours in ((behind, -1), (ahead, 1)):
            at = format_time(datetime.now(UTC) + timedelta(hours=hours))
            record = await database["deliveries"].find_one({"message": event.id})
            assert record is not None
            head, _, number = str(record["place"]).rsplit("|", 2)
            change = {"place": f"{head}|{at}|{number}", "next_at": at}
            await database["deliveries"].update_one({"_id": record["_id"]}, {"$set": change})
        before = len(hanging.received)
        hanging.free.set()
        async with notify(slow) as running:
            await do(running, endpoint, "resume", {"backlog": "send"})
            await until(lambda: states_are(running, delivered=1, pending=1))
            assert hanging.ids[before:] == [behind.id]
            await do(running, endpoint, f"deliveries/{ahead.id}/resend")
            await until(lambda: states_are(running, delivered=2))


async def _tried(database: Database, count: int) -> bool:
    return await database["deliveries"].count_documents({"attempts": {"$gte": 1}}) == count
