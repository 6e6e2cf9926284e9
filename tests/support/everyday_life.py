"""The life of requests, as it goes on every day: offered, declined, put aside, referred, called, closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.kernel.times import format_time
from tests.support.client import Client, Reply
from tests.support.community import HEALTH, HEALTH_HELP, Community, slot

POLICE = "unit-police-station"


async def done(client: Client, path: str, body: object = None, status: int = 200) -> Reply:
    """POST, and what came of it."""
    reply = await client.post(path, body)
    assert reply.status == status, (path, reply.body)
    return reply


async def triaged(shaba: Community, **fields: str) -> str:
    """A new request, triaged."""
    id = await shaba.request(**fields)
    await done(shaba.staff["dispatch"], f"/v1/requests/{id}/triage", {"priority": "urgent"})
    return id


async def life(shaba: Community) -> None:
    """Everything that can become of requests."""
    await offers(shaba)
    await at_the_door(shaba)
    await put_aside(shaba)
    await between_units(shaba)
    await hand_over(shaba)


async def offers(shaba: Community) -> None:
    """One declines, the next accepts, another goes instead, and is released."""
    desk, id = shaba.staff["dispatch"], await triaged(shaba)
    mei, bo = await shaba.volunteer(), await shaba.volunteer()
    when = slot(2)
    for status in (201, 200):
        await done(desk, f"/v1/requests/{id}/offers", {"volunteer": mei, "slot": when}, status)
    await done(desk, f"/v1/assignments/{id}.assignment-1/decline", {"reason": "not-free"})
    await done(desk, f"/v1/requests/{id}/offers", {"volunteer": mei, "slot": when}, 201)
    await done(desk, f"/v1/assignments/{id}.assignment-2/accept")
    await done(desk, f"/v1/requests/{id}/visits", {"volunteer": mei, "slot": when}, 201)
    later = {"slot": slot(2.25, 0.5), "reason": "requester-asked"}
    await done(desk, f"/v1/visits/{id}.visit-1/reschedule", later)
    other = {"volunteer": bo, "reason": "volunteer-asked"}
    for status in (201, 200):
        await done(desk, f"/v1/assignments/{id}.assignment-2/reassign", other, status)
    await done(desk, f"/v1/visits/{id}.visit-1/cancel", {"reason": "weather"})
    await done(desk, f"/v1/assignments/{id}.assignment-3/release", {"reason": "volunteer-asked"})
    await done(desk, f"/v1/requests/{id}/reject", {"reason": "out-of-scope"})


async def at_the_door(shaba: Community) -> None:
    """Nobody opens at first; then somebody does, and it is over, and then it is not."""
    desk, volunteer, when = shaba.staff["dispatch"], await shaba.volunteer(), slot(-0.5, 2)
    id = await triaged(shaba, resident=await shaba.resident())
    placed = {"volunteer": volunteer, "slot": when}
    await done(desk, f"/v1/requests/{id}/assignments", placed, 201)
    first = {"volunteer": volunteer, "slot": slot(-0.5, 0.75)}
    await done(desk, f"/v1/requests/{id}/visits", first, 201)
    await done(desk, f"/v1/visits/{id}.visit-1/no-answer", {"text": "没人开门"})
    await done(desk, f"/v1/requests/{id}/visits", placed, 201)
    visit, now = f"/v1/visits/{id}.visit-2", datetime.now(UTC)
    await done(desk, f"{visit}/check-in", {"method": "qr"})
    await done(desk, f"{visit}/check-out", {"method": "qr"})
    times = {"started_at": format_time(now - timedelta(minutes=20)), "ended_at": format_time(now)}
    said = {"outcome": "partly-done", "contact_made": True, "opinion": "希望每周都有人来", "follow_up": True}
    await done(desk, f"{visit}/complete", {**said, **times})
    corrected = await desk.patch(visit, {"reason": "wrong-outcome", "outcome": "done"})
    assert (corrected.status, corrected.body["outcome"]) == (200, "done"), corrected.body
    proven = (await desk.get(visit)).body["verification"]
    assert None not in proven.values()
    await done(desk, f"/v1/requests/{id}/resolve", {"outcome": "done", "text": "都好"})
    await done(desk, f"/v1/requests/{id}/reopen", {"reason": "came-back"})
    await done(desk, f"/v1/requests/{id}/resolve", {"outcome": "done"})
    await done(desk, f"/v1/requests/{id}/rating", {"solved": True, "satisfaction": 5, "text": "谢谢"})
    await done(desk, f"/v1/requests/{id}/close")


async def put_aside(shaba: Community) -> None:
    """Corrected, put aside, taken up again, found to be a duplicate; another is withdrawn."""
    desk = shaba.staff["dispatch"]
    id, same = await triaged(shaba), await shaba.request()
    amended = await desk.patch(f"/v1/requests/{id}", {"grid": "shaba-04", "text": "在四网格"})
    assert amended.status == 200, amended.body
    await done(desk, f"/v1/requests/{id}/hold", {"reason": "requester-asked"})
    await done(desk, f"/v1/requests/{id}/resume")
    await done(desk, f"/v1/requests/{same}/merge", {"into": id})
    await done(desk, f"/v1/requests/{id}/withdraw", {"reason": "no-longer-needed"})
    closed = (await desk.get(f"/v1/requests/{same}")).body
    assert (closed["status"], closed["target"]) == ("closed", id)


async def between_units(shaba: Community) -> None:
    """One unit declines, is asked again and takes it over; another is called in."""
    desk, unit = shaba.staff["dispatch"], shaba.health["dispatch"]
    id = await triaged(shaba)
    capacity = f"/v1/capacities/{HEALTH}/{HEALTH_HELP}"
    declared = await unit.call("PUT", capacity, {"capacity": "waitlist"})
    assert (declared.status, (await unit.get(capacity)).body) == (200, declared.body)
    asked = {"unit": HEALTH, "reason": "other-competence", "waitlist": True}
    for status in (201, 200):
        await done(desk, f"/v1/requests/{id}/referrals", asked, status)
    await done(unit, f"/v1/referrals/{id}.referral-1/decline", {"reason": "full"})
    await done(desk, f"/v1/requests/{id}/referrals", asked, 201)
    await done(unit, f"/v1/referrals/{id}.referral-2/accept")
    assert (await unit.call("PUT", capacity, {"capacity": "open"})).status == 200
    calls = {"units": [POLICE], "reason": "needs-another-unit"}
    for status in (201, 200):
        await done(unit, f"/v1/requests/{id}/whistles", calls, status)
    await done(desk, f"/v1/whistles/{id}.whistle-1/report", {"outcome": "on-the-way", "text": "十分钟到"})
    for client in (desk, unit):
        assert (await client.get(f"/v1/requests/{id}")).body["referrals"]


async def hand_over(shaba: Community) -> None:
    """One volunteer's duties go to another, as far as that one is free; the report says so."""
    desk, giver, taker = shaba.staff["dispatch"], await shaba.volunteer(), await shaba.volunteer()
    await shaba.assigned(taker, slot(5))
    for start in (5, 7):
        await shaba.assigned(giver, slot(start))
    report = await desk.post("/v1/hand-overs", {"giver": giver, "taker": taker}, Idempotency_Key=giver)
    assert (report.status, report.body["moved"], report.body["refused"]) == (201, 1, 1), report.body
