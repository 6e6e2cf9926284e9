"""Nobody is entered twice unseen, and whoever learns by it that somebody is on record is on record too."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from deploy.stack import Stack
from tests.support.client import Client, Reply, access_token
from tests.support.community import HEALTH, SCHOOL, Community
from tests.support.people import (
    events_since,
    put,
    resident_body,
    stranger,
    unheard_name,
    unheard_phone,
    volunteer_body,
)

KINDS = ("residents", "volunteers")
ALL = "registry:read registry:write registry:admin residents:read details:read"


def body_of(kind: str, **more: object) -> dict[str, object]:
    return resident_body(**more) if kind == "residents" else volunteer_body(**more)


def refused_for(reply: Reply, *ids: str) -> None:
    assert (reply.status, reply.body["code"]) == (409, "likely-duplicate"), reply.body
    assert sorted(each["id"] for each in reply.body["candidates"]) == sorted(ids)
    assert reply.headers["content-type"].startswith("application/problem+json")


async def readings(admin: Client, since: Reply) -> list[tuple[str, str]]:
    """(subject, purpose) of every reading since."""
    events = await events_since(admin, since)
    data = [each["data"] for each in events if each["type"] == "details-viewed"]
    assert all(str(each["subject"]).startswith("access-") for each in events if each["data"] in data)
    return [(each["subject"], each["purpose"]) for each in data]  # type: ignore[index]


@pytest.mark.parametrize("kind", KINDS)
async def test_who_is_likely_on_record_is_refused_with_masks_and_each_is_a_reading(
    shaba: Community, kind: str
) -> None:
    registry, body = shaba.staff["registry"], body_of(kind)
    first = await put(registry, kind, body)
    id, name = str(first.body["id"]), str(body["name"])
    reply = await registry.post(f"/v1/{kind}", body)
    refused_for(reply, id)
    assert reply.body["candidates"] == [{"id": id, "name": f"{name[0]}**"}]
    assert name.encode() not in reply.raw
    assert await readings(shaba.admin["registry"], first) == [(id, "duplicate-check")]
    second = await put(registry, kind, {**body, "confirmed": True})
    refused_for(await registry.post(f"/v1/{kind}", body), id, str(second.body["id"]))
    assert len(await readings(shaba.admin["registry"], second)) == 2


@pytest.mark.parametrize("kind", KINDS)
async def test_a_telephone_tells_two_of_one_name_in_different_places(shaba: Community, kind: str) -> None:
    registry, name, phone = shaba.staff["registry"], unheard_name(), unheard_phone()
    there = {"grid": "shaba-04"} if kind == "residents" else {"unit": SCHOOL}
    first = await put(registry, kind, body_of(kind, name=name, phone=phone))
    moved = {**body_of(kind, name=name, phone=f"+86 {phone}"), **there}
    refused_for(await registry.post(f"/v1/{kind}", moved), str(first.body["id"]))
    namesake = await put(registry, kind, {**body_of(kind, name=name), **there})
    assert namesake.body["id"] != first.body["id"]
    await put(registry, kind, {**body_of(kind, phone=phone), **there})  # a telephone can be a family's
    assert await readings(shaba.admin["registry"], namesake) == []


async def test_the_address_tells_and_names_are_compared_as_they_are_meant(shaba: Community) -> None:
    registry, word = shaba.staff["registry"], uuid4().hex[:6]
    body = resident_body(name=f"Zoë {word}", address=f"3栋2单元401 {word}")
    first = await put(registry, "residents", body)
    meant = {**body, "name": f"{word.upper()}, ZOE", "address": f"３栋２单元４０１{word}", "grid": "shaba-04"}
    refused_for(await registry.post("/v1/residents", meant), str(first.body["id"]))


@pytest.mark.parametrize("kind", KINDS)
async def test_who_has_gone_was_renamed_or_is_elsewhere_is_no_candidate(
    shaba: Community, running_stack: Stack, kind: str
) -> None:
    registry, admin = shaba.staff["registry"], shaba.admin["registry"]
    body = body_of(kind)
    first = await put(registry, kind, body)
    assert (await registry.patch(first.headers["location"], {"name": unheard_name()})).status == 200
    second = await put(registry, kind, body)
    leaving = "moved-away" if kind == "residents" else "leave"
    assert (await registry.post(f"{second.headers['location']}/{leaving}", {"reason": "left"})).status == 200
    third = await put(registry, kind, body)
    fourth = await put(registry, kind, {**body, "confirmed": True})
    into = {"into": fourth.body["id"]}
    assert (await registry.post(f"{third.headers['location']}/merge", into)).status == 200
    refused_for(await registry.post(f"/v1/{kind}", body), str(fourth.body["id"]))
    office, elsewhere = stranger(shaba, running_stack, ALL, "shaba", "yiwu"), {**body, "community": "yiwu"}
    if kind == "residents":
        grid = f"g-{uuid4().hex[:8]}"
        name = {"zh": "某处", "en": "Somewhere"}
        await office.post("/v1/grids", {"grid": grid, "name": name, "community": "yiwu"})
        elsewhere["grid"] = grid
    else:
        unit = {"name": uuid4().hex, "kind": "firm", "community": "yiwu"}
        elsewhere["unit"] = (await office.post("/v1/units", unit)).body["id"]
    there = await put(office, kind, elsewhere)
    refused_for(await office.post(f"/v1/{kind}", elsewhere), str(there.body["id"]))
    assert (await admin.get(there.headers["location"])).status == 404


async def test_a_call_that_was_done_is_answered_again_and_not_taken_for_its_own_duplicate(
    shaba: Community,
) -> None:
    registry, key, body = shaba.staff["registry"], str(uuid4()), resident_body()
    first = await registry.post("/v1/residents", body, Idempotency_Key=key)
    again = await registry.post("/v1/residents", body, Idempotency_Key=key)
    assert (first.status, again.status, again.raw) == (201, 201, first.raw)
    other = str(uuid4())
    for _ in range(2):  # a refusal is not remembered, and each one is a reading
        refused_for(await registry.post("/v1/residents", body, Idempotency_Key=other), str(first.body["id"]))
    assert len(await readings(shaba.admin["registry"], first)) == 2
    confirmed = {**body, "confirmed": True}
    made = await registry.post("/v1/residents", confirmed, Idempotency_Key=other)
    assert made.status == 201
    assert made.body["id"] != first.body["id"]


async def test_one_key_many_times_at_once_is_one_resident(shaba: Community) -> None:
    registry, key, body = shaba.staff["registry"], str(uuid4()), resident_body()
    replies = await asyncio.gather(
        *(registry.post("/v1/residents", body, Idempotency_Key=key) for _ in range(20))
    )
    assert {reply.status for reply in replies} == {201}
    assert len({reply.raw for reply in replies}) == 1


async def test_a_volunteer_is_no_resident_and_a_wrong_reference_comes_first(shaba: Community) -> None:
    registry, name, phone = shaba.staff["registry"], unheard_name(), unheard_phone()
    await put(registry, "residents", resident_body(name=name, phone=phone))
    body = volunteer_body(name=name, phone=phone, unit=HEALTH)
    made = await put(registry, "volunteers", body)
    wrong = await registry.post("/v1/volunteers", {**body, "unit": "unit-nothing"})
    assert (wrong.status, wrong.body["code"]) == (422, "unknown-unit")
    unit = await shaba.health["registry"].post("/v1/volunteers", body)
    assert (unit.status, unit.body["code"]) == (403, "insufficient-scope")
    assert await readings(shaba.admin["registry"], made) == []


async def test_who_may_not_list_people_is_told_of_none_and_looks_for_none(shaba: Community) -> None:
    name = f"诸葛{uuid4().hex[:6]}"
    await shaba.resident(name)
    body = {"name": "x", "role": "dispatcher", "scopes": ["registry:read", "registry:write"]}
    made = (await shaba.admin["registry"].post("/v1/clients", body)).body
    base = shaba.stack.services["registry"]
    secret = str(made["client_id"]), str(made["client_secret"])
    narrow = Client(base, shaba.session, await access_token(shaba.session, base, *secret))
    same = {"name": name, "phone": "13800000001", "grid": "shaba-03", "tier": "high"}
    refused = await narrow.post("/v1/residents", same)
    assert (refused.status, refused.body["code"]) == (409, "likely-duplicate")
    assert "candidates" not in refused.body
    for query in ({"q": name}, {"phone": "0001"}):
        unseen = await narrow.get("/v1/volunteers", **query)
        assert (unseen.status, unseen.body["code"]) == (403, "insufficient-scope")
    assert (await narrow.get("/v1/volunteers")).status == 200
