"""What a dispatcher looks at all day: the list, the board, what changes on it, days and calendars."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit
from uuid import uuid4

from tests.support.client import access_token
from tests.support.community import HEALTH, Community, slot
from tests.support.interface import Noting


async def board(shaba: Community) -> None:
    """A request is placed, seen wherever it is to be seen, and the one who looked on is sent away."""
    desk, volunteer = shaba.staff["dispatch"], await shaba.volunteer()
    id = await shaba.assigned(volunteer, slot(2))
    visit = {"volunteer": volunteer, "slot": slot(2.2, 0.5)}
    last = await desk.post(f"/v1/requests/{id}/visits", visit)
    after = {"Linli-After": last.headers["linli-position"]}
    query = {"open": "true", "sort": "due", "volunteer": volunteer}
    listed = await desk.call("GET", "/v1/requests", params=query, headers=after)
    assert [item["id"] for item in listed.body["items"]] == [id]
    assert (await desk.get("/v1/board", limit="3", volunteer=volunteer)).body["columns"]
    assert (await shaba.health["dispatch"].get("/v1/board")).body["columns"]
    await looked_on(shaba)
    for owner in (f"volunteers/{volunteer}", f"units/{HEALTH}"):
        assert (await desk.get(f"/v1/{owner}/day")).status == 200
        made = await desk.post(f"/v1/{owner}/calendar", Idempotency_Key=str(uuid4()))
        address = urlsplit(str(made.body["address"]))
        assert (await desk.get(f"{address.path}?{address.query}")).status == 200
        assert (await desk.call("DELETE", f"/v1/{owner}/calendar")).status == 200
        assert (await desk.get(f"{address.path}?{address.query}")).status == 404
    assert (await shaba.admin["dispatch"].post("/v1/rebuild")).status == 200


async def looked_on(shaba: Community) -> None:
    """Somebody listens to the board until the client is revoked."""
    registry, desk = shaba.admin["registry"], shaba.staff["dispatch"]
    assert isinstance(desk, Noting)
    made = await registry.post("/v1/clients", {"name": uuid4().hex, "role": "dispatcher"})
    client, secret = str(made.body["client_id"]), str(made.body["client_secret"])
    token = await access_token(shaba.session, registry.base, client, secret)
    theirs = Noting(desk.base, desk.session, token, desk.headers, desk.service, desk.heard)
    stream = asyncio.create_task(theirs.get("/v1/board/stream", after="nonsense"))
    await shaba.assigned(await shaba.volunteer(), slot(3))
    assert (await registry.post(f"/v1/clients/{client}/revoke")).status == 200
    told = await stream
    assert told.status == 200
    assert b"event: reset" in told.raw
    assert b"event: over" in told.raw
