"""A request's life through HTTP: what goes with each command, who may do it, and what the clock does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.kernel.times import format_time, parse_time
from tests.support.client import Client, Reply
from tests.support.community import HEALTH, HEALTH_HELP, SCHOOL, Community, slot
from tests.support.everyday_life import done, triaged
from tests.support.people import volunteer_body
from tests.support.waiting import until


async def whole(client: Client, id: str) -> dict[str, Any]:
    """A request as it is now."""
    reply = await client.get(f"/v1/requests/{id}")
    assert reply.status == 200, reply.body
    body: dict[str, Any] = reply.body
    return body


async def refused(client: Client, path: str, body: object, code: str, status: int = 409) -> Reply:
    reply = await client.post(path, body)
    assert (reply.status, reply.body.get("code")) == (status, code), reply.body
    return reply


async def types_of(shaba: Community, id: str) -> list[str]:
    """The types of a request's events, as audit has them."""
    found = await shaba.auditor["audit"].get("/v1/entries", stream=id, limit="500")
    return [entry["event"]["type"] for entry in found.body["items"]]


async def test_a_hundred_place_one_volunteer_at_once_and_one_wins(shaba: Community) -> None:
    volunteer, when, desk = await shaba.volunteer(), slot(3), shaba.staff["dispatch"]
    requests = await asyncio.gather(*(triaged(shaba) for _ in range(100)))
    body = {"volunteer": volunteer, "slot": when}
    replies = await asyncio.gather(*(desk.post(f"/v1/requests/{id}/assignments", body) for id in requests))
    won = [reply for reply in replies if reply.status == 201]
    lost = [reply for reply in replies if reply.status != 201]
    assert len(won) == 1
    assert {(reply.status, reply.body["code"]) for reply in lost} == {(409, "volunteer-not-free")}
    assert {reply.body["conflict"] for reply in lost} == {won[0].body["id"]}


async def test_who_is_released_is_free_again_and_its_visits_are_cancelled(shaba: Community) -> None:
    desk, volunteer, when = shaba.staff["dispatch"], await shaba.volunteer(), slot(4)
    first, second = await shaba.assigned(volunteer, when), await triaged(shaba)
    await done(desk, f"/v1/requests/{first}/visits", {"volunteer": volunteer, "slot": when}, 201)
    placed = {"volunteer": volunteer, "slot": when}
    await refused(desk, f"/v1/requests/{second}/assignments", placed, "volunteer-not-free")
    released = f"/v1/assignments/{first}.assignment-1/release"
    await done(desk, released, {"reason": "volunteer-asked"})
    await done(desk, f"/v1/requests/{second}/assignments", placed, 201)
    found = await whole(desk, first)
    assert (found["status"], found["visits"][0]["status"]) == ("triaged", "cancelled")
    assert found["assignments"][0]["status"] == "released"


async def test_a_visit_goes_with_the_assignment_and_its_own_time_too(shaba: Community) -> None:
    """Outside of the assignment's slot a visit is a duty of its own, which moves as well."""
    desk, mei, bo = shaba.staff["dispatch"], await shaba.volunteer(), await shaba.volunteer()
    id = await shaba.assigned(mei, slot(4))
    await done(desk, f"/v1/requests/{id}/visits", {"volunteer": mei, "slot": slot(8)}, 201)
    other = await triaged(shaba)
    await refused(
        desk, f"/v1/requests/{other}/assignments", {"volunteer": mei, "slot": slot(8)}, "volunteer-not-free"
    )
    moved = {"volunteer": bo, "reason": "volunteer-unavailable"}
    await done(desk, f"/v1/assignments/{id}.assignment-1/reassign", moved, 201)
    assert (await whole(desk, id))["visits"][0]["volunteer"] == bo
    await done(desk, f"/v1/requests/{other}/assignments", {"volunteer": mei, "slot": slot(8)}, 201)
    third = await triaged(shaba)
    await refused(
        desk, f"/v1/requests/{third}/assignments", {"volunteer": bo, "slot": slot(8)}, "volunteer-not-free"
    )


async def test_an_offer_is_answered_by_the_volunteers_unit_alone(shaba: Community) -> None:
    desk, id, volunteer = shaba.staff["dispatch"], await triaged(shaba), await shaba.volunteer()
    await done(desk, f"/v1/requests/{id}/offers", {"volunteer": volunteer, "slot": slot(5)}, 201)
    accept = f"/v1/assignments/{id}.assignment-1/accept"
    await refused(shaba.school["dispatch"], accept, None, "not-found", 404)
    accepted = await done(shaba.health["dispatch"], accept)
    assert (accepted.body["status"], accepted.body["unit"]) == ("accepted", HEALTH)
    for _ in range(2):
        await done(shaba.health["dispatch"], accept)
    decline = f"/v1/assignments/{id}.assignment-1/decline"
    await refused(shaba.health["dispatch"], decline, {"reason": "not-free"}, "offer-over")


async def test_an_offer_that_nobody_answers_expires_by_itself(shaba: Community) -> None:
    desk, id, volunteer = shaba.staff["dispatch"], await triaged(shaba), await shaba.volunteer()
    soon = format_time(datetime.now(UTC) + timedelta(seconds=1))
    body = {"volunteer": volunteer, "slot": slot(5), "expires_at": soon}
    await done(desk, f"/v1/requests/{id}/offers", body, 201)

    async def expired() -> bool:
        found = await whole(desk, id)
        return bool(found["assignments"][0]["status"] == "expired" and found["untaken"] == [HEALTH])

    await until(expired, 15)
    assert (await whole(desk, id))["status"] == "triaged"


async def test_training_and_load_are_asked_for(shaba: Community) -> None:
    registry, desk = shaba.admin["registry"], shaba.staff["dispatch"]
    service = {
        "name": {"zh": "急救", "en": "first aid"},
        "category": "community-service",
        "lead_unit": HEALTH,
        "supporting_units": [],
        "response_minutes": 60,
        "working_hours": "always",
        "skills": [],
        "enters_home": True,
        "training": ["first-aid-course"],
    }
    made = await registry.post("/v1/services", service)
    assert made.status == 201, made.body
    person = await registry.post("/v1/volunteers", volunteer_body(load_cap=1))
    assert person.status == 201, person.body
    await shaba.dispatch_has(person)
    volunteer = str(person.body["id"])
    id = await triaged(shaba, service=str(made.body["id"]))
    place = f"/v1/requests/{id}/assignments"
    body = {"volunteer": volunteer, "slot": slot(3)}
    await refused(desk, place, body, "training-missing")
    trained = await registry.post(
        f"/v1/volunteers/{volunteer}/trainings", {"course": "first-aid-course", "completed_on": "2026-01-10"}
    )
    assert trained.status in (200, 201), trained.body
    await shaba.dispatch_has(trained)
    await done(desk, place, body, 201)
    other = await triaged(shaba)
    second = {"volunteer": volunteer, "slot": slot(3.5, 0.25)}
    await refused(desk, f"/v1/requests/{other}/assignments", second, "volunteer-not-free")
    slot_of = slot(5, 1)
    later = {"volunteer": volunteer, "slot": slot_of}
    said = await desk.post(f"/v1/requests/{other}/assignments", later)
    same_week = parse_time(str(slot_of["start"])).isocalendar()[:2] == datetime.now(UTC).isocalendar()[:2]
    if same_week:
        assert (said.status, said.body["code"]) == (409, "load-cap-reached"), said.body


async def test_who_is_suspended_is_released(shaba: Community) -> None:
    registry, desk = shaba.admin["registry"], shaba.staff["dispatch"]
    volunteer, when = await shaba.volunteer(), slot(6)
    id = await shaba.assigned(volunteer, when)
    suspended = await registry.post(f"/v1/volunteers/{volunteer}/suspend", {"reason": "under-review"})
    assert suspended.status == 200, suspended.body

    async def released() -> bool:
        found = await whole(desk, id)
        return bool(found["status"] == "triaged" and found["assignments"][0]["status"] == "released")

    await until(released, 15)
    await refused(
        desk,
        f"/v1/requests/{id}/assignments",
        {"volunteer": volunteer, "slot": when},
        "volunteer-suspended",
    )


async def test_the_requests_of_a_service_that_is_withdrawn_are_flagged(shaba: Community) -> None:
    registry, desk = shaba.admin["registry"], shaba.staff["dispatch"]
    service = {
        "name": {"zh": "试办", "en": "trial"},
        "category": "volunteering",
        "lead_unit": SCHOOL,
        "supporting_units": [],
        "response_minutes": 60,
        "working_hours": "always",
        "skills": [],
        "enters_home": False,
    }
    made = await registry.post("/v1/services", service)
    assert made.status == 201, made.body
    await shaba.dispatch_has(made)
    id = await shaba.request(service=str(made.body["id"]))
    gone = await registry.post(f"/v1/services/{made.body['id']}/withdraw", {"reason": "no-longer-needed"})
    assert gone.status == 200, gone.body

    async def flagged() -> bool:
        return bool((await whole(desk, id))["flags"] == ["service-withdrawn"])

    await until(flagged, 15)


async def test_a_duplicate_is_shown_at_once_and_ends_with_its_target(shaba: Community) -> None:
    desk, resident = shaba.staff["dispatch"], await shaba.resident()
    first = await shaba.request(resident=resident)

    async def similar() -> bool:
        body = {"service": HEALTH_HELP, "grid": "shaba-03", "channel": "telephone", "resident": resident}
        reply = await desk.post("/v1/requests", body)
        return first in reply.body.get("similar", [])

    await until(similar, 5)
    second, third = await triaged(shaba, resident=resident), await triaged(shaba, resident=resident)
    volunteer = await shaba.volunteer()
    await done(desk, f"/v1/requests/{second}/assignments", {"volunteer": volunteer, "slot": slot(5)}, 201)
    merged = await done(desk, f"/v1/requests/{second}/merge", {"into": first})
    assert (merged.body["status"], merged.body["target"]) == ("duplicate", first)
    assert (await whole(desk, second))["assignments"][0]["status"] == "released"
    said = await refused(desk, f"/v1/requests/{third}/merge", {"into": second}, "target-is-duplicate")
    assert said.body["target"] == first
    await refused(desk, f"/v1/requests/{third}/merge", {"into": third}, "merged-into-itself", 422)
    await done(desk, f"/v1/requests/{third}/merge", {"into": first})
    assert (await whole(desk, first))["duplicates"] == [second, third]
    await done(desk, f"/v1/requests/{first}/triage", {"priority": "routine"})
    await done(desk, f"/v1/requests/{first}/resolve", {"outcome": "done"})
    await refused(desk, f"/v1/requests/{first}/close", None, "window-open")
    await done(desk, f"/v1/requests/{first}/rating", {"solved": True, "satisfaction": 4})
    await done(desk, f"/v1/requests/{first}/close")
    assert [(await whole(desk, id))["status"] for id in (second, third)] == ["closed", "closed"]
    await refused(desk, f"/v1/requests/{second}/reopen", {"reason": "other"}, "request-is-duplicate")


async def test_a_hold_moves_the_clock_by_as_much_as_it_lasts(shaba: Community) -> None:
    desk, id = shaba.staff["dispatch"], await triaged(shaba)
    due = parse_time((await whole(desk, id))["due"])
    held = await done(desk, f"/v1/requests/{id}/hold", {"reason": "weather"})
    assert parse_time(held.body["until"]) > datetime.now(UTC) + timedelta(days=13)
    await refused(desk, f"/v1/requests/{id}/hold", {"reason": "other"}, "already-on-hold")
    await refused(
        desk,
        f"/v1/requests/{id}/assignments",
        {"volunteer": await shaba.volunteer(), "slot": slot(2)},
        "request-not-open",
    )
    resumed = await done(desk, f"/v1/requests/{id}/resume")
    assert resumed.body["status"] == "triaged"
    assert parse_time(resumed.body["due"]) > due


async def test_a_referral_is_a_closed_loop(shaba: Community) -> None:
    """Asked, declined, asked again, taken over: the unit then works with its own volunteers, and no other."""
    desk, unit, id = shaba.staff["dispatch"], shaba.health["dispatch"], await triaged(shaba)
    volunteer, theirs = await shaba.volunteer(), await shaba.volunteer(SCHOOL)
    asked = {"unit": HEALTH, "reason": "other-competence"}
    capacity = f"/v1/capacities/{HEALTH}/{HEALTH_HELP}"
    assert (await unit.call("PUT", capacity, {"capacity": "full"})).status == 200
    assert (await shaba.school["dispatch"].call("PUT", capacity, {"capacity": "open"})).status == 404
    await refused(desk, f"/v1/requests/{id}/referrals", asked, "unit-full")
    assert (await unit.call("PUT", capacity, {"capacity": "waitlist"})).status == 200
    await refused(desk, f"/v1/requests/{id}/referrals", asked, "unit-has-waiting-list")
    assert (await unit.call("PUT", capacity, {"capacity": "open"})).status == 200
    placed = {"volunteer": volunteer, "slot": slot(4)}
    await refused(unit, f"/v1/requests/{id}/assignments", placed, "not-in-charge", 403)
    made = await done(desk, f"/v1/requests/{id}/referrals", asked, 201)
    assert (await whole(desk, id))["status"] == "referred"
    accept = f"/v1/referrals/{made.body['id']}/accept"
    await refused(shaba.school["dispatch"], accept, None, "not-found", 404)
    await done(unit, accept)
    found = await whole(desk, id)
    assert (found["status"], found["responsible"]) == ("triaged", HEALTH)
    await refused(
        unit, f"/v1/requests/{id}/assignments", {"volunteer": theirs, "slot": slot(4)}, "not-found", 404
    )
    await done(unit, f"/v1/requests/{id}/assignments", placed, 201)
    other = {**asked, "unit": SCHOOL}
    await refused(desk, f"/v1/requests/{id}/referrals", other, "no-agreement-for-service", 422)


async def test_a_whistle_is_answered_by_the_unit_that_is_called(shaba: Community) -> None:
    desk, id = shaba.staff["dispatch"], await triaged(shaba)
    calls = {"units": [SCHOOL], "reason": "several-units", "response_minutes": 5}
    made = await done(desk, f"/v1/requests/{id}/whistles", calls, 201)
    [call] = made.body["whistles"]
    assert (call["unit"], call["response_minutes"], call["reported"]) == (SCHOOL, 5, None)
    report = f"/v1/whistles/{call['id']}/report"
    await refused(shaba.health["dispatch"], report, {"outcome": "arrived"}, "not-found", 404)
    said = await done(shaba.school["dispatch"], report, {"outcome": "cannot-come"})
    assert said.body["reported"] == "cannot-come"
    assert (await whole(desk, id))["whistles"][0]["escalated_to"] == "community-office"


async def test_the_second_time_nobody_opens_raises_the_alarm_at_whichever_request(shaba: Community) -> None:
    desk, resident, volunteer = shaba.staff["dispatch"], await shaba.resident(), await shaba.volunteer()
    visits = []
    for start in (-0.5, 0.1):
        id = await triaged(shaba, resident=resident)
        when = {"volunteer": volunteer, "slot": slot(start, 0.55)}
        await done(desk, f"/v1/requests/{id}/assignments", when, 201)
        await done(desk, f"/v1/requests/{id}/visits", when, 201)
        visits.append(id)
    first, second = visits
    last = await done(desk, f"/v1/visits/{first}.visit-1/no-answer", {})
    assert not (await whole(desk, first))["welfare_check"]
    # The list must have heard of the first.
    heard = {"Linli-After": last.headers["linli-position"]}
    await desk.call("GET", "/v1/requests?limit=1", headers=heard)
    await done(desk, f"/v1/visits/{second}.visit-1/no-answer", {})
    assert (await whole(desk, second))["welfare_check"]


async def test_what_is_not_over_is_reopened_for_the_same_volunteer(shaba: Community) -> None:
    desk, volunteer, when = shaba.staff["dispatch"], await shaba.volunteer(), slot(-0.5, 1)
    id = await shaba.assigned(volunteer, when)
    await done(desk, f"/v1/requests/{id}/visits", {"volunteer": volunteer, "slot": when}, 201)
    await refused(desk, f"/v1/requests/{id}/resolve", {"outcome": "done"}, "visit-open")
    visit, now = f"/v1/visits/{id}.visit-1", datetime.now(UTC)
    await done(desk, f"{visit}/check-in", {"method": "nfc"})
    await refused(desk, f"/v1/requests/{id}/withdraw", {"reason": "other"}, "visit-under-way")
    times = {"started_at": format_time(now - timedelta(minutes=5)), "ended_at": format_time(now)}
    await done(desk, f"{visit}/complete", {"outcome": "done", "contact_made": True, **times})
    resolved = await done(desk, f"/v1/requests/{id}/resolve", {"outcome": "done"})
    assert parse_time(resolved.body["reopen_until"]) > now + timedelta(days=4)
    await done(desk, f"/v1/requests/{id}/rating", {"solved": False, "satisfaction": 2})
    reopened = await done(desk, f"/v1/requests/{id}/reopen", {"reason": "not-solved"})
    found = await whole(desk, id)
    assert (reopened.body["status"], found["first_choice"], found["round"]) == ("triaged", volunteer, 2)
    candidates = await desk.get(f"/v1/requests/{id}/candidates")
    assert candidates.status == 200, candidates.body


async def test_the_staff_who_leave_hand_their_requests_over(shaba: Community) -> None:
    registry, desk = shaba.admin["registry"], shaba.staff["dispatch"]
    id = await triaged(shaba)
    giver = (await whole(desk, id))["coordinator"]
    made = await registry.post("/v1/clients", {"name": "night desk", "role": "dispatcher"})
    await shaba.dispatch_has(made)
    taker = str(made.body["client_id"])
    report = await desk.post("/v1/hand-overs", {"giver": giver, "taker": taker})
    assert (report.status, report.body["refused"]) == (201, 0), report.body
    assert {"request": id, "result": "moved"} in report.body["items"]
    assert (await whole(desk, id))["coordinator"] == taker
    await refused(desk, "/v1/hand-overs", {"giver": giver, "taker": "client-nobody"}, "unknown-staff", 422)
    await refused(desk, "/v1/hand-overs", {"giver": giver, "taker": giver}, "same-person", 422)


async def test_the_log_tells_it_as_it_was(shaba: Community) -> None:
    desk, id, volunteer = shaba.staff["dispatch"], await triaged(shaba), await shaba.volunteer()
    offer = {"volunteer": volunteer, "slot": slot(5)}
    await done(desk, f"/v1/requests/{id}/offers", offer, 201)
    await done(desk, f"/v1/assignments/{id}.assignment-1/accept")
    last = await done(desk, f"/v1/requests/{id}/withdraw", {"reason": "solved-otherwise"})
    wanted = [
        *("request-created", "request-triaged", "assignment-offered", "volunteer-assigned"),
        *("volunteer-released", "request-withdrawn"),
    ]

    async def heard() -> bool:
        return await types_of(shaba, id) == wanted

    await until(heard, 10)
    assert last.body["status"] == "withdrawn"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("rating", {"solved": True, "satisfaction": 6}),
        ("hold", {"reason": "他说的"}),
        ("hold", {"reason": "weather", "until": "tomorrow"}),
        ("offers", {"volunteer": "volunteer-x", "slot": {"start": "2026-11-24T04:00:00Z"}}),
        ("whistles", {"units": [], "reason": "other"}),
        ("merge", {"into": "a\u0000b"}),
        ("resolve", {"outcome": "done", "text": ""}),
        ("referrals", {"unit": HEALTH, "reason": "other", "waitlist": "yes"}),
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_field(
    shaba: Community, path: str, body: dict[str, object]
) -> None:
    reply = await shaba.staff["dispatch"].post(f"/v1/requests/request-x/{path}", body)
    assert (reply.status, reply.body["code"]) == (422, "invalid-request"), reply.body
    assert reply.body["errors"]


def service_of(**more: object) -> dict[str, object]:
    """A service of the school's, with what a test needs of it."""
    return {
        "name": {"zh": "课业辅导", "en": "help with homework"},
        "category": "volunteering",
        "lead_unit": SCHOOL,
        "supporting_units": [],
        "response_minutes": 600,
        "working_hours": "always",
        "skills": [],
        "enters_home": False,
        **more,
    }


async def test_the_rule_asks_the_best_and_then_the_next(shaba: Community) -> None:
    """Only these two have the skill; whoever declines is not asked again."""
    registry, desk = shaba.admin["registry"], shaba.staff["dispatch"]
    skill = f"skill-{uuid4().hex[:8]}"
    made = await registry.post("/v1/services", service_of(skills=[skill], matching="auto"))
    assert made.status == 201, made.body
    both = []
    for _ in range(2):
        person = await registry.post("/v1/volunteers", volunteer_body(skills=[skill]))
        assert person.status == 201, person.body
        await shaba.dispatch_has(person)
        both.append(str(person.body["id"]))
    id = await triaged(shaba, service=str(made.body["id"]))
    [first] = (await whole(desk, id))["assignments"]
    assert (first["status"], first["volunteer"] in both) == ("offered", True)
    await done(desk, f"/v1/assignments/{first['id']}/decline", {"reason": "not-free"})
    _, second = (await whole(desk, id))["assignments"]
    assert (second["status"], {first["volunteer"], second["volunteer"]}) == ("offered", set(both))
    await done(desk, f"/v1/assignments/{second['id']}/decline", {"reason": "too-far"})
    found = await whole(desk, id)
    assert len(found["assignments"]) == 2
    assert found["untaken"] == [found["assignments"][0]["unit"]]


async def test_a_unit_whose_agreement_ends_while_it_goes_is_flagged(shaba: Community) -> None:
    registry, desk = shaba.admin["registry"], shaba.staff["dispatch"]
    unit = await registry.post("/v1/units", {"name": f"试点单位{uuid4().hex[:6]}", "kind": "company"})
    assert unit.status == 201, unit.body
    now = datetime.now(UTC)
    term = {
        "starts_at": format_time(now - timedelta(hours=1)),
        "ends_at": format_time(now + timedelta(days=9)),
    }
    draft = {"unit": unit.body["id"], "services": [HEALTH_HELP], "details_of": [], **term}
    agreement = await registry.post("/v1/agreements", draft)
    signed = await registry.post(
        f"/v1/agreements/{agreement.body['id']}/sign", {"signatories": [{"name": "赵敏", "side": "unit"}]}
    )
    assert signed.status == 200, signed.body
    volunteer = await shaba.volunteer(str(unit.body["id"]))
    id = await shaba.assigned(volunteer, slot(7))
    ended = await registry.post(f"/v1/agreements/{agreement.body['id']}/end", {"reason": "no-longer-needed"})
    assert ended.status == 200, ended.body

    async def flagged() -> bool:
        return bool((await whole(desk, id))["flags"] == ["agreement-ended"])

    await until(flagged, 15)


async def test_the_unit_that_refers_sees_each_step_and_no_other_units_name(shaba: Community) -> None:
    """The lead unit refers; the school takes it over, and is gone once it is referred on."""
    registry, unit = shaba.admin["registry"], shaba.health["dispatch"]
    made = await registry.post("/v1/services", service_of(lead_unit=HEALTH, supporting_units=[]))
    assert made.status == 201, made.body
    service, now = str(made.body["id"]), datetime.now(UTC)
    await shaba.dispatch_has(made)
    term = {
        "starts_at": format_time(now - timedelta(hours=1)),
        "ends_at": format_time(now + timedelta(days=9)),
    }
    draft = {"unit": SCHOOL, "services": [service], "details_of": [], **term}
    agreement = await registry.post("/v1/agreements", draft)
    signed = await registry.post(
        f"/v1/agreements/{agreement.body['id']}/sign", {"signatories": [{"name": "赵敏", "side": "unit"}]}
    )
    assert signed.status == 200, signed.body
    await shaba.dispatch_has(signed)
    id = await triaged(shaba, service=service)
    asked = await done(
        unit, f"/v1/requests/{id}/referrals", {"unit": SCHOOL, "reason": "other-competence"}, 201
    )
    assert (asked.body["from_unit"], asked.body["unit"]) == (HEALTH, None)
    await done(shaba.school["dispatch"], f"/v1/referrals/{asked.body['id']}/accept")
    feed = await unit.get("/v1/events", after="0", limit="500")
    while feed.body["next"] is not None and not any(e["subject"] == id for e in feed.body["items"]):
        feed = await unit.get("/v1/events", after=feed.body["next"], limit="500")
    told = [event for event in feed.body["items"] if event["subject"] == id]
    assert [event["type"] for event in told][-2:] == ["request-referred", "referral-accepted"]
    assert SCHOOL not in str(told)


async def test_a_hand_over_that_is_sent_again_is_done_once(shaba: Community) -> None:
    desk, giver, taker = shaba.staff["dispatch"], await shaba.volunteer(), await shaba.volunteer()
    id = await shaba.assigned(giver, slot(9))
    body, key = {"giver": giver, "taker": taker}, uuid4().hex
    first, again = [await desk.post("/v1/hand-overs", body, Idempotency_Key=key) for _ in range(2)]
    assert (first.status, first.body["moved"]) == (201, 1), first.body
    assert (again.status, again.body) == (201, first.body)
    assert len((await whole(desk, id))["assignments"]) == 2


async def test_what_was_said_before_there_was_a_name_goes_with_the_resident(shaba: Community) -> None:
    registry, desk, resident = shaba.admin["registry"], shaba.staff["dispatch"], await shaba.resident()
    id = await shaba.request(text="一位老人打来电话, 没有说姓名")
    named = await desk.patch(f"/v1/requests/{id}", {"resident": resident, "text": "是王秀英"})
    assert named.status == 200, named.body
    said = await desk.get(f"/v1/requests/{id}/details", purpose="service")
    assert len(said.body["items"]) == 2
    erased = await registry.post(f"/v1/residents/{resident}/erasure")
    assert erased.status == 200, erased.body

    async def gone() -> bool:
        reply = await desk.get(f"/v1/requests/{id}/details", purpose="service")
        return (reply.status, reply.body.get("code")) == (410, "erased")

    await until(gone, 15)
    late = await desk.patch(f"/v1/requests/{id}", {"text": "还有一句"})
    assert (late.status, late.body["code"]) == (410, "erased")


async def test_no_unit_refers_to_itself_or_says_how_content_people_are(shaba: Community) -> None:
    desk, unit, id = shaba.staff["dispatch"], shaba.health["dispatch"], await triaged(shaba)
    itself = {"unit": HEALTH, "reason": "other"}
    await refused(unit, f"/v1/requests/{id}/referrals", itself, "referred-to-itself", 422)
    await done(desk, f"/v1/requests/{id}/resolve", {"outcome": "not-done"})
    rating = {"solved": True, "satisfaction": 5}
    await refused(unit, f"/v1/requests/{id}/rating", rating, "insufficient-scope", 403)


async def test_nobody_was_there_tomorrow(shaba: Community) -> None:
    desk, volunteer, when = shaba.staff["dispatch"], await shaba.volunteer(), slot(24)
    id = await shaba.assigned(volunteer, when)
    await done(desk, f"/v1/requests/{id}/visits", {"volunteer": volunteer, "slot": when}, 201)
    visit = f"/v1/visits/{id}.visit-1"
    early = {"method": "gps", "occurred_at": when["start"]}
    await refused(desk, f"{visit}/check-in", early, "in-the-future")
    assert (await whole(desk, id))["met_at"] is None


async def test_who_went_is_free_once_it_is_resolved(shaba: Community) -> None:
    desk, volunteer, when = shaba.staff["dispatch"], await shaba.volunteer(), slot(-0.5, 3)
    id, other = await shaba.assigned(volunteer, when), await triaged(shaba)
    await done(desk, f"/v1/requests/{id}/visits", {"volunteer": volunteer, "slot": when}, 201)
    visit, now = f"/v1/visits/{id}.visit-1", datetime.now(UTC)
    await done(desk, f"{visit}/check-in", {"method": "nfc"})
    times = {"started_at": format_time(now - timedelta(minutes=5)), "ended_at": format_time(now)}
    await done(desk, f"{visit}/complete", {"outcome": "done", "contact_made": True, **times})
    placed = {"volunteer": volunteer, "slot": slot(1)}
    await refused(desk, f"/v1/requests/{other}/assignments", placed, "volunteer-not-free")
    await done(desk, f"/v1/requests/{id}/resolve", {"outcome": "done"})
    await done(desk, f"/v1/requests/{other}/assignments", placed, 201)


async def test_a_visit_is_moved_out_of_its_own_slot(shaba: Community) -> None:
    desk, volunteer = shaba.staff["dispatch"], await shaba.volunteer()
    id = await shaba.assigned(volunteer, slot(5))
    await done(desk, f"/v1/requests/{id}/visits", {"volunteer": volunteer, "slot": slot(5.1, 0.5)}, 201)
    later = {"slot": slot(5.5), "reason": "requester-asked"}
    await done(desk, f"/v1/visits/{id}.visit-1/reschedule", later)
    other = await triaged(shaba)
    placed = {"volunteer": volunteer, "slot": slot(6.2, 0.5)}
    await refused(desk, f"/v1/requests/{other}/assignments", placed, "volunteer-not-free")


async def test_who_is_merged_in_is_forgotten_with_the_resident_and_its_units_come_along(
    shaba: Community,
) -> None:
    registry, desk, resident = shaba.admin["registry"], shaba.staff["dispatch"], await shaba.resident()
    known = await shaba.request(resident=resident)
    unknown = await shaba.request(text="王秀英家的老人, 电话 13800000001")
    await done(desk, f"/v1/requests/{unknown}/whistles", {"units": [SCHOOL], "reason": "several-units"}, 201)
    await done(desk, f"/v1/requests/{unknown}/merge", {"into": known})
    assert (await shaba.school["dispatch"].get(f"/v1/requests/{known}")).status == 200
    assert (await registry.post(f"/v1/residents/{resident}/erasure")).status == 200

    async def gone() -> bool:
        reply = await desk.get(f"/v1/requests/{unknown}/details", purpose="service")
        return (reply.status, reply.body.get("code")) == (410, "erased")

    await until(gone, 15)


async def test_words_about_who_has_withdrawn_consent_are_not_kept_by_naming_late(shaba: Community) -> None:
    registry, desk, resident = shaba.admin["registry"], shaba.staff["dispatch"], await shaba.resident()
    given = await registry.post(f"/v1/residents/{resident}/consents", {"purpose": "service"})
    assert given.status in (200, 201), given.body
    gone = await registry.post(f"/v1/residents/{resident}/consents/service/withdraw")
    assert gone.status == 200, gone.body
    await shaba.dispatch_has(gone)
    said, silent = await shaba.request(text="有人敲门"), await shaba.request()
    for id, body in ((said, {"resident": resident}), (silent, {"resident": resident, "text": "是她"})):
        reply = await desk.patch(f"/v1/requests/{id}", body)
        assert (reply.status, reply.body["code"]) == (422, "consent-withdrawn"), reply.body
    assert (await desk.patch(f"/v1/requests/{silent}", {"resident": resident})).status == 200


async def test_a_hand_over_names_who_gives_and_who_takes(shaba: Community) -> None:
    desk, volunteer = shaba.staff["dispatch"], await shaba.volunteer()
    typo = {"giver": "volunteer-typo", "taker": volunteer}
    await refused(desk, "/v1/hand-overs", typo, "not-found", 404)
    typo = {"giver": "client-typo", "taker": shaba.stack.admin.client_id}
    await refused(desk, "/v1/hand-overs", typo, "unknown-staff", 422)
    reply = await desk.post("/v1/hand-overs", {"giver": volunteer, "taker": volunteer}, If_Match='"1"')
    assert reply.status == 422
