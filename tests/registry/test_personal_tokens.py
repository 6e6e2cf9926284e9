"""Personal tokens: what a member of staff gives a script, with less than all its own rights."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from shared.kernel.times import format_time
from tests.support.client import Client, Reply, access_token
from tests.support.community import SERVICES, Community
from tests.support.waiting import until

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def body(**more: Any) -> dict[str, Any]:
    expires = format_time(datetime.now(UTC) + timedelta(days=30))
    return {
        "name": "weekly export",
        "scopes": ["dispatch:read", "registry:read"],
        "expires_at": expires,
        **more,
    }


async def issued(caller: Client, **more: Any) -> Reply:
    reply = await caller.post("/v1/tokens", body(**more))
    assert reply.status == 201, reply.body
    return reply


async def as_script(shaba: Community, made: Reply, service: str) -> Client:
    """A caller with an access token that the personal token was exchanged for."""
    registry = shaba.stack.services["registry"]
    token = await access_token(shaba.session, registry, made.body["client_id"], made.body["token"])
    return Client(shaba.stack.services[service], shaba.session, token)


async def test_a_script_acts_in_the_name_of_its_owner_with_the_scopes_it_was_given(shaba: Community) -> None:
    desk = shaba.staff["registry"]
    made = await issued(desk)
    assert made.body["token"].startswith("linli_")
    script = await as_script(shaba, made, "dispatch")
    assert (await script.get("/v1/requests")).status == 200
    request = {"service": "service-home-meals", "grid": "shaba-03", "channel": "telephone"}
    refused = await script.post("/v1/requests", request)
    assert (refused.status, refused.body["code"]) == (403, "insufficient-scope")
    second = await issued(desk, scopes=["dispatch:write", "dispatch:read"])
    writer = await as_script(shaba, second, "dispatch")
    written = await writer.post("/v1/requests", request)
    assert written.status == 201, written.body
    pos = int(written.headers["linli-position"].split("@")[1])
    [event] = (await shaba.admin["dispatch"].get("/v1/events", after=str(pos - 1), limit="1")).body["items"]
    after = {"Linli-After": second.headers["linli-position"]}
    listed = (await desk.call("GET", "/v1/tokens", headers=after)).body["items"]
    known = {item["owner"] for item in listed}
    assert {event["authid"]} == known


async def test_one_sees_ones_own_tokens_and_nobody_elses(shaba: Community) -> None:
    made = await issued(shaba.auditor["registry"], name="nightly check", scopes=["audit:read"])
    path, after = made.headers["location"], {"Linli-After": made.headers["linli-position"]}
    shown = await shaba.auditor["registry"].call("GET", path, headers=after)
    assert shown.body["name"] == "nightly check"
    assert (shown.body["scopes"], shown.body["last_used_at"]) == (["audit:read"], None)
    await as_script(shaba, made, "audit")
    assert (await shaba.auditor["registry"].get(path)).body["last_used_at"]
    for other in (shaba.staff, shaba.admin):
        assert (await other["registry"].get(path)).status == 404
        listed = (await other["registry"].get("/v1/tokens")).body["items"]
        assert made.body["id"] not in [item["id"] for item in listed]
    foreign = await shaba.staff["registry"].post(f"{path}/revoke")
    assert (foreign.status, foreign.body["code"]) == (404, "not-found")


async def test_nobody_gives_a_script_more_than_they_have(shaba: Community) -> None:
    for caller, scopes in (
        (shaba.staff, ["registry:admin"]),
        (shaba.auditor, ["dispatch:read"]),
        (shaba.admin, ["moon"]),
    ):
        reply = await caller["registry"].post("/v1/tokens", body(scopes=scopes))
        assert (reply.status, reply.body["code"]) == (403, "scope-not-yours"), scopes
    unit = await shaba.health["registry"].post("/v1/tokens", body(scopes=["dispatch:read"]))
    assert (unit.status, unit.body["code"]) == (403, "staff-only")
    script = await as_script(shaba, await issued(shaba.staff["registry"]), "registry")
    chained = await script.post("/v1/tokens", body())
    assert (chained.status, chained.body["code"]) == (403, "personal-token-not-enough")
    far = format_time(datetime.now(UTC) + timedelta(days=400))
    for wrong, code in ((far, "expiry-too-far"), ("2020-01-01T00:00:00Z", "expiry-passed")):
        reply = await shaba.staff["registry"].post("/v1/tokens", body(expires_at=wrong))
        assert (reply.status, reply.body["code"]) == (422, code)


async def refused_everywhere(shaba: Community, token: str | None) -> None:
    for service in SERVICES:
        script = Client(shaba.stack.services[service], shaba.session, token)

        async def refused(script: Client = script) -> bool:
            return bool((await script.get("/v1/events")).body.get("code") == "token-revoked")

        await until(refused, 5)


async def test_a_revoked_personal_token_and_what_it_got_are_refused_within_seconds(shaba: Community) -> None:
    made = await issued(shaba.admin["registry"], scopes=["events:read"])
    script = await as_script(shaba, made, "registry")
    assert (await script.get("/v1/events")).status == 200
    gone = await shaba.admin["registry"].post(f"{made.headers['location']}/revoke")
    assert gone.status == 200, gone.body
    await refused_everywhere(shaba, script.token)
    fields = {"client_id": made.body["client_id"], "client_secret": made.body["token"]}
    again = await exchanged(shaba, "/oauth/token", grant_type="client_credentials", **fields)
    assert again.body == {"error": "invalid_client"}


async def exchanged(shaba: Community, path: str, **fields: str) -> Reply:
    nobody = Client(shaba.stack.services["registry"], shaba.session)
    return await nobody.call("POST", path, data=urlencode(fields).encode(), headers=FORM)


async def test_a_personal_token_revokes_itself(shaba: Community) -> None:
    made = await issued(shaba.admin["registry"], scopes=["events:read"])
    script = await as_script(shaba, made, "registry")
    own = {"client_id": made.body["client_id"], "client_secret": made.body["token"]}
    assert (await exchanged(shaba, "/oauth/revoke", token=made.body["token"], **own)).status == 200
    await refused_everywhere(shaba, script.token)


async def test_with_its_owner_a_personal_token_ends(shaba: Community) -> None:
    registry = shaba.stack.services["registry"]
    owner = await shaba.admin["registry"].post("/v1/clients", {"name": "leaver", "role": "admin"})
    token = await access_token(shaba.session, registry, owner.body["client_id"], owner.body["client_secret"])
    made = await issued(Client(registry, shaba.session, token), scopes=["events:read"])
    script = await as_script(shaba, made, "registry")
    revoked = await shaba.admin["registry"].post(f"/v1/clients/{owner.body['client_id']}/revoke")
    assert revoked.status == 200
    await refused_everywhere(shaba, script.token)
    fields = {"client_id": made.body["client_id"], "client_secret": made.body["token"]}
    again = await exchanged(shaba, "/oauth/token", grant_type="client_credentials", **fields)
    assert again.body == {"error": "invalid_client"}
