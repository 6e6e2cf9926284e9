"""Residents and volunteers change, and are found by what is kept sealed of them."""

from __future__ import annotations

from tests.support.client import Client
from tests.support.community import HEALTH, SCHOOL, Community
from tests.support.waiting import until


async def ids(client: Client, path: str, **query: str) -> dict[str, dict[str, object]]:
    """What a search finds, by id."""
    page = await client.get(path, limit="500", **query)
    assert page.status == 200, page.body
    return {str(item["id"]): item for item in page.body["items"]}


async def finds(client: Client, path: str, id: str, *, there: bool = True, **query: str) -> None:
    """Wait until a search has `id`, or has it no more."""

    async def so() -> bool:
        return (id in await ids(client, path, **query)) is there

    await until(so)


async def test_a_resident_is_found_by_name_pinyin_initials_and_telephone_and_shown_masked(
    shaba: Community,
) -> None:
    resident, registry = await shaba.resident("王秀英"), shaba.staff["registry"]
    await finds(registry, "/v1/residents", resident, q="王秀")
    for what, value in (("q", "王秀"), ("q", "wangx"), ("q", "wxy"), ("phone", "13800000001")):
        assert resident in await ids(registry, "/v1/residents", **{what: value})
    seen = (await ids(registry, "/v1/residents", q="王秀", phone="0001"))[resident]
    assert (seen["name"], seen["phone"]) == ("王**", "138****0001")
    assert resident not in await ids(registry, "/v1/residents", q="王秀", grid="shaba-04")
    assert resident not in await ids(registry, "/v1/residents", q="李")


async def test_after_an_amendment_the_old_name_finds_nobody_and_after_an_erasure_nothing_does(
    shaba: Community,
) -> None:
    resident, registry = await shaba.resident("欧阳青禾"), shaba.staff["registry"]
    await finds(registry, "/v1/residents", resident, q="欧阳青")
    path = f"/v1/residents/{resident}"
    changes = {"name": "Zoë Äkerman", "address": None, "tier": "key"}
    amended = await registry.call("PATCH", path, changes)
    assert amended.status == 200, amended.body
    await finds(registry, "/v1/residents", resident, q="zoeak")
    assert resident not in await ids(registry, "/v1/residents", q="欧阳青")
    kept = (await registry.get(f"{path}/details", purpose="service")).body["items"][0]
    assert (kept["name"], kept["address"], kept["phone"]) == ("Zoë Äkerman", None, "13800000001")
    again = await registry.call("PATCH", path, changes)
    assert again.headers["etag"] == amended.headers["etag"]
    assert (await shaba.admin["registry"].post(f"{path}/erasure")).status == 200
    assert resident not in await ids(registry, "/v1/residents", q="zoeak")
    gone = await registry.call("PATCH", path, {"name": "王秀英"})
    assert (gone.status, gone.body["code"]) == (410, "erased")


async def test_who_moved_away_is_listed_no_more_and_can_still_be_erased(shaba: Community) -> None:
    resident, registry = await shaba.resident("慕容远"), shaba.staff["registry"]
    await finds(registry, "/v1/residents", resident, q="慕容远")
    path = f"/v1/residents/{resident}"
    assert (await registry.post(f"{path}/moved-away", {"reason": "left"})).body["ended"] == "left"
    await finds(registry, "/v1/residents", resident, there=False, q="慕容远")
    refused = await registry.call("PATCH", path, {"tier": "key"})
    assert (refused.status, refused.body["code"]) == (409, "record-ended")
    assert (await shaba.admin["registry"].post(f"{path}/erasure")).status == 200
    assert (await registry.get(f"{path}/details", purpose="service")).status == 410


async def test_a_volunteer_is_amended_suspended_resumed_and_leaves(shaba: Community) -> None:
    volunteer, registry = await shaba.volunteer(), shaba.staff["registry"]
    path = f"/v1/volunteers/{volunteer}"
    assert (await registry.call("PATCH", path, {"name": "司徒兰", "team": "veterans"})).status == 200
    await finds(registry, "/v1/volunteers", volunteer, q="situ")
    assert (await ids(registry, "/v1/volunteers", q="situ"))[volunteer]["name"] == "司徒**"
    assert volunteer in await ids(shaba.health["registry"], "/v1/volunteers", q="situ")
    assert volunteer not in await ids(shaba.school["registry"], "/v1/volunteers", q="situ")
    paused = await registry.post(f"{path}/suspend", {"reason": "away"})
    assert paused.status == 200, paused.body
    repeated = await registry.post(f"{path}/suspend", {"reason": "away"})
    assert repeated.headers["etag"] == paused.headers["etag"]
    assert (await registry.post(f"{path}/resume")).status == 200
    assert (await registry.post(f"{path}/leave", {"reason": "left"})).body["ended"] == "left"
    await finds(registry, "/v1/volunteers", volunteer, there=False, q="situ")


async def test_changes_need_their_scopes_a_known_grid_and_the_right_version(shaba: Community) -> None:
    resident, registry = await shaba.resident(), shaba.staff["registry"]
    path = f"/v1/residents/{resident}"
    assert (await shaba.health["registry"].call("PATCH", path, {"tier": "key"})).status == 403
    assert (await shaba.auditor["registry"].call("PATCH", path, {"tier": "key"})).status == 403
    unknown = await registry.call("PATCH", path, {"grid": "nowhere"})
    assert (unknown.status, unknown.body["code"]) == (422, "unknown-grid")
    assert (await registry.call("PATCH", path, {"name": None})).status == 422
    stale = await registry.call("PATCH", path, {"tier": "key"}, headers={"If-Match": '"99"'})
    assert stale.status == 412
    assert (await shaba.health["registry"].get("/v1/volunteers", q="li", unit=SCHOOL)).status == 404
    assert (await shaba.health["registry"].get("/v1/volunteers", q="li", unit=HEALTH)).status == 200
