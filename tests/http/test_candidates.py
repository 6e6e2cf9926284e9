"""Who could go: volunteers ranked for a request, with what speaks for each and what each lacks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.kernel.times import format_time, parse_time
from tests.support.client import Reply
from tests.support.community import HEALTH, SCHOOL, Community
from tests.support.community import slot as hours_from_now
from tests.support.people import put, resident_body, volunteer_body

SLOT = hours_from_now(30, 1)


@dataclass
class Work:
    """A service with a skill and a course that nobody else has, and what is asked for of it."""

    shaba: Community
    skill: str
    service: str

    async def volunteer(self, *courses: str, **more: object) -> str:
        """A volunteer who has the skill, trained in `courses`."""
        registry = self.shaba.admin["registry"]
        last = made = await put(registry, "volunteers", volunteer_body(**{"skills": [self.skill], **more}))
        for course in courses:
            body = {"course": course, "completed_on": "2026-01-05", "expires_at": "2030-01-01T00:00:00Z"}
            last = await registry.post(f"{made.headers['location']}/trainings", body)
        await self.shaba.dispatch_has(last)
        return str(made.body["id"])

    async def request(self, **more: str) -> str:
        """A triaged request."""
        id = await self.shaba.request(**{"service": self.service, **more})
        await self.triage(id)
        return id

    async def triage(self, id: str) -> None:
        desk = self.shaba.staff["dispatch"]
        assert (await desk.post(f"/v1/requests/{id}/triage", {"priority": "urgent"})).status == 200

    async def ranked(self, id: str, last: Reply | None = None, **query: str) -> dict[str, dict[str, Any]]:
        """Those who have the skill, by id, in their order, once dispatch has what `last` says."""
        times = {"start": SLOT["start"], "end": SLOT["end"]}
        headers = {"Linli-After": last.headers["linli-position"]} if last is not None else {}
        reply = await self.shaba.staff["dispatch"].call(
            "GET", f"/v1/requests/{id}/candidates", headers=headers, params={"limit": "200", **times, **query}
        )
        assert reply.status == 200, reply.body
        return {
            item["volunteer"]: item
            for item in reply.body["items"]
            if any(self.skill in reason.get("skills", ()) for reason in item["reasons"])
        }

    async def place(self, id: str, volunteer: str, slot: dict[str, str]) -> Reply:
        body = {"volunteer": volunteer, "slot": slot}
        reply = await self.shaba.staff["dispatch"].post(f"/v1/requests/{id}/assignments", body)
        assert reply.status == 201, reply.body
        return reply


async def work(shaba: Community, **more: object) -> Work:
    """A new service."""
    skill = f"s-{uuid4().hex[:8]}"
    body = {
        "name": {"zh": "上门", "en": "At home"},
        "category": "volunteering",
        "lead_unit": HEALTH,
        "response_minutes": 2000,
        "skills": [skill],
        **more,
    }
    made = await shaba.admin["registry"].post("/v1/services", body)
    assert made.status == 201, made.body
    await shaba.dispatch_has(made)
    return Work(shaba, skill, str(made.body["id"]))


def codes(found: list[dict[str, Any]]) -> set[str]:
    return {each["code"] for each in found}


async def test_who_lacks_what_the_service_asks_for_comes_last_and_it_is_said_why(shaba: Community) -> None:
    course = f"c-{uuid4().hex[:8]}"
    asked = await work(shaba, training=[course])
    untrained, trained = await asked.volunteer(), await asked.volunteer(course, unit=SCHOOL)
    id = await asked.request()
    found = await asked.ranked(id)
    assert list(found) == [trained, untrained]
    assert found[trained] == {
        "volunteer": trained,
        "unit": SCHOOL,
        "team": "residents",
        "eligible": True,
        "ready": True,
        "score": 30,
        "reasons": [
            {"code": "skills", "points": 30, "skills": [asked.skill]},
            {"code": "trained", "points": 0, "courses": [course]},
        ],
        "shortfalls": [],
    }
    assert (found[untrained]["eligible"], found[untrained]["ready"]) == (False, False)
    assert found[untrained]["shortfalls"] == [{"code": "training-missing", "hard": True, "courses": [course]}]
    revoked = await shaba.admin["registry"].post(f"/v1/volunteers/{trained}/trainings/{course}/revoke")
    await shaba.dispatch_has(revoked)
    assert codes((await asked.ranked(id))[trained]["shortfalls"]) == {"training-missing"}


async def test_whoever_is_on_duty_then_is_not_free_and_has_a_load(shaba: Community) -> None:
    asked = await work(shaba)
    busy, capped, idle = (
        await asked.volunteer(),
        await asked.volunteer(load_cap=1),
        await asked.volunteer(load_cap=2),
    )
    other, id = await asked.request(), await asked.request()
    placed = await asked.place(other, busy, SLOT)
    # In the same week, whatever the day is: the hours right before.
    start = parse_time(SLOT["start"]) - timedelta(minutes=10)
    before = {"start": format_time(start), "end": SLOT["start"]}
    same_week = f"{start:%G-%V}" == f"{parse_time(SLOT['start']):%G-%V}"
    last = await asked.place(await asked.request(), capped, before)
    found = await asked.ranked(id, last)
    assert found[busy]["shortfalls"] == [
        {"code": "volunteer-not-free", "hard": True, "conflict": placed.body["id"]}
    ]
    if same_week:
        assert found[capped]["shortfalls"] == [
            {"code": "load-cap-reached", "hard": True, "load": 1, "cap": 1}
        ]
        assert {"code": "load", "points": -2, "load": 1} in found[capped]["reasons"]
        assert next(iter(found)) == idle
    assert found[idle]["ready"]


async def test_soft_shortfalls_are_said_and_do_not_stop_staff(shaba: Community) -> None:
    asked = await work(shaba)
    # The day in China on which the slot begins.
    day = (parse_time(SLOT["start"]) + timedelta(hours=8)).date().isoformat()
    away = await asked.volunteer(exceptions=[{"date": day, "available": False}], languages=["zh"])
    there = await asked.volunteer(languages=["yi"])
    resident = await put(shaba.admin["registry"], "residents", resident_body(languages=["yi"]))
    await shaba.dispatch_has(resident)
    id = await asked.request(resident=str(resident.body["id"]))
    found = await asked.ranked(id)
    assert list(found) == [there, away]
    assert {"code": "common-language", "points": 15, "languages": ["yi"]} in found[there]["reasons"]
    assert (found[away]["eligible"], found[away]["ready"]) == (True, False)
    assert codes(found[away]["shortfalls"]) == {"not-available", "no-common-language"}


async def test_whoever_has_been_there_before_comes_first(shaba: Community) -> None:
    asked, desk = await work(shaba), shaba.staff["dispatch"]
    _, known = await asked.volunteer(), await asked.volunteer()
    resident = await shaba.resident()
    first = await asked.request(resident=resident, grid="shaba-04")
    now = hours_from_now(-0.5, 1)
    await asked.place(first, known, now)
    visit = await desk.post(f"/v1/requests/{first}/visits", {"volunteer": known, "slot": now})
    path = f"/v1/visits/{visit.body['id']}"
    manual = {"method": "manual", "reason": "no-device"}
    assert (await desk.post(f"{path}/check-in", manual)).status == 200
    there = datetime.now(UTC)
    times = {"started_at": format_time(there - timedelta(minutes=5)), "ended_at": format_time(there)}
    done = await desk.post(f"{path}/complete", {"outcome": "done", "contact_made": True, **times})
    assert done.status == 200, done.body
    found = await asked.ranked(await asked.request(resident=resident), done)
    assert next(iter(found)) == known
    assert {"code": "visited-before", "points": 25, "last": format_time(there)[:10]} in found[known][
        "reasons"
    ]
    assert {"code": "near-grid", "points": 5, "grid": "shaba-04"} in found[known]["reasons"]
    elsewhere = await asked.ranked(await asked.request())
    assert "visited-before" not in codes(elsewhere[known]["reasons"])


async def test_who_is_suspended_or_gone_is_not_named(shaba: Community) -> None:
    asked, registry = await work(shaba), shaba.admin["registry"]
    suspended, gone, there = await asked.volunteer(), await asked.volunteer(), await asked.volunteer()
    id = await asked.request()
    assert set(await asked.ranked(id)) == {suspended, gone, there}
    await registry.post(f"/v1/volunteers/{suspended}/suspend", {"reason": "away"})
    last = await registry.post(f"/v1/volunteers/{gone}/leave", {"reason": "left"})
    assert last.status == 200, last.body
    await shaba.dispatch_has(last)
    assert set(await asked.ranked(id)) == {there}


async def test_nothing_is_proposed_where_matching_is_off(shaba: Community) -> None:
    asked = await work(shaba, matching="off")
    refused = await shaba.staff["dispatch"].get(f"/v1/requests/{await asked.request()}/candidates")
    assert (refused.status, refused.body["code"]) == (409, "matching-off")
    amended = await shaba.admin["registry"].patch(f"/v1/services/{asked.service}", {"matching": "suggest"})
    await shaba.dispatch_has(amended)
    assert await asked.ranked(await asked.request()) == {}


async def test_without_times_it_is_the_hour_from_now_on(shaba: Community) -> None:
    asked = await work(shaba)
    reply = await shaba.staff["dispatch"].get(f"/v1/requests/{await asked.request()}/candidates", limit="1")
    start, end = (parse_time(reply.body["slot"][name]) for name in ("start", "end"))
    assert end - start == timedelta(hours=1)
    assert timedelta(0) < start - datetime.now(UTC) + timedelta(seconds=30) <= timedelta(seconds=90)
    assert len(reply.body["items"]) == 1
    assert reply.body["considered"] > 1


@pytest.mark.parametrize(
    "query",
    [
        {"start": SLOT["start"]},
        {"end": SLOT["end"]},
        {"start": SLOT["end"], "end": SLOT["start"]},
        {"start": SLOT["start"], "end": hours_from_now(60, 1)["end"]},
        {"start": "tomorrow", "end": SLOT["end"]},
        {"limit": "0"},
        {"limit": "201"},
        {"skill": "first-aid"},
    ],
)
async def test_what_is_no_slot_is_refused(shaba: Community, query: dict[str, str]) -> None:
    id = await shaba.request()
    refused = await shaba.staff["dispatch"].get(f"/v1/requests/{id}/candidates", **query)
    assert (refused.status, refused.body["code"]) == (422, "invalid-request")


async def test_a_partner_unit_is_not_told_who_could_go(shaba: Community) -> None:
    id = await shaba.request()
    refused = await shaba.health["dispatch"].get(f"/v1/requests/{id}/candidates")
    assert (refused.status, refused.body["code"]) == (403, "insufficient-scope")
    missing = await shaba.staff["dispatch"].get("/v1/requests/request-nothing/candidates")
    assert missing.status == 404
