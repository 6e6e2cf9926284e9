"""Partner units: found by their names, not entered twice, with contacts that nobody reads unseen."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.support.client import Client, Reply
from tests.support.community import Community

CONTACTS = [{"name": "赵敏", "phone": "087162120000", "email": "zhao@example.org", "role": "值班主任"}]


async def settled(client: Client, last: Reply) -> None:
    """Wait until lists have what was just recorded."""
    await client.call("GET", "/v1/units?limit=1", headers={"Linli-After": last.headers["linli-position"]})


async def found(client: Client, q: str, kind: str = "units") -> list[str]:
    reply = await client.get(f"/v1/{kind}", q=q, limit="500")
    assert reply.status == 200, reply.body
    return [str(item["id"]) for item in reply.body["items"]]


@pytest.mark.parametrize(
    ("kind", "q", "id"),
    [
        ("units", "卫生", "unit-health-centre"),
        ("units", "weishengfuw", "unit-health-centre"),
        ("units", "WSFW", "unit-health-centre"),
        ("units", "Wei Sheng", "unit-health-centre"),
        ("grids", "shaba grid 3", "grid-shaba-03"),
        ("grids", "沙坝社区第三", "grid-shaba-03"),
        ("services", "HEALTH prob", "service-home-health-help"),
        ("services", "jujiatufajibing", "service-home-health-help"),
        ("teams", "residents", "team-residents"),
        ("teams", "sqjm", "team-residents"),
        ("communities", "shab", "community-shaba"),
        ("units", "***", None),
        ("units", "nobody has this name", None),
    ],
)
async def test_a_name_is_found_by_its_beginning(shaba: Community, kind: str, q: str, id: str | None) -> None:
    ids = await found(shaba.staff["registry"], q, kind)
    assert id in ids if id is not None else ids == []


async def test_a_new_name_is_found_and_an_old_one_no_more(shaba: Community) -> None:
    registry, old, new = shaba.admin["registry"], f"旧{uuid4().hex[:8]}", f"新{uuid4().hex[:8]}"
    made = await registry.post("/v1/units", {"name": old, "kind": "firm"})
    await settled(registry, made)
    assert await found(registry, old) == [made.body["id"]]
    await settled(registry, await registry.patch(made.headers["location"], {"name": new}))
    assert await found(registry, old) == []
    assert await found(registry, new) == [made.body["id"]]
    gone = await registry.post(f"{made.headers['location']}/retire", {"reason": "entered-by-mistake"})
    await settled(registry, gone)
    assert await found(registry, new) == []


async def test_filters_and_search_go_together(shaba: Community) -> None:
    registry, word = shaba.admin["registry"], f"联{uuid4().hex[:6]}"
    ids = {}
    last = None
    for kind in ("school", "firm"):
        last = await registry.post("/v1/units", {"name": f"{word} {kind}", "kind": kind})
        ids[kind] = last.body["id"]
    assert last is not None
    await settled(registry, last)
    assert set(await found(registry, word)) == set(ids.values())
    reply = await registry.get("/v1/units", q=word, kind="school", stale="false")
    assert [item["id"] for item in reply.body["items"]] == [ids["school"]]
    assert (await registry.get("/v1/units", q=word, stale="true")).body["items"] == []
    for wrong in ({"kind": "No Slug"}, {"stale": "perhaps"}, {"q": ""}, {"color": "red"}):
        refused = await registry.get("/v1/units", **wrong)
        assert (refused.status, refused.body["code"]) == (422, "invalid-request")


async def test_a_unit_of_a_name_that_is_taken_is_likely_a_duplicate(shaba: Community) -> None:
    registry, name = shaba.admin["registry"], f"双{uuid4().hex[:8]}"
    first = await registry.post("/v1/units", {"name": f"{name} (东川)", "kind": "firm"})
    # Sent at once, without waiting for the read model; and written otherwise.
    second = {"name": f"{name.upper()}（东川）", "kind": "school"}
    refused = await registry.post("/v1/units", second)
    assert (refused.status, refused.body["code"]) == (409, "likely-duplicate")
    assert refused.body["candidates"] == [first.body["id"]]
    key = str(uuid4())
    confirmed = await registry.post("/v1/units", {**second, "confirmed": True}, Idempotency_Key=key)
    again = await registry.post("/v1/units", {**second, "confirmed": True}, Idempotency_Key=key)
    assert (confirmed.status, again.raw) == (201, confirmed.raw)
    refused = await registry.post("/v1/units", {"name": f"{name} 东川", "kind": "firm"})
    assert refused.body["candidates"] == sorted([first.body["id"], confirmed.body["id"]])


async def test_a_unit_that_was_entered_twice_is_merged_and_both_are_still_read(shaba: Community) -> None:
    registry, name = shaba.admin["registry"], f"并{uuid4().hex[:8]}"
    bodies = ({"name": name, "kind": "firm"}, {"name": name, "kind": "firm", "confirmed": True})
    stays, goes = [str((await registry.post("/v1/units", body)).body["id"]) for body in bodies]
    path = f"/v1/units/{goes}/merge"
    for into, status, code in (
        (goes, 409, "cannot-merge"),
        ("unit-none", 422, "unknown-record"),
        ("team-residents", 422, "unknown-record"),
    ):
        refused = await registry.post(path, {"into": into})
        assert (refused.status, refused.body["code"]) == (status, code)
    merged = await registry.post(path, {"into": stays})
    assert (merged.status, merged.body) == (200, {"id": goes, "merged_into": stays})
    again = await registry.post(path, {"into": stays})
    assert (again.status, again.body, "linli-position" in again.headers) == (200, merged.body, False)
    await settled(registry, merged)
    lost = await registry.get(f"/v1/units/{goes}")
    assert (lost.status, lost.body["name"], lost.body["merged_into"]) == (200, name, stays)
    assert await found(registry, name) == [stays]
    back = await registry.post(f"/v1/units/{stays}/merge", {"into": goes})
    assert (back.status, back.body["code"]) == (409, "cannot-merge")
    retired = await registry.post(f"/v1/units/{goes}/retire", {"reason": "left"})
    assert (retired.status, retired.body["code"]) == (409, "record-ended")


async def test_contacts_are_sealed_and_each_reading_is_on_record(shaba: Community) -> None:
    registry = shaba.admin["registry"]
    body = {"name": f"约{uuid4().hex[:8]}", "kind": "firm", "contacts": CONTACTS}
    made = await registry.post("/v1/units", body)
    unit, location = str(made.body["id"]), made.headers["location"]
    read = await registry.get(f"{location}/details", purpose="service")
    assert (read.status, read.body) == (200, {"items": [{"contacts": CONTACTS}]})
    assert "linli-position" in read.headers
    assert (await registry.get(f"{location}/details")).status == 422
    assert (await shaba.health["registry"].get(f"{location}/details", purpose="service")).status == 404
    pos = int(made.headers["linli-position"].split("@")[1])
    feed = await registry.get("/v1/events", after=str(pos - 1), limit="20")
    [registered] = [event for event in feed.body["items"] if event["subject"] == unit]
    assert registered["dataref"] == f"/v1/units/{unit}/details"
    [viewed] = [event for event in feed.body["items"] if event["data"].get("subject") == unit]
    assert (viewed["type"], viewed["data"]["purpose"], viewed["data"]["count"]) == (
        "details-viewed",
        "service",
        1,
    )
    await settled(registry, made)
    for reply in (feed, await registry.get(location), await registry.get("/v1/units", limit="500")):
        assert not any(word in reply.raw for word in ("赵敏".encode(), b"087162120000", b"zhao@"))


async def test_contacts_are_replaced_as_a_whole_and_taken_away(shaba: Community) -> None:
    registry = shaba.admin["registry"]
    made = await registry.post("/v1/units", {"name": f"换{uuid4().hex[:8]}", "kind": "firm"})
    location = made.headers["location"]

    async def contacts() -> object:
        return (await registry.get(f"{location}/details", purpose="service")).body["items"]

    assert await contacts() == []
    for sent, version, kept in (
        (CONTACTS, '"2"', [{"contacts": CONTACTS}]),
        (CONTACTS, '"2"', [{"contacts": CONTACTS}]),
        ([{"name": "钱进"}], '"3"', [{"contacts": [{"name": "钱进"}]}]),
        (None, '"4"', []),
        ([], '"4"', []),
    ):
        reply = await registry.patch(location, {"contacts": sent})
        assert (reply.status, reply.headers["etag"]) == (200, version)
        assert await contacts() == kept
