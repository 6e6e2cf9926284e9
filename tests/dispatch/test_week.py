"""A week of Shaba with everything in it, through HTTP; every figure of it, counted anew from audit's log."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.kernel.cloudevent import CloudEvent, from_document
from shared.kernel.times import format_time, parse_time
from tests.support.client import Client
from tests.support.community import HEALTH, SCHOOL
from tests.support.recount import recount
from tests.support.waiting import until
from tests.support.week import Week, week

RED_CROSS = "unit-red-cross"
POLICE = "unit-police-station"


@pytest.fixture
async def shaba_week(tmp_path: Path) -> AsyncIterator[Week]:
    async with week(tmp_path) as found:
        yield found


async def monday(town: Week) -> str:
    """Five are visited and content, one less so; one was asked for twice; the first who is asked declines."""
    shaba, mei = town.shaba, await town.shaba.volunteer()
    ids = [await town.triaged(resident=await shaba.resident(f"张{nth}")) for nth in "一二三四五"]
    for nth, id in enumerate(ids):
        visit = await town.placed(id, mei, town.slot(0, 9 + nth))
        town.set(0, 9.1 + nth)
        await town.visited(visit)
        await town.ended(id, 5 - nth % 2)
    again = {"service": "service-home-health-help", "grid": "shaba-03", "channel": "telephone"}
    first = await town.does("/v1/requests", again, 201)
    heard = first.headers["linli-position"]
    second = await town.desk.post("/v1/requests", again, Linli_After=heard)
    assert first.body["id"] in second.body["similar"]
    await town.does(f"/v1/requests/{second.body['id']}/merge", {"into": first.body["id"]})
    town.set(0, 15)
    id, bo = await town.triaged(), await shaba.volunteer(SCHOOL)
    offer = {"slot": town.slot(0, 16)}
    await town.does(f"/v1/requests/{id}/offers", {**offer, "volunteer": mei}, 201)
    await town.does(f"/v1/assignments/{id}.assignment-1/decline", {"reason": "not-free"})
    await town.does(f"/v1/requests/{id}/offers", {**offer, "volunteer": bo}, 201)
    await town.does(f"/v1/assignments/{id}.assignment-2/accept")
    await town.does(f"/v1/requests/{first.body['id']}/triage", {"priority": "routine"})
    await town.does(f"/v1/requests/{first.body['id']}/reject", {"reason": "out-of-scope"})
    assert (await town.desk.get(f"/v1/requests/{second.body['id']}")).body["status"] == "closed"
    return ids[0]


async def tuesday(town: Week) -> tuple[str, str]:
    """Nobody answers an offer, nobody comes to a visit; one is put aside; one is referred, and taken over."""
    town.set(1, 9)
    mei, unit = await town.shaba.volunteer(), town.shaba.health["dispatch"]
    unanswered, missed, held, referred = [await town.triaged() for _ in range(4)]
    offer = {"volunteer": mei, "slot": town.slot(1, 14)}
    await town.does(f"/v1/requests/{unanswered}/offers", offer, 201)
    await town.placed(missed, mei, town.slot(1, 10))
    until_friday = format_time(town.at(4, 9))
    hold = {"reason": "requester-asked", "until": until_friday}
    await town.does(f"/v1/requests/{held}/hold", hold)
    asked = {"reason": "no-capacity", "unit": RED_CROSS}
    await town.does(f"/v1/requests/{referred}/referrals", asked, 201)
    await town.does(f"/v1/referrals/{referred}.referral-1/decline", {"reason": "full"})
    await town.does(f"/v1/requests/{referred}/referrals", {**asked, "unit": HEALTH}, 201)
    assert (await unit.post(f"/v1/referrals/{referred}.referral-2/accept")).status == 200
    placed = {"volunteer": mei, "slot": town.slot(1, 12)}
    reply = await unit.post(f"/v1/requests/{referred}/assignments", placed)
    assert reply.status == 201, reply.body
    town.set(1, 11.6)
    await town.happens(unanswered, "assignment-expired", "sla-warned", "sla-breached")
    await town.happens(missed, "visit-missed")
    return held, missed


async def wednesday(town: Week) -> None:
    """Broker and dispatch die in the morning and come back on Thursday: what was due is late, not lost."""
    town.set(2, 9)
    waits, called = await town.triaged(), await town.triaged()
    calls = {"units": [POLICE], "reason": "emergency", "response_minutes": 30}
    await town.does(f"/v1/requests/{called}/whistles", calls, 201)
    town.dispatch.kill()
    town.dispatch.stack.kill("rabbitmq")
    town.set(3, 9)
    town.dispatch.stack.start("rabbitmq")
    town.dispatch.start()
    await town.ready()
    await town.happens(waits, "sla-warned", "sla-breached", *["request-escalated"] * 3)
    await town.happens(called, "sla-breached", *["request-escalated"] * 5)
    said = await town.types(waits)
    assert [said.count(each) for each in ("sla-warned", "sla-breached", "request-escalated")] == [1, 1, 3]


async def thursday(town: Week) -> str:
    """A unit is called and comes; a volunteer leaves, and another takes over what there is to do."""
    town.set(3, 10)
    called, mei, bo = await town.triaged(), await town.shaba.volunteer(), await town.shaba.volunteer()
    calls = {"units": [SCHOOL], "reason": "several-units"}
    await town.does(f"/v1/requests/{called}/whistles", calls, 201)
    report = f"/v1/whistles/{called}.whistle-1/report"
    for outcome in ("on-the-way", "arrived"):
        assert (await town.shaba.school["dispatch"].post(report, {"outcome": outcome})).status == 200
    visit = await town.placed(called, mei, town.slot(3, 11))
    later = await town.triaged()
    await town.placed(later, mei, town.slot(4, 11))
    handed = await town.does("/v1/hand-overs", {"giver": mei, "taker": bo}, 201)
    assert (handed.body["moved"], handed.body["refused"]) == (2, 0), handed.body
    assert (await town.desk.get(f"/v1/visits/{visit}")).body["volunteer"] == bo
    town.set(3, 11)
    await town.visited(visit, "partly-done")
    await town.ended(called, 2)
    return called


async def friday(town: Week, held: str, reopened: str) -> None:
    """The hold ends by itself; one who was not content has it opened again; nobody opens, twice."""
    town.set(4, 9.1)
    await town.happens(held, "request-resumed")
    await town.does(f"/v1/requests/{reopened}/reopen", {"reason": "not-solved"})
    found = (await town.desk.get(f"/v1/requests/{reopened}")).body
    assert (found["status"], found["round"]) == ("triaged", 2)
    visit = await town.placed(reopened, found["first_choice"], town.slot(4, 9.25))
    town.set(4, 9.3)
    await town.visited(visit)
    await town.ended(reopened, 4)
    alone, mei = await town.triaged(resident=await town.shaba.resident("赵六")), await town.shaba.volunteer()
    for hour in (10, 12):
        visit = await town.placed(alone, mei, town.slot(4, hour))
        town.set(4, hour + 0.1)
        await town.does(f"/v1/visits/{visit}/no-answer", {})
    await town.happens(alone, "welfare-check-raised", "request-escalated")


async def weekend(town: Week, first: str) -> None:
    """What was resolved on Monday closes when its window is over."""
    town.set(5, 10)
    await town.happens(first, "request-closed")
    withdrawn = await town.triaged()
    await town.does(f"/v1/requests/{withdrawn}/withdraw", {"reason": "solved-otherwise"})
    town.set(6, 20)


async def test_a_week_with_everything_in_it_and_all_figures_of_it(shaba_week: Week) -> None:
    town = shaba_week
    first = await monday(town)
    held, _ = await tuesday(town)
    between = format_time(town.now)
    await wednesday(town)
    reopened = await thursday(town)
    await friday(town, held, reopened)
    await weekend(town, first)
    log = await audited(town)
    for by in ("service", "category", "unit", "grid", "week"):
        for as_of in (format_time(town.now), between):
            await agree(town, log, by, as_of)
    verdict = await town.shaba.auditor["audit"].post("/v1/verify", {})
    assert (verdict.status, verdict.body["intact"]) == (200, True), verdict.body


async def agree(town: Week, log: list[CloudEvent], by: str, as_of: str) -> None:
    """dispatch's figures, and those that are counted from the log."""
    start = format_time(town.at(0, 0))
    query = {"from": start, "to": as_of, "as_of": as_of, "by": by}
    document = (await town.desk.get("/v1/figures", **query)).body
    total, groups = recount(log, parse_time(start), parse_time(as_of), parse_time(as_of), by)
    assert flat(document["total"]) == total
    assert {each["group"]: flat(each["figures"]) for each in document["groups"]} == groups
    assert total["requests"] > 10
    if as_of == format_time(parse_time(query["to"])) and total["reopenings"]:
        assert None not in (total["response_rate"], total["solved_rate"], total["minutes_to_visit_p90"])


async def audited(town: Week) -> list[CloudEvent]:
    """All of dispatch's events, as audit has them, once it has all."""
    admin = town.shaba.admin["dispatch"]
    events: list[CloudEvent] = []

    async def complete() -> bool:
        events[:] = [
            event for event in await entries(town.shaba.auditor["audit"]) if event.service == "dispatch"
        ]
        return await feed_size(admin) == len(events)

    await until(complete, 30)
    return events


async def entries(auditor: Client) -> list[CloudEvent]:
    """Every entry of audit's log that has an event."""
    found: list[CloudEvent] = []
    query: dict[str, str] = {"limit": "500"}
    while True:
        page = (await auditor.get("/v1/entries", **query)).body
        found += [from_document(item["event"], json.dumps(item["event"]).encode()) for item in page["items"]]
        if page["next"] is None:
            return found
        query["after"] = page["next"]


async def feed_size(admin: Client) -> int:
    """How many events dispatch has recorded."""
    count, after = 0, "0"
    while True:
        page: dict[str, Any] = (await admin.get("/v1/events", after=after, limit="500")).body
        count += len(page["items"])
        if page["next"] is None:
            return count
        after = page["next"]


def flat(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures of a document by the names of the table's columns."""
    found: dict[str, Any] = {}
    for name, said in figures.items():
        parts = said if isinstance(said, dict) else {"value": said}
        found |= {name if part == "value" else f"{name}_{part}": value for part, value in parts.items()}
    return found
