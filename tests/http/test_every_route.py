"""Every route of every OpenAPI document asks who calls, and lets in nobody else."""

from __future__ import annotations

import pytest

from shared.runtime.access import SCOPES
from tests.support.client import Client, Reply, access_token
from tests.support.community import MEALS, SERVICES, Community
from tests.support.waiting import until

OPEN = {
    ("get", "/livez"),
    ("get", "/readyz"),
    ("get", "/metrics"),
    ("get", "/v1/asyncapi.json"),
    ("get", "/v1/event-types"),
    ("get", "/v1/event-types/{name}"),
    ("post", "/oauth/token"),
    ("post", "/oauth/revoke"),
    ("get", "/oauth/sign-in"),
    ("get", "/oauth/callback"),
    ("get", "/.well-known/jwks.json"),
    ("get", "/.well-known/oauth-authorization-server"),
    ("get", "/hsds/"),
    ("get", "/hsds/services"),
    ("get", "/hsds/services/{id}"),
    ("get", "/hsds/organizations"),
    ("get", "/hsds/organizations/{id}"),
    ("get", "/v1/calendars/{owner}.ics"),
    ("get", "/open311/v2/discovery.{format}"),
    ("get", "/open311/v2/services.{format}"),
    ("get", "/open311/v2/services/{code}.{format}"),
    ("get", "/open311/v2/requests.{format}"),
    ("get", "/open311/v2/requests/{id}.{format}"),
    ("get", "/open311/v2/tokens/{token}.{format}"),
}
"""What anybody may call: health, schemas, keys, the door itself, the public catalogue, Open311 to read."""

OWN_WAY = {("post", "/open311/v2/requests.{format}")}
"""What asks who calls, and refuses in a shape of its own: see test_open311.py."""


async def routes(client: Client) -> list[tuple[str, str, list[str]]]:
    """(method, path, scopes) of every route in the service's OpenAPI document."""
    document = (await client.get("/openapi.json")).body
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            security = operation.get("security", [])
            scopes = [scope for item in security for scope in item["oauth2"]]
            found.append((method, path, scopes))
    return found


async def call(client: Client, method: str, path: str) -> Reply:
    filled = path.replace("{id}", "request-nothing").replace("{unit}", "unit-police-station")
    things = ("resident", "volunteer", "service", "client", "stream", "endpoint", "name", "token", "person")
    for part in (
        *things,
        "event",
        "bulletin",
        "report",
        "community",
        "grid",
        "team",
        "facility",
        "agreement",
        "seat",
    ):
        filled = filled.replace("{" + part + "}", f"{part}-nothing")
    body = b"{}" if method in ("post", "put", "patch") else None
    return await client.call(method.upper(), filled, data=body)


@pytest.mark.parametrize("service", SERVICES)
async def test_no_route_lets_in_who_has_no_token(shaba: Community, service: str) -> None:
    nobody = Client(shaba.stack.services[service], shaba.session)
    found = await routes(nobody)
    assert len(found) > 5
    for method, path, scopes in found:
        if (method, path) in OPEN:
            continue
        assert scopes, f"{method} {path} names no scope"
        assert set(scopes) <= SCOPES.keys()
        if (method, path) in OWN_WAY:
            continue
        for token, code in ((None, "token-missing"), ("x.y.z", "token-invalid")):
            reply = await call(Client(nobody.base, shaba.session, token), method, path)
            assert (reply.status, reply.body["code"]) == (401, code), (method, path, reply.body)
            assert reply.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("service", SERVICES)
async def test_no_route_lets_in_who_lacks_its_scope(shaba: Community, service: str) -> None:
    everybody = [shaba.staff[service], shaba.auditor[service], shaba.health[service]]
    granted = [
        {"registry:read", "registry:write", "residents:read", "details:read", "dispatch:read"}
        | {"dispatch:write", "dispatch:coordinate", "notify:read", "bulletins:read", "bulletins:write"},
        {"audit:read", "events:read", "registry:read"},
        {"registry:read", "details:read", "dispatch:read", "dispatch:write"}
        | {"notify:read", "notify:write", "events:read", "bulletins:read", "bulletins:answer"},
    ]
    refused = 0
    for method, path, scopes in await routes(everybody[0]):
        for client, has in zip(everybody, granted, strict=True):
            if not scopes or set(scopes) <= has or (method, path) in OWN_WAY:
                continue
            reply = await call(client, method, path)
            assert (reply.status, reply.body["code"]) == (403, "insufficient-scope"), (method, path)
            assert "insufficient_scope" in reply.headers["www-authenticate"]
            refused += 1
    assert refused


async def test_another_units_token_finds_nothing(shaba: Community) -> None:
    """The school's client, on things of the health centre: each is as if it were not there."""
    volunteer = await shaba.volunteer()
    id = await shaba.request()
    dispatch, registry, notify = shaba.school["dispatch"], shaba.school["registry"], shaba.school["notify"]
    endpoint = await shaba.health["notify"].post(
        "/v1/endpoints",
        {"unit": "unit-health-centre", "url": "http://127.0.0.1:9/hook", "events": ["*"]},
    )
    assert endpoint.status == 201, endpoint.body
    for client, method, path in (
        (registry, "GET", "/v1/units/unit-health-centre"),
        (registry, "GET", f"/v1/volunteers/{volunteer}"),
        (registry, "GET", "/v1/volunteers?unit=unit-health-centre"),
        (dispatch, "GET", f"/v1/requests/{id}"),
        (dispatch, "GET", "/v1/requests?unit=unit-health-centre"),
        (dispatch, "POST", f"/v1/visits/{id}.visit-1/check-in"),
        (notify, "GET", f"/v1/endpoints/{endpoint.body['id']}"),
        (notify, "GET", f"/v1/endpoints/{endpoint.body['id']}/health"),
        (notify, "POST", f"/v1/endpoints/{endpoint.body['id']}/pause"),
        (notify, "POST", f"/v1/endpoints/{endpoint.body['id']}/deliveries/{id}/resend"),
        (notify, "DELETE", f"/v1/endpoints/{endpoint.body['id']}"),
    ):
        body = {"method": "gps"} if path.endswith("check-in") else None
        reply = await client.call(method, path, body)
        assert (reply.status, reply.body["code"]) == (404, "not-found"), (method, path, reply.body)
    body2 = {"unit": "unit-health-centre", "url": "http://127.0.0.1:9/hook", "events": ["*"]}
    reply = await notify.post("/v1/endpoints", body2)
    assert (reply.status, reply.body["code"]) == (404, "not-found")
    page = await dispatch.get("/v1/requests", limit="500")
    assert id.encode() not in page.raw


async def test_a_unit_sees_a_request_of_its_own_making(shaba: Community) -> None:
    body = {"service": MEALS, "grid": "shaba-03", "channel": "unit"}
    made = await shaba.school["dispatch"].post("/v1/requests", body)
    assert made.status == 201
    seen = await shaba.school["dispatch"].get(f"/v1/requests/{made.body['id']}")
    assert (seen.status, seen.body["units"]) == (200, ["unit-primary-school"])


async def test_a_revoked_client_is_refused_everywhere_within_seconds(shaba: Community) -> None:
    registry = shaba.admin["registry"]
    made = await registry.post("/v1/clients", {"name": "leaver", "role": "admin"})
    client, secret = str(made.body["client_id"]), str(made.body["client_secret"])
    token = await access_token(shaba.session, shaba.stack.services["registry"], client, secret)
    assert (await registry.post(f"/v1/clients/{client}/revoke")).status == 200
    for service in SERVICES:
        theirs = Client(shaba.stack.services[service], shaba.session, token)

        async def refused(theirs: Client = theirs) -> bool:
            return bool((await theirs.get("/v1/events")).body.get("code") == "token-revoked")

        await until(refused, 5)
