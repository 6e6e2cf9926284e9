"""What the services are asked every day, and must answer: one story for each part of the interface."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import uuid4

from shared.kernel.times import format_time
from tests.support.client import Client
from tests.support.community import HEALTH, SERVICES, Community, slot
from tests.support.interface import Noting
from tests.support.notifying import partner_system
from tests.support.waiting import until


async def access(shaba: Community) -> None:
    """Clients come, get tokens, and go."""
    registry = shaba.admin["registry"]
    made = await registry.post("/v1/clients", {"name": "x", "role": "auditor"}, Idempotency_Key="openapi")
    assert (await registry.post(made.headers["location"] + "/revoke")).status == 200
    await registry.post("/v1/clients", {"name": "x", "role": "auditor"}, Idempotency_Key="openapi")
    ours = (await registry.post(f"/v1/units/{HEALTH}/clients", {"name": "x"})).body
    assert (await registry.get("/v1/clients", limit="1")).body["next"]
    await registry.get(f"/v1/clients/{shaba.stack.admin.client_id}")
    nobody = without_token(registry)
    await nobody.get("/.well-known/jwks.json")
    secret = {"client_id": ours["client_id"], "client_secret": ours["client_secret"]}
    granted = {"grant_type": "client_credentials", **secret}
    for form, status in (
        (granted, 200),
        ({**granted, "scope": "audit:read"}, 400),
        ({**granted, "client_secret": "another"}, 401),
        ({"grant_type": "password"}, 400),
        ({}, 400),
    ):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = await nobody.call("POST", "/oauth/token", data=urlencode(form).encode(), headers=headers)
        assert reply.status == status, form
    other = {"Content-Type": "application/xml"}
    assert (await nobody.call("POST", "/oauth/token", data=b"<x/>", headers=other)).status == 415


async def directory(shaba: Community) -> None:
    """All that registry has on record, put there, listed and shown."""
    registry, volunteer, resident = shaba.admin["registry"], await shaba.volunteer(), await shaba.resident()
    unit = await registry.post("/v1/units", {"name": "消防站", "kind": "fire"})
    name = {"zh": "新网格", "en": "A new one"}
    grid = f"g-{uuid4().hex[:8]}"
    for status in (201, 200):
        assert (await registry.post("/v1/grids", {"grid": grid, "name": name})).status == status
    body = {"name": name, "category": "volunteering", "lead_unit": HEALTH, "response_minutes": 60}
    service = await registry.post("/v1/services", body)
    after = {"Linli-After": service.headers["linli-position"]}
    for kind, id in (
        ("units", unit.body["id"]),
        ("volunteers", volunteer),
        ("residents", resident),
        ("services", service.body["id"]),
        ("grids", f"grid-{grid}"),
        ("teams", None),
        ("seats", None),
    ):
        listed = await registry.call("GET", f"/v1/{kind}?limit=2", headers=after)
        assert listed.body["items"]
        assert id is None or (await registry.get(f"/v1/{kind}/{id}")).status == 200
    for path in (f"/v1/residents/{resident}/details", f"/v1/volunteers/{volunteer}/details"):
        assert (await registry.get(path, purpose="report")).status == 200
    assert (await registry.post(f"/v1/residents/{resident}/erasure")).status == 200


async def visits(shaba: Community) -> None:
    """A request from the call to the completed visit; each step is asked for twice where that is no harm."""
    desk, volunteer, placed_at = shaba.staff["dispatch"], await shaba.volunteer(), slot(-0.5, 2)
    id = await shaba.request(resident=await shaba.resident(), text="头晕, 独居")
    placed = {"volunteer": volunteer, "slot": placed_at}
    assert (await desk.post(f"/v1/requests/{id}/triage", {"priority": "urgent"})).status == 200
    for path in ("assignments", "visits"):
        for status in (201, 200):
            assert (await desk.post(f"/v1/requests/{id}/{path}", placed)).status == status
    visit = f"{id}.visit-1"
    there = {"method": "gps", "position": {"latitude": 26.082, "longitude": 103.187}}
    assert (await desk.post(f"/v1/visits/{visit}/check-in", there)).status == 200
    now = datetime.now(UTC)
    times = {"started_at": format_time(now - timedelta(minutes=20)), "ended_at": format_time(now)}
    outcome = {"outcome": "done", "contact_made": True, "text": "血压已测", **times}
    completed = await desk.post(f"/v1/visits/{visit}/complete", outcome)
    after = {"Linli-After": completed.headers["linli-position"]}
    for client in (desk, shaba.health["dispatch"]):
        assert (await client.get(f"/v1/requests/{id}")).body["visits"]
        assert (await client.call("GET", "/v1/requests?limit=1", headers=after)).body["items"]
    assert len((await desk.get(f"/v1/requests/{id}/details", purpose="report")).body["items"]) == 3


async def webhooks(shaba: Community) -> None:
    """A unit's endpoint, and what was delivered to it."""
    notify = shaba.health["notify"]
    async with partner_system() as partner:
        body = {"unit": HEALTH, "url": partner.url, "events": ["volunteer-registered"]}
        made = await notify.post("/v1/endpoints", body, Idempotency_Key=partner.url)
        assert (await notify.post("/v1/endpoints", body, Idempotency_Key=partner.url)).body["secret"] is None
        assert (await notify.get(made.headers["location"])).status == 200
        assert (await notify.get("/v1/endpoints")).body["items"]
        await shaba.volunteer()
        query = {"endpoint": str(made.body["id"]), "state": "delivered"}

        async def delivered() -> bool:
            return bool((await notify.get("/v1/deliveries", **query)).body["items"])

        await until(delivered)


async def log(shaba: Community) -> None:
    """What an auditor asks."""
    audit = shaba.auditor["audit"]
    assert (await audit.get("/v1/entries", limit="1")).body["next"]
    id = await shaba.request()
    path = f"/v1/streams/{id}/state"
    await until(lambda: known(audit, path))
    assert (await audit.get("/v1/entries", stream=id)).body["items"]
    assert (await audit.get("/v1/streams/unit-health-centre/state", as_of="seq:0")).body["version"] == 0
    assert (await audit.post("/v1/verify")).status == 200
    assert len((await audit.get("/v1/sources")).body["items"]) == 4


async def system(shaba: Community) -> None:
    """What every service has."""
    for service in SERVICES:
        client = shaba.admin[service]
        for path in ("/livez", "/readyz", "/metrics", "/v1/parked", "/v1/asyncapi.json"):
            assert (await client.get(path)).status == 200
        assert (await client.post("/v1/parked/redrive")).status == 200
        for item in (await client.get("/v1/event-types")).body["items"]:
            await client.get(f"/v1/event-types/{item['type']}")
        await client.get("/v1/events", limit="500")
    await shaba.request()
    after = "0"
    while (page := await shaba.health["dispatch"].get("/v1/events", after=after)).body["next"] is not None:
        after = str(page.body["next"])


async def refusals(shaba: Community) -> None:
    """What is not done, and why."""
    desk, id = shaba.staff["dispatch"], await shaba.request()
    triage = f"/v1/requests/{id}/triage"
    assert (await desk.post(triage, {"priority": "urgent"}, If_Match='"7"')).status == 412
    assert (await desk.post(triage, {"priority": "soon"})).status == 422
    assert (await desk.post(triage, {"priority": "stat"}, Linli_After="registry@99999999")).status == 503
    assert (await desk.call("POST", triage, data=b"{")).status == 400
    assert (await desk.get("/v1/requests/request-nothing")).status == 404
    placed = {"volunteer": "volunteer-x", "slot": slot()}
    assert (await desk.post(f"/v1/requests/{id}/visits", placed)).status == 409
    assert (await desk.get("/v1/parked")).status == 403
    assert (await without_token(desk).get("/v1/parked")).status == 401


def without_token(client: Client) -> Client:
    """The same client without a token."""
    assert isinstance(client, Noting)
    return Noting(client.base, client.session, None, client.headers, client.service, client.heard)


async def known(client: Client, path: str) -> bool:
    """Whether there is something at `path`."""
    return (await client.get(path)).status == 200
