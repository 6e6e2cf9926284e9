"""What the services are asked every day, and must answer: one story for each part of the interface."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import uuid4

from shared.kernel.times import format_time
from tests.support.client import Client, Reply
from tests.support.community import HEALTH, SERVICES, Community, slot
from tests.support.everyday_attachments import paper
from tests.support.everyday_people import paper_files
from tests.support.everyday_privacy import personal_rights
from tests.support.interface import Noting
from tests.support.notifying import partner_system
from tests.support.waiting import until

MONDAY = {"day": "monday", "opens": "08:30", "closes": "17:30"}


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
    for name in ("jwks.json", "oauth-authorization-server"):
        assert (await nobody.get(f"/.well-known/{name}")).status == 200
    assert (await registry.post(f"/v1/clients/{ours['client_id']}/secrets", {})).status == 201
    await personal_tokens(shaba)
    await people(shaba)
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


async def personal_tokens(shaba: Community) -> None:
    """One is made, used, looked at and revoked; so is an access token that it got."""
    desk, nobody = shaba.staff["registry"], without_token(shaba.staff["registry"])
    expires = format_time(datetime.now(UTC) + timedelta(days=1))
    body = {"name": "x", "scopes": ["registry:read"], "expires_at": expires}
    made = await desk.post("/v1/tokens", body, Idempotency_Key=str(uuid4()))
    path, after = made.headers["location"], {"Linli-After": made.headers["linli-position"]}
    assert (await desk.call("GET", path, headers=after)).status == 200
    assert (await desk.get("/v1/tokens")).body["items"]
    own = {"client_id": str(made.body["client_id"]), "client_secret": str(made.body["token"])}
    got = await sent(nobody, "/oauth/token", grant_type="client_credentials", **own)
    token = str(got.body["access_token"])
    for each, active in ((token, True), ("none", False)):
        told = await sent(shaba.admin["registry"], "/oauth/introspect", token=each)
        assert told.body["active"] is active
    assert (await sent(shaba.admin["registry"], "/oauth/introspect")).status == 400
    assert (await sent(nobody, "/oauth/revoke", token=token, **own)).status == 200
    assert (await sent(nobody, "/oauth/revoke", **own)).status == 400
    assert (await sent(nobody, "/oauth/revoke", token=token)).status == 401
    assert (await desk.post(f"{path}/revoke")).status == 200


async def people(shaba: Community) -> None:
    """Somebody may sign in, and no longer; here is no provider to do so with."""
    registry = shaba.admin["registry"]
    body = {"email": f"{uuid4().hex}@provider.example", "role": "dispatcher"}
    made = await registry.post("/v1/people", body)
    after = {"Linli-After": made.headers["linli-position"]}
    assert (await registry.call("GET", made.headers["location"], headers=after)).status == 200
    assert (await registry.get("/v1/people")).body["items"]
    assert (await registry.post(f"{made.headers['location']}/dismiss")).status == 200
    for path in ("/oauth/sign-in", "/oauth/callback"):
        assert (await without_token(registry).get(path)).status == 404


async def sent(client: Client, path: str, **fields: str) -> Reply:
    """POST a form."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await client.call("POST", path, data=urlencode(fields).encode(), headers=headers)


async def directory(shaba: Community) -> None:
    """All that registry has on record, put there, listed and shown."""
    registry, volunteer, resident = shaba.admin["registry"], await shaba.volunteer(), await shaba.resident()
    contacts = [{"name": "赵敏", "phone": "087162120000"}]
    named = {"name": "消防站", "kind": "fire", "contacts": contacts}
    unit = await registry.post("/v1/units", {**named, "confirmed": True})
    name = {"zh": "新网格", "en": "A new one"}
    grid = f"g-{uuid4().hex[:8]}"
    for status in (201, 200):
        assert (await registry.post("/v1/grids", {"grid": grid, "name": name})).status == status
    room = {"code": "r", "name": name, "capacity": 9, "opening": [MONDAY]}
    home = {"name": name, "kind": "elder-care", "grid": grid, "rooms": [room], "keeper": HEALTH}
    facility = await registry.post("/v1/facilities", home)
    body = {"name": name, "category": "volunteering", "lead_unit": HEALTH, "response_minutes": 60}
    service = await registry.post("/v1/services", body)
    after = {"Linli-After": service.headers["linli-position"]}
    for kind, id in (
        ("units", unit.body["id"]),
        ("volunteers", volunteer),
        ("residents", resident),
        ("services", service.body["id"]),
        ("grids", f"grid-{grid}"),
        ("teams", "team-residents"),
        ("seats", None),
        ("communities", "community-shaba"),
        ("facilities", facility.body["id"]),
    ):
        listed = await registry.call("GET", f"/v1/{kind}?limit=2", headers=after)
        assert listed.body["items"]
        assert id is None or (await registry.get(f"/v1/{kind}/{id}")).status == 200
        assert id is None or (await registry.post(f"/v1/{kind}/{id}/assure")).status == 200
    for thing in (f"residents/{resident}", f"volunteers/{volunteer}", f"units/{unit.body['id']}"):
        assert (await registry.get(f"/v1/{thing}/details", purpose="report")).status == 200
    assert (await registry.post("/v1/units", named)).status == 409
    await paper_files(registry)
    await changes(registry, str(unit.body["id"]), f"grid-{grid}", str(facility.body["id"]))
    await personal_rights(registry, shaba.admin["dispatch"], resident)
    assert (await registry.post(f"/v1/residents/{resident}/erasure")).status == 200


async def changes(registry: Client, unit: str, grid: str, facility: str) -> None:
    """Things are amended, merged and ended."""
    renamed = {"name": {"zh": "又一个", "en": "Another"}}
    for path, body in (
        (f"units/{unit}", {"kind": "fire-brigade", "contacts": None}),
        *((path, renamed) for path in (f"grids/{grid}", f"facilities/{facility}", "teams/team-veterans")),
        ("communities/community-shaba", {}),
    ):
        assert (await registry.patch(f"/v1/{path}", body)).status == 200
    twin = await registry.post("/v1/units", {"name": "消防站", "kind": "fire", "confirmed": True})
    ended = {"reason": "no-longer-needed"}
    last = None
    for path, body in (
        (f"units/{twin.body['id']}/merge", {"into": unit}),
        (f"units/{unit}/retire", ended),
        (f"facilities/{facility}/close", ended),
        (f"grids/{grid}/retire", ended),
    ):
        last = await registry.post(f"/v1/{path}", body)
        assert last.status == 200, last.body
    assert last is not None
    after = {"Linli-After": last.headers["linli-position"]}
    for path in (f"units/{twin.body['id']}", f"units/{unit}", f"facilities/{facility}", f"grids/{grid}"):
        assert (await registry.call("GET", f"/v1/{path}", headers=after)).status == 200


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
    await paper(desk, id, visit)
    after = {"Linli-After": completed.headers["linli-position"]}
    for client in (desk, shaba.health["dispatch"]):
        assert (await client.get(f"/v1/requests/{id}")).body["visits"]
        assert (await client.call("GET", "/v1/requests?limit=1", headers=after)).body["items"]
    assert len((await desk.get(f"/v1/requests/{id}/details", purpose="report")).body["items"]) == 3
    resident = (await desk.get(f"/v1/requests/{id}")).body["resident"]
    assert len((await desk.get(f"/v1/residents/{resident}/report")).body["items"][0]["details"]) == 3


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
        for path in ("/livez", "/readyz", "/metrics", "/v1/parked", "/v1/keyring", "/v1/asyncapi.json"):
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
