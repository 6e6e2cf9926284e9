"""Volunteers as a paper file has them: languages, times, trainings, from the invitation to the leaving."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from deploy.stack import Stack
from shared.kernel.times import format_time
from tests.support.client import Client, Reply
from tests.support.community import HEALTH, SCHOOL, Community, slot
from tests.support.people import (
    after,
    events_since,
    listed,
    put,
    stranger,
    unheard_name,
    unheard_phone,
    volunteer_body,
)

SATURDAY = {"day": "saturday", "opens": "08:30", "closes": "12:00"}
SUNDAY = {"day": "sunday", "opens": "14:00", "closes": "24:00"}
AWAY = {"date": "2026-12-05", "available": False}
EXTRA = {"date": "2026-12-06", "available": True, "spans": [{"opens": "14:00", "closes": "17:30"}]}
WHOLE = {
    "languages": ["zh", "yi", "zh"],
    "load_cap": 4,
    "availability": [SUNDAY, SATURDAY],
    "exceptions": [EXTRA, AWAY],
}
SHOWN = {
    "languages": ["yi", "zh"],
    "load_cap": 4,
    "availability": [SATURDAY, SUNDAY],
    "exceptions": [{**AWAY, "spans": []}, EXTRA],
}


def from_now(**time: float) -> str:
    return format_time(datetime.now(UTC) + timedelta(**time))


async def shown(client: Client, last: Reply, path: str) -> dict[str, object]:
    reply = await after(client, last, path)
    assert reply.status == 200, reply.body
    said: dict[str, object] = reply.body
    return said


async def test_what_is_known_of_a_volunteer_is_shown_changed_and_taken_away(shaba: Community) -> None:
    registry = shaba.staff["registry"]
    made = await put(registry, "volunteers", volunteer_body(**WHOLE))
    path = made.headers["location"]
    assert (await shown(registry, made, path)).items() >= SHOWN.items()
    same = await registry.patch(path, WHOLE)
    assert (same.status, same.headers["etag"]) == (200, '"1"')
    less = await registry.patch(path, {"load_cap": None, "languages": ["en"], "exceptions": None})
    assert (less.status, less.headers["etag"]) == (200, '"2"')
    said = await shown(registry, less, path)
    assert (said["languages"], said["availability"]) == (["en"], [SATURDAY, SUNDAY])
    assert not said.keys() & {"load_cap", "exceptions"}
    [amended] = [each for each in await events_since(shaba.admin["registry"], less) if _is(each, path)]
    assert amended["data"] == {
        "community": "shaba",
        "units": [HEALTH],
        "languages": ["en"],
        "cleared": ["exceptions", "load_cap"],
    }


def _is(event: dict[str, object], path: str) -> bool:
    return event["subject"] == path.rpartition("/")[2]


@pytest.mark.parametrize(
    "wrong",
    [
        {"languages": ["ZH"]},
        {"languages": ["中文"]},
        {"languages": "zh"},
        {"load_cap": 0},
        {"load_cap": 41},
        {"load_cap": "4"},
        {"load_cap": True},
        {"availability": [{**SATURDAY, "closes": "08:30"}]},
        {"availability": [SATURDAY, {**SATURDAY, "opens": "11:00", "closes": "13:00"}]},
        {"availability": [{**SATURDAY, "day": "6"}]},
        {"exceptions": [AWAY, {**AWAY, "available": True}]},
        {"exceptions": [{**AWAY, "date": "2026-02-30"}]},
        {"exceptions": [{**AWAY, "date": "20261205"}]},
        {"exceptions": [{**EXTRA, "available": False}]},
        {"exceptions": [{**AWAY, "available": "no"}]},
        {"phone": "call me"},
        {"email": "nobody"},
        {"invited": "yes"},
        {"confirmed": 1},
        {"trainings": []},
    ],
)
async def test_what_cannot_be_meant_is_refused(shaba: Community, wrong: dict[str, object]) -> None:
    registry = shaba.staff["registry"]
    reply = await registry.post("/v1/volunteers", volunteer_body(**wrong))
    assert (reply.status, reply.body["code"]) == (422, "invalid-request")


async def test_telephone_and_mail_are_sealed_masked_and_found(shaba: Community) -> None:
    registry, phone = shaba.staff["registry"], unheard_phone()
    made = await put(registry, "volunteers", volunteer_body(phone=phone, email="mei.li@example.org"))
    id, path = str(made.body["id"]), made.headers["location"]
    item = (await listed(registry, made, "/v1/volunteers", phone=phone))[id]
    assert (item["name"], item["phone"]) == ("李**", f"199****{phone[-4:]}")
    assert id in await listed(shaba.health["registry"], made, "/v1/volunteers", phone=phone[-4:])
    assert id not in await listed(shaba.school["registry"], made, "/v1/volunteers", phone=phone)
    assert not (await shown(registry, made, path)).keys() & {"name", "phone", "email"}
    kept = (await registry.get(f"{path}/details", purpose="service")).body["items"]
    assert kept[0].keys() == {"name", "phone", "email"}
    gone = await registry.patch(path, {"phone": None})
    assert id not in await listed(registry, gone, "/v1/volunteers", phone=phone)
    kept = (await registry.get(f"{path}/details", purpose="service")).body["items"]
    assert (kept[0]["phone"], kept[0]["email"]) == (None, "mei.li@example.org")
    feed = str(await events_since(shaba.admin["registry"], made))
    assert not any(word in feed for word in (phone, "mei.li"))


async def test_names_of_any_script_are_entered_and_found(shaba: Community) -> None:
    registry = shaba.staff["registry"]
    for name, q in (
        ("Zoë Ärmström", "zoear"),
        ("阿卜杜·买买提", "买买"),
        ("𠮷田花", "𠮷田"),
        ("ꆈꌠ", "ꆈꌠ"),
    ):
        made = await put(registry, "volunteers", volunteer_body(name=name, confirmed=True))
        assert made.body["id"] in await listed(registry, made, "/v1/volunteers", q=q), name


async def test_a_training_counts_until_it_expires_is_renewed_and_revoked(shaba: Community) -> None:
    registry, course = shaba.staff["registry"], f"course-{uuid4().hex[:8]}"
    made = await put(registry, "volunteers", volunteer_body())
    id, path = str(made.body["id"]), made.headers["location"]
    old = {"course": course, "completed_on": "2023-05-20", "expires_at": "2025-05-20T16:00:00Z"}
    reply = await registry.post(f"{path}/trainings", old)
    assert (reply.status, reply.body, reply.headers["etag"]) == (200, {"id": id}, '"2"')
    said = await shown(registry, reply, path)
    assert said["trainings"] == [{**old, "expires_at": "2025-05-20T16:00:00.000Z", "valid": False}]
    assert id not in await listed(registry, reply, "/v1/volunteers", training=course)
    new = {"course": course, "completed_on": "2026-05-20", "expires_at": from_now(days=365)}
    for body in (new, new, {"course": "first-aid", "completed_on": "2020-01-01"}):
        reply = await registry.post(f"{path}/trainings", body)
    assert reply.headers["etag"] == '"4"'
    found = (await listed(registry, reply, "/v1/volunteers", training=course))[id]
    assert [(each["course"], each["valid"]) for each in found["trainings"]] == [  # type: ignore[attr-defined]
        (course, True),
        ("first-aid", True),
    ]
    revoked = await registry.post(f"{path}/trainings/{course}/revoke")
    again = await registry.post(f"{path}/trainings/{course}/revoke")
    assert (revoked.status, revoked.headers["etag"], again.headers["etag"]) == (200, '"5"', '"5"')
    assert id not in await listed(registry, revoked, "/v1/volunteers", training=course)
    events = await events_since(shaba.admin["registry"], made)
    told = [(each["type"], each["data"]["course"]) for each in events if _of(each, id)]  # type: ignore[index]
    assert told == [
        *(("training-recorded", course), ("training-recorded", course)),
        *(("training-recorded", "first-aid"), ("training-revoked", course)),
    ]


def _of(event: dict[str, object], id: str) -> bool:
    return event["subject"] == id and str(event["type"]).startswith("training-")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"course": "First Aid"}, "invalid-request"),
        ({"course": 7}, "invalid-request"),
        ({"completed_on": "yesterday"}, "invalid-request"),
        ({"completed_on": "2026-13-01"}, "invalid-request"),
        ({"completed_on": "2026-05-20T00:00:00Z"}, "invalid-request"),
        ({"expires_at": "2026-01-01"}, "invalid-request"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "invalid-request"),
        ({"completed_on": "2199-01-01"}, "training-ahead"),
    ],
)
async def test_a_training_that_cannot_be_meant_is_refused(
    shaba: Community, wrong: dict[str, object], code: str
) -> None:
    path = f"/v1/volunteers/{await shaba.volunteer()}/trainings"
    body = {"course": "home-safety", "completed_on": "2026-05-20", **wrong}
    reply = await shaba.staff["registry"].post(path, body)
    assert (reply.status, reply.body["code"]) == (422, code)


async def test_a_volunteer_is_invited_placed_only_once_active_and_leaves(shaba: Community) -> None:
    registry, desk = shaba.staff["registry"], shaba.staff["dispatch"]
    made = await put(registry, "volunteers", volunteer_body(invited=True))
    id, path = str(made.body["id"]), made.headers["location"]

    async def state(last: Reply) -> object:
        said = await shown(registry, last, path)
        for each in ("invited", "active", "suspended"):
            there = id in await listed(registry, last, "/v1/volunteers", state=each)
            assert there is (said["state"] == each)
        assert (id in await listed(registry, last, "/v1/volunteers")) is (said["state"] != "left")
        return said["state"]

    async def place(last: Reply) -> Reply:
        request = await shaba.request()
        assert (await desk.post(f"/v1/requests/{request}/triage", {"priority": "urgent"})).status == 200
        body = {"volunteer": id, "slot": slot(2)}
        headers = {"Linli_After": last.headers["linli-position"]}
        return await desk.post(f"/v1/requests/{request}/assignments", body, **headers)

    assert await state(made) == "invited"
    refused = await place(made)
    assert (refused.status, refused.body["code"]) == (409, "volunteer-not-active")
    key = str(uuid4())
    active = await registry.post(f"{path}/activate", Idempotency_Key=key)
    assert (active.status, active.headers["etag"]) == (200, '"2"')
    assert (await registry.post(f"{path}/activate", Idempotency_Key=key)).raw == active.raw
    assert (await registry.post(f"{path}/activate")).headers["etag"] == '"2"'
    assert await state(active) == "active"
    assert (await place(active)).status == 201
    suspended = await registry.post(f"{path}/suspend", {"reason": "away"})
    assert await state(suspended) == "suspended"
    assert (await place(suspended)).body["code"] == "volunteer-suspended"
    left = await registry.post(f"{path}/leave", {"reason": "left"})
    assert await state(left) == "left"
    for again in ("activate", "trainings"):
        body = {"course": "x", "completed_on": "2026-05-20"} if again == "trainings" else None
        reply = await registry.post(f"{path}/{again}", body)
        assert (reply.status, reply.body["code"]) == (409, "record-ended")


async def test_lists_filter_by_each_fact_and_by_several_at_once(shaba: Community) -> None:
    registry, code = shaba.staff["registry"], uuid4().hex[:8]
    one = await put(registry, "volunteers", volunteer_body(skills=[f"s-{code}"], languages=["yi", "zh"]))
    other = await put(
        registry, "volunteers", volunteer_body(unit=SCHOOL, skills=[f"s-{code}"], languages=["zh"])
    )
    ids = {str(one.body["id"]): "one", str(other.body["id"]): "other"}
    for query, expected in (
        ({}, {"one", "other"}),
        ({"unit": SCHOOL}, {"other"}),
        ({"language": "yi"}, {"one"}),
        ({"language": "zh", "state": "active"}, {"one", "other"}),
        ({"language": "zh", "team": "veterans"}, set()),
        ({"training": "home-safety"}, set()),
        ({"q": "李", "language": "yi"}, {"one"}),
        ({"q": "李", "training": "home-safety"}, set()),
    ):
        found = await listed(registry, other, "/v1/volunteers", skill=f"s-{code}", **query)
        assert {ids[id] for id in found} == expected, query
    for wrong in ({"state": "left"}, {"language": "ZH"}, {"training": "a b"}, {"phone": ""}):
        reply = await registry.get("/v1/volunteers", **wrong)
        assert (reply.status, reply.body["code"]) == (422, "invalid-request")


async def test_who_may_not_change_a_volunteer_does_not(shaba: Community, running_stack: Stack) -> None:
    made = await put(shaba.staff["registry"], "volunteers", volunteer_body())
    path = made.headers["location"]
    training = {"course": "x", "completed_on": "2026-05-20"}
    calls = (
        ("POST", f"{path}/activate", None),
        ("POST", f"{path}/trainings", training),
        ("POST", f"{path}/trainings/x/revoke", None),
        ("POST", f"{path}/merge", {"into": path.rpartition("/")[2]}),
        ("PATCH", path, {"load_cap": 2}),
    )
    writer = stranger(shaba, running_stack, "registry:read registry:write", "kunming")
    for method, at, body in calls:
        for client in (shaba.health["registry"], shaba.auditor["registry"]):
            reply = await client.call(method, at, body)
            assert (reply.status, reply.body["code"]) == (403, "insufficient-scope")
        reply = await writer.call(method, at, body)
        assert (reply.status, reply.body["code"]) == (404, "not-found"), at
    blind = stranger(shaba, running_stack, "registry:read registry:write", "shaba")
    for sealed in ({"phone": "13800000001"}, {"email": "a@example.org"}, {"name": "x"}, {"phone": None}):
        reply = await blind.patch(path, {"load_cap": 2, **sealed})
        assert (reply.status, reply.body["code"]) == (403, "insufficient-scope")
    assert (await blind.patch(path, {"load_cap": 2})).status == 200
    assert (await after(shaba.school["registry"], made, path)).status == 404
    assert (await after(shaba.health["registry"], made, path)).status == 200


async def test_the_same_key_registers_one_volunteer_and_another_body_is_refused(shaba: Community) -> None:
    registry, key, body = shaba.staff["registry"], str(uuid4()), volunteer_body(name=unheard_name())
    first = await registry.post("/v1/volunteers", body, Idempotency_Key=key)
    again = await registry.post("/v1/volunteers", body, Idempotency_Key=key)
    assert (first.status, again.status, again.raw) == (201, 201, first.raw)
    other = await registry.post("/v1/volunteers", {**body, "confirmed": True}, Idempotency_Key=key)
    assert (other.status, other.body["code"]) == (422, "idempotency-key-reused")


async def test_who_a_volunteer_is_is_erased_with_all_that_was_merged_into_it(
    running_stack: Stack, shaba: Community
) -> None:
    registry, name = shaba.admin["registry"], "司徒云帆之名"
    body = {"name": name, "unit": HEALTH, "team": "residents", "phone": "13900007777", "confirmed": True}
    ids = [str((await registry.post("/v1/volunteers", body)).body["id"]) for _ in range(2)]
    merged = await registry.post(f"/v1/volunteers/{ids[1]}/merge", {"into": ids[0]})
    assert merged.status == 200, merged.body
    assert (await registry.post(f"/v1/volunteers/{ids[0]}/leave", {"reason": "left"})).status == 200
    path = f"/v1/volunteers/{ids[0]}"
    assert (await shaba.staff["registry"].post(f"{path}/erasure")).status == 403
    assert (await registry.post("/v1/volunteers/volunteer-none/erasure")).status == 404
    erased, again = [await registry.post(f"{path}/erasure") for _ in range(2)]
    assert [(each.status, each.body["erased"]) for each in (erased, again)] == [(200, True)] * 2
    for id in ids:
        gone = await registry.get(f"/v1/volunteers/{id}/details", purpose="service")
        assert (gone.status, gone.body["code"]) == (410, "erased")
        assert (await after(registry, erased, f"/v1/volunteers/{id}")).status == 404
    assert (await after(registry, erased, "/v1/volunteers", q=name)).body["items"] == []
    pos = int(merged.headers["linli-position"].split("@")[1])
    feed = (await registry.get("/v1/events", after=str(pos), limit="100")).body["items"]
    assert {event["subject"] for event in feed if event["type"] == "volunteer-erased"} == set(ids)
    assert [event for event in feed if event["type"] == "details-erased"]
    assert name.encode() not in b"".join(
        each.read_bytes() for each in running_stack.folder.path.rglob("*") if each.is_file()
    )
    late = await registry.call("PATCH", path, {"name": name})
    assert (late.status, late.body["code"]) == (410, "erased")
