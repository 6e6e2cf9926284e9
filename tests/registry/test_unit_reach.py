"""A unit's client reaches its own unit's records, and no other's: by id, by list, by search and by feed."""

from __future__ import annotations

from tests.support.client import Client
from tests.support.community import HEALTH, SCHOOL, SERVICES, Community


async def everything(client: Client, path: str, **query: str) -> bytes:
    """All pages of a list, as sent."""
    found, cursor = b"", dict[str, str]()
    while True:
        page = await client.get(path, limit="500", **query, **cursor)
        assert page.status == 200, page.body
        found += page.raw
        if page.body["next"] is None:
            return found
        cursor = {"after" if path == "/v1/events" else "cursor": str(page.body["next"])}


async def test_another_units_things_are_in_no_list_search_or_feed(shaba: Community) -> None:
    theirs = await shaba.volunteer(HEALTH)
    endpoint = {"unit": HEALTH, "url": "http://127.0.0.1:9/hook", "events": ["*"]}
    made = await shaba.health["notify"].post("/v1/endpoints", endpoint)
    assert made.status == 201, made.body
    request = await shaba.request()
    ids = [theirs.encode(), str(made.body["id"]).encode(), request.encode()]
    for path, service in (
        ("/v1/units", "registry"),
        ("/v1/volunteers", "registry"),
        ("/v1/requests", "dispatch"),
        ("/v1/endpoints", "notify"),
        ("/v1/deliveries", "notify"),
    ):
        seen = await everything(shaba.school[service], path)
        assert not [id for id in ids if id in seen], path
        assert HEALTH.encode() not in seen, path
    for service in SERVICES:
        seen = await everything(shaba.school[service], "/v1/events")
        assert not [id for id in ids if id in seen], service
    seen = await everything(shaba.school["registry"], "/v1/units", q="东川")
    assert HEALTH.encode() not in seen
    assert SCHOOL.encode() in await everything(shaba.school["registry"], "/v1/units")
    assert theirs.encode() in await everything(shaba.health["registry"], "/v1/volunteers")


async def test_a_units_client_reads_no_resident_client_or_token_and_writes_nothing(shaba: Community) -> None:
    resident, registry = await shaba.resident(), shaba.health["registry"]
    for method, path in (
        ("GET", "/v1/residents"),
        ("GET", f"/v1/residents/{resident}"),
        ("GET", "/v1/clients"),
        ("GET", f"/v1/clients/{shaba.stack.admin.client_id}"),
        ("POST", f"/v1/clients/{shaba.stack.admin.client_id}/revoke"),
        ("POST", f"/v1/clients/{shaba.stack.admin.client_id}/secrets"),
        ("POST", f"/v1/units/{HEALTH}/clients"),
        ("POST", "/v1/units"),
        ("POST", "/v1/volunteers"),
        ("POST", "/v1/keys/rotate"),
    ):
        reply = await registry.call(method, path, {} if method == "POST" else None)
        assert (reply.status, reply.body["code"]) == (403, "insufficient-scope"), path
    assert (await registry.get("/v1/tokens")).body["items"] == []
    theirs, ours = await shaba.volunteer(SCHOOL), await shaba.volunteer(HEALTH)
    for path, status in (
        (f"/v1/residents/{resident}/details", 404),
        (f"/v1/volunteers/{theirs}/details", 404),
        (f"/v1/units/{SCHOOL}/details", 404),
        (f"/v1/volunteers/{ours}/details", 200),
        (f"/v1/units/{HEALTH}/details", 200),
    ):
        assert (await registry.get(path, purpose="service")).status == status, path
