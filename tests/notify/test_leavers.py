"""Who leaves is told nothing more, and nothing of where that was is kept."""

from __future__ import annotations

from shared.runtime.mongo import Database
from tests.support.notifying import UNIT, Notify, Partner, Spoken
from tests.support.waiting import until


async def volunteer_with_an_endpoint(running: Notify, partner: Partner, spoken: Spoken) -> tuple[str, str]:
    """A volunteer of the unit, and its endpoint."""
    [registered] = spoken.volunteers(1)
    await running.hears([registered])
    body = {"unit": UNIT, "volunteer": registered.stream, "url": partner.url, "events": ["*"]}
    status, answer = await running.call("POST", "/v1/endpoints", running.token(), body)
    assert status == 201, answer
    return registered.stream, str(answer["id"])


async def details(database: Database) -> int:
    """How many sealed details are kept."""
    found = [
        await database[name].count_documents({})
        for name in ("details", "details-searched", "details-of-requests")
    ]
    return sum(found)


async def is_gone(running: Notify, endpoint: str) -> bool:
    return (await running.call("GET", f"/v1/endpoints/{endpoint}", running.token()))[0] == 404


async def test_a_volunteer_who_leaves_has_no_endpoint_any_more(
    running: Notify, partner: Partner, database: Database
) -> None:
    spoken = Spoken()
    volunteer, endpoint = await volunteer_with_an_endpoint(running, partner, spoken)
    kept, _ = await running.endpoint(partner.url)
    assert await details(database) == 2
    left = spoken.say("volunteer-left", volunteer, units=[UNIT], reason="left")
    await running.hears([left])
    await until(lambda: is_gone(running, endpoint))
    await until(lambda: _details_are(database, 1))
    assert not await is_gone(running, kept)


async def test_a_volunteer_who_is_erased_is_forgotten_and_that_is_on_record(
    running: Notify, partner: Partner, database: Database
) -> None:
    spoken = Spoken()
    volunteer, endpoint = await volunteer_with_an_endpoint(running, partner, spoken)
    await running.hears([spoken.say("volunteer-erased", volunteer, units=[UNIT])])
    await until(lambda: is_gone(running, endpoint))
    await until(lambda: _details_are(database, 0))
    said = [event for commit in await running.service.store.read(0, 100) for event in commit.events]
    [erased] = [event for event in said if event.type == "details-erased"]
    assert erased.data["subject"] == volunteer
    assert await database["tombstones"].find_one({"_id": volunteer}) is not None


async def test_a_unit_that_is_retired_is_told_nothing(running: Notify, partner: Partner) -> None:
    spoken = Spoken()
    endpoint, _ = await running.endpoint(partner.url)
    await running.hears([spoken.say("unit-retired", UNIT, units=[UNIT], reason="closed")])
    await until(lambda: _is_disabled(running, endpoint))
    await running.hears(spoken.volunteers(2))
    assert partner.received == []


async def test_a_removed_endpoint_leaves_neither_address_nor_secret(
    running: Notify, partner: Partner, database: Database
) -> None:
    endpoint, _ = await running.endpoint(partner.url)
    await running.call("PATCH", f"/v1/endpoints/{endpoint}", running.token(), {"url": partner.url + "/more"})
    await running.call("POST", f"/v1/endpoints/{endpoint}/rotate", running.token(), {})
    assert await details(database) == 3
    await running.call("DELETE", f"/v1/endpoints/{endpoint}", running.token())
    await until(lambda: _details_are(database, 0))


async def _details_are(database: Database, count: int) -> bool:
    return await details(database) == count


async def _is_disabled(running: Notify, endpoint: str) -> bool:
    _, shown = await running.call("GET", f"/v1/endpoints/{endpoint}", running.token(role="admin"))
    return (shown["status"], shown["reason"]) == ("disabled", "unit-retired")
