"""Residents as a paper file has them: languages by code; relatives, notes and circumstances under seal."""

from __future__ import annotations

from uuid import uuid4

import pytest

from deploy.stack import Stack
from tests.support.client import Client, Reply
from tests.support.community import MEALS, Community
from tests.support.people import (
    after,
    events_since,
    listed,
    put,
    resident_body,
    stranger,
    unheard_name,
    unheard_phone,
)
from tests.support.waiting import until

SON = {"name": "王强强强", "phone": "13911112222", "relation": "儿子"}
NEIGHBOUR = {"name": "Zoë Ärmström", "phone": "+86 139 3333 4444"}
NOTES = "耳背, 敲门要重 🔔\n上午去公园"
FILE = {
    "flags": ["lives-alone", "disabled", "low-income", "empty-nest", "over-sixty"],
    "languages": ["yi", "zh"],
    "guardian": SON,
    "emergency_contact": NEIGHBOUR,
    "notes": NOTES,
}
SEALED = ("guardian", "emergency_contact", "notes", "flags")
ALL = "registry:read registry:write registry:admin residents:read details:read"


async def details(client: Client, path: str) -> dict[str, object]:
    reply = await client.get(f"{path}/details", purpose="service")
    assert reply.status == 200, reply.body
    [item] = reply.body["items"]
    found: dict[str, object] = item
    return found


async def test_a_whole_file_is_kept_and_only_codes_are_told(shaba: Community) -> None:
    registry = shaba.staff["registry"]
    made = await put(registry, "residents", resident_body(**FILE))
    path = made.headers["location"]
    kept = await details(registry, path)
    assert {name: kept[name] for name in SEALED} == {
        **{name: FILE[name] for name in SEALED},
        "flags": sorted(FILE["flags"]),
    }
    seen = await after(registry, made, path)
    assert (seen.body["languages"], seen.body["tier"]) == (["yi", "zh"], "high")
    assert not seen.body.keys() & {*SEALED, "name", "phone", "address"}
    told = str(await events_since(shaba.admin["registry"], made)) + str(
        await listed(registry, made, "/v1/residents", grid="shaba-03")
    )
    for word in ("王强强强", "13911112222", "儿子", "Ärmström", "耳背", "disabled"):
        assert word not in told


async def test_a_file_is_changed_in_part_and_what_is_optional_is_taken_away(shaba: Community) -> None:
    registry = shaba.staff["registry"]
    made = await put(registry, "residents", resident_body(**FILE))
    path = made.headers["location"]
    same = await registry.patch(path, {"guardian": SON, "notes": NOTES, "languages": ["zh", "yi"]})
    assert (same.status, same.headers["etag"]) == (200, '"1"')
    daughter = {**SON, "relation": "女儿"}
    changed = await registry.patch(path, {"guardian": daughter, "notes": None, "languages": None})
    assert (changed.status, changed.headers["etag"]) == (200, '"2"')
    kept = await details(registry, path)
    assert (kept["guardian"], kept["emergency_contact"], kept["notes"]) == (daughter, NEIGHBOUR, None)
    assert "languages" not in (await after(registry, changed, path)).body
    again = await registry.patch(path, {"guardian": daughter, "notes": None, "languages": None})
    assert again.headers["etag"] == '"2"'
    bare = await put(registry, "residents", resident_body())
    nothing = await registry.patch(bare.headers["location"], {"guardian": None, "notes": None})
    assert nothing.headers["etag"] == '"1"'


@pytest.mark.parametrize(
    "wrong",
    [
        {"guardian": "王强"},
        {"guardian": {"name": "王强"}},
        {"guardian": {**SON, "phone": "none"}},
        {"emergency_contact": {**SON, "email": "a@example.org"}},
        {"emergency_contact": [SON]},
        {"notes": ""},
        {"notes": "x" * 4001},
        {"notes": 7},
        {"languages": ["Yi"]},
        {"flags": ["rich"]},
        {"confirmed": "yes"},
    ],
)
async def test_what_cannot_be_meant_is_refused_and_not_echoed(
    shaba: Community, wrong: dict[str, object]
) -> None:
    registry = shaba.staff["registry"]
    made = await put(registry, "residents", resident_body())
    for reply in (
        await registry.post("/v1/residents", resident_body(**wrong)),
        await registry.patch(made.headers["location"], wrong),
    ):
        assert (reply.status, reply.body["code"]) == (422, "invalid-request")
        assert "王强".encode() not in reply.raw


async def test_what_is_sealed_is_changed_only_by_who_may_read_it(
    shaba: Community, running_stack: Stack
) -> None:
    made = await put(shaba.staff["registry"], "residents", resident_body(**FILE))
    path = made.headers["location"]
    blind = stranger(shaba, running_stack, "registry:read registry:write residents:read", "shaba")
    changes: tuple[dict[str, object], ...] = (
        {"guardian": SON},
        {"emergency_contact": None},
        {"notes": NOTES},
        {"flags": []},
    )
    for sealed in changes:
        reply = await blind.patch(path, {"tier": "key", **sealed})
        assert (reply.status, reply.body["code"]) == (403, "insufficient-scope")
    assert (await blind.get(f"{path}/details", purpose="service")).status == 403
    assert (await blind.patch(path, {"tier": "key", "languages": ["en"]})).headers["etag"] == '"2"'


async def test_nobody_of_another_community_and_no_unit_reaches_a_resident(
    shaba: Community, running_stack: Stack
) -> None:
    made = await put(shaba.staff["registry"], "residents", resident_body())
    other = await put(shaba.staff["registry"], "residents", resident_body())
    path = made.headers["location"]
    elsewhere = stranger(shaba, running_stack, ALL, "kunming")
    calls = (
        ("PATCH", path, {"tier": "key"}),
        ("POST", f"{path}/merge", {"into": other.body["id"]}),
        ("POST", f"{path}/erasure", None),
        ("GET", f"{path}/details?purpose=service", None),
        ("GET", path, None),
    )
    for method, at, body in calls:
        reply = await elsewhere.call(method, at, body)
        assert (reply.status, reply.body["code"]) == (404, "not-found"), (method, at)
        reply = await shaba.health["registry"].call(method, at, body)
        assert reply.status in (403, 404), (method, at)


async def three(registry: Client) -> tuple[list[str], Reply]:
    """Three entries of one resident, the first merged into the second, and that into the third."""
    phone, name = unheard_phone(), unheard_name()
    body = resident_body(name=name, phone=phone, confirmed=True, guardian=SON)
    ids = [str((await put(registry, "residents", body)).body["id"]) for _ in range(3)]
    merged = await registry.post(f"/v1/residents/{ids[0]}/merge", {"into": ids[1]})
    assert (merged.status, merged.body) == (200, {"id": ids[0], "merged_into": ids[1]})
    merged = await registry.post(f"/v1/residents/{ids[1]}/merge", {"into": ids[2]})
    assert merged.status == 200, merged.body
    found = await listed(registry, merged, "/v1/residents", phone=phone)
    assert list(found) == [ids[2]]
    return ids, merged


async def test_a_resident_on_record_twice_is_one_and_both_histories_stay(shaba: Community) -> None:
    registry = shaba.staff["registry"]
    ids, merged = await three(registry)
    seen = await after(registry, merged, f"/v1/residents/{ids[0]}")
    assert (seen.status, seen.body["merged_into"]) == (200, ids[1])
    again = await registry.post(f"/v1/residents/{ids[1]}/merge", {"into": ids[2]})
    assert (again.status, "linli-position" in again.headers) == (200, False)
    for id, into, status, code in (
        (ids[2], ids[0], 409, "cannot-merge"),
        (ids[2], ids[2], 409, "cannot-merge"),
        (ids[2], "resident-none", 422, "unknown-record"),
        (ids[2], await shaba.volunteer(), 422, "unknown-record"),
        (ids[0], ids[2], 409, "record-ended"),
        ("resident-none", ids[2], 404, "not-found"),
    ):
        reply = await registry.post(f"/v1/residents/{id}/merge", {"into": into})
        assert (reply.status, reply.body["code"]) == (status, code)
    amended = await registry.patch(f"/v1/residents/{ids[0]}", {"tier": "key"})
    assert (amended.status, amended.body["code"]) == (409, "record-ended")
    request = {"service": MEALS, "grid": "shaba-03", "channel": "telephone", "resident": ids[0]}
    position = merged.headers["linli-position"]
    asked = await shaba.staff["dispatch"].post("/v1/requests", request, Linli_After=position)
    assert (asked.status, asked.body["code"]) == (422, "unknown-resident")


async def test_erasing_a_resident_erases_all_that_were_merged_into_it(shaba: Community) -> None:
    registry, admin = shaba.staff["registry"], shaba.admin["registry"]
    ids, _ = await three(registry)
    key = str(uuid4())
    erased = await admin.post(f"/v1/residents/{ids[2]}/erasure", Idempotency_Key=key)
    assert (erased.status, erased.body) == (200, {"id": ids[2], "erased": True})
    for id in ids:
        gone = await registry.get(f"/v1/residents/{id}/details", purpose="service")
        assert (gone.status, gone.body["code"]) == (410, "erased")
        assert (await after(registry, erased, f"/v1/residents/{id}")).status == 404
    events = await events_since(admin, erased)
    assert {each["subject"] for each in events if each["type"] == "resident-erased"} == {*ids}
    counts = {
        each["data"]["subject"]: each["data"]["count"]  # type: ignore[index]
        for each in events
        if each["type"] == "details-erased"
    }
    assert counts == dict.fromkeys(ids, 1)

    async def dispatch_followed() -> bool:
        entries = [await shaba.auditor["audit"].get("/v1/entries", stream=f"erasure-{id}") for id in ids]
        return all(b"/linli/dispatch" in each.raw for each in entries)

    await until(dispatch_followed)
    again = await admin.post(f"/v1/residents/{ids[2]}/erasure", Idempotency_Key=key)
    once_more = await admin.post(f"/v1/residents/{ids[2]}/erasure")
    assert (again.raw, once_more.body) == (erased.raw, erased.body)
    assert "linli-position" not in once_more.headers


async def test_an_entry_that_was_erased_by_itself_is_no_obstacle_later(shaba: Community) -> None:
    admin = shaba.admin["registry"]
    ids, _ = await three(shaba.staff["registry"])
    alone = await admin.post(f"/v1/residents/{ids[1]}/erasure")
    assert alone.status == 200
    assert (await admin.get(f"/v1/residents/{ids[0]}/details", purpose="report")).status == 410
    assert (await admin.get(f"/v1/residents/{ids[2]}/details", purpose="report")).status == 200
    rest = await admin.post(f"/v1/residents/{ids[2]}/erasure")
    assert rest.status == 200
    events = await events_since(admin, rest)
    assert [each["subject"] for each in events if each["type"] == "resident-erased"] == [ids[2]]
