"""What a unit's program asks of its box: it fetches, acknowledges, goes back, and listens."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from tests.support.client import access_token
from tests.support.community import HEALTH, Community
from tests.support.interface import Noting


async def inbox(shaba: Community) -> None:
    """A consumer is made, moved and deleted; messages are fetched by it, and by number."""
    health, name = shaba.health["notify"], f"program-{uuid4().hex[:8]}"
    consumer = f"/v1/consumers/{name}"
    made = await health.call("PUT", consumer, {"start": "now"})
    assert made.status == 200, made.body
    await shaba.volunteer()
    found = await health.get(f"{consumer}/messages", wait="20", types="volunteer-*,request-*")
    assert found.body["items"], found.body
    standing = {"number": found.body["position"], "expected": found.body["after"]}
    moved = await health.post(f"{consumer}/position", standing)
    assert moved.body["position"] == found.body["position"]
    late = await health.post(f"{consumer}/position", {**standing, "number": 0})
    assert late.body["code"] == "position-moved"
    assert (await health.post(f"{consumer}/position", {"time": "2020-01-01T00:00:00Z"})).status == 200
    assert (await health.get(consumer)).body["behind"] > 0
    assert name in [item["name"] for item in (await health.get("/v1/consumers")).body["items"]]
    page = await health.get("/v1/messages", limit="1")
    assert (await health.get("/v1/messages", limit="2", cursor=page.body["next"])).body["items"]
    assert (await shaba.staff["notify"].get("/v1/messages", unit=HEALTH)).body["items"]
    assert (await shaba.staff["notify"].get("/v1/messages")).status == 422
    await listened(shaba)
    assert (await health.call("DELETE", consumer)).status == 200
    assert (await health.get(consumer)).status == 404


async def listened(shaba: Community) -> None:
    """Another program of the unit listens until its client is revoked."""
    registry, health = shaba.admin["registry"], shaba.health["notify"]
    assert isinstance(health, Noting)
    made = await registry.post(f"/v1/units/{HEALTH}/clients", {"name": uuid4().hex})
    client, secret = str(made.body["client_id"]), str(made.body["client_secret"])
    token = await access_token(shaba.session, registry.base, client, secret)
    theirs = Noting(health.base, health.session, token, health.headers, health.service, health.heard)
    stream = asyncio.create_task(theirs.get("/v1/stream", after="0"))
    assert (await registry.post(f"/v1/clients/{client}/revoke")).status == 200
    told = await stream
    assert told.status == 200
    assert b"data: {" in told.raw
    assert b"event: over" in told.raw
