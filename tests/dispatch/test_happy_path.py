"""A request from the call to the completed visit, over HTTP, by those who do it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from services.dispatch.api import shapes, whole_shapes
from shared.kernel.times import format_time
from tests.support.community import HEALTH, MEALS, SCHOOL, Community, slot


def shape(value: Any) -> Any:
    """The keys of `value`, all the way down, without what stands under them."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else None


async def test_from_the_call_to_the_completed_visit(shaba: Community) -> None:
    desk = shaba.staff["dispatch"]
    resident, volunteer = await shaba.resident(), await shaba.volunteer()
    id = await shaba.request(resident=resident, text="头晕, 独居")
    triaged = await desk.post(f"/v1/requests/{id}/triage", {"priority": "urgent"})
    assert shape(triaged.body) == shape(shapes.Triaged.example)
    placed = {"volunteer": volunteer, "slot": slot(-0.5, 2)}
    assigned = await desk.post(f"/v1/requests/{id}/assignments", placed)
    assert (assigned.status, shape(assigned.body)) == (201, shape(shapes.Placed.example))
    scheduled = await desk.post(f"/v1/requests/{id}/visits", placed)
    assert (scheduled.status, scheduled.body["status"]) == (201, "scheduled")
    visit = scheduled.body["id"]
    assert visit.startswith(id)

    unit = shaba.health["dispatch"]
    checked = await unit.post(
        f"/v1/visits/{visit}/check-in",
        {"method": "manual", "reason": "no-signal", "on_behalf_of": volunteer},
    )
    assert (checked.status, checked.body["status"]) == (200, "checked-in")
    now = datetime.now(UTC)
    outcome = {
        "outcome": "done",
        "contact_made": True,
        "started_at": format_time(now - timedelta(minutes=20)),
        "ended_at": format_time(now),
        "text": "血压已测",
    }
    completed = await unit.post(f"/v1/visits/{visit}/complete", outcome)
    assert (completed.status, shape(completed.body)) == (200, shape(shapes.Visit.example))
    again = await unit.post(f"/v1/visits/{visit}/complete", outcome)
    assert (again.status, again.body) == (200, completed.body)
    other = await unit.post(f"/v1/visits/{visit}/complete", {**outcome, "outcome": "not-done"})
    assert (other.status, other.body["code"]) == (409, "visit-already-completed")

    whole = await desk.get(f"/v1/requests/{id}")
    empty: dict[str, list[str]] = {"units": [], "referrals": [], "whistles": []}
    assert shape({**whole.body, **empty}) == shape({**whole_shapes.Request.example, **empty})
    theirs = await unit.get(f"/v1/requests/{id}")
    assert "resident" not in theirs.body
    assert theirs.body["units"] == [HEALTH]
    said = await desk.get(f"/v1/requests/{id}/details", purpose="follow-up")
    assert [item["text"] for item in said.body["items"]] == ["头晕, 独居", "血压已测"]


async def test_a_hundred_dispatchers_cannot_put_a_volunteer_in_two_places(shaba: Community) -> None:
    volunteer, when = await shaba.volunteer(), slot(3)
    desk = shaba.staff["dispatch"]
    requests = await asyncio.gather(*(shaba.request() for _ in range(40)))
    await asyncio.gather(*(desk.post(f"/v1/requests/{id}/triage", {"priority": "asap"}) for id in requests))
    body = {"volunteer": volunteer, "slot": when}
    replies = await asyncio.gather(*(desk.post(f"/v1/requests/{id}/assignments", body) for id in requests))
    won = [reply for reply in replies if reply.status == 201]
    lost = [reply for reply in replies if reply.status == 409]
    assert (len(won), len(lost)) == (1, 39)
    assert {reply.body["code"] for reply in lost} == {"volunteer-not-free"}
    assert {reply.body["conflict"] for reply in lost} == {won[0].body["id"]}


async def test_a_slot_over_two_weeks_is_taken_in_both(shaba: Community) -> None:
    volunteer = await shaba.volunteer()
    monday = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    monday += timedelta(days=7 - monday.weekday())
    night = {
        "start": format_time(monday - timedelta(hours=2)),
        "end": format_time(monday + timedelta(hours=2)),
    }
    await shaba.assigned(volunteer, night)
    desk = shaba.staff["dispatch"]
    for start, end in ((-1, 0), (1, 3)):
        id = await shaba.request()
        await desk.post(f"/v1/requests/{id}/triage", {"priority": "routine"})
        when = {
            "start": format_time(monday + timedelta(hours=start)),
            "end": format_time(monday + timedelta(hours=end)),
        }
        body = {"volunteer": volunteer, "slot": when}
        reply = await desk.post(f"/v1/requests/{id}/assignments", body)
        assert (reply.status, reply.body["code"]) == (409, "volunteer-not-free")


async def test_another_units_volunteer_is_not_there_for_a_unit(shaba: Community) -> None:
    """The health centre leads the request; a volunteer of the school goes. Each acts for its own."""
    volunteer = await shaba.volunteer(SCHOOL)
    placed = {"volunteer": volunteer, "slot": slot()}
    id = await shaba.assigned(volunteer, placed["slot"])  # type: ignore[arg-type]
    visit = (await shaba.staff["dispatch"].post(f"/v1/requests/{id}/visits", placed)).body["id"]
    refused = await shaba.health["dispatch"].post(f"/v1/visits/{visit}/check-in", {"method": "qr"})
    assert (refused.status, refused.body["code"]) == (404, "not-found")
    taken = await shaba.school["dispatch"].post(f"/v1/visits/{visit}/check-in", {"method": "qr"})
    assert taken.status == 200
    seen = await shaba.health["dispatch"].get(f"/v1/requests/{id}")
    assert volunteer.encode() not in seen.raw


async def test_lists_are_filtered_and_the_units_own(shaba: Community) -> None:
    body = {"service": MEALS, "grid": "shaba-11", "channel": "web"}
    made = await shaba.staff["dispatch"].post("/v1/requests", body)
    after = {"Linli-After": made.headers["linli-position"]}
    path = f"/v1/requests?grid=shaba-11&service={MEALS}&status=received&limit=500"
    page = await shaba.staff["dispatch"].call("GET", path, headers=after)
    assert made.body["id"] in [item["id"] for item in page.body["items"]]
    assert {(item["grid"], item["service"], item["status"]) for item in page.body["items"]} == {
        ("shaba-11", MEALS, "received")
    }
    theirs = await shaba.school["dispatch"].get("/v1/requests", grid="shaba-11")
    assert made.body["id"] not in [item["id"] for item in theirs.body["items"]]


async def test_the_interface_is_documented_with_examples_and_problems(shaba: Community) -> None:
    document = (await shaba.staff["dispatch"].get("/openapi.json")).body
    create = document["paths"]["/v1/requests"]["post"]
    assert create["responses"]["201"]["content"]["application/json"]["example"] == shapes.TakenIn.example
    assert "application/problem+json" in create["responses"]["4XX"]["content"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
