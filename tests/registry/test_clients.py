"""Clients: what they may do, their secrets, and their end; tokens revoked and looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from shared.kernel.times import format_time
from shared.runtime.access import SCOPES
from tests.support.client import Client, Reply, access_token
from tests.support.community import HEALTH, SERVICES, Community
from tests.support.waiting import until

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def oauth(shaba: Community, path: str, by: str | None = None, **fields: str) -> Reply:
    """POST a form to registry, with the access token `by`."""
    caller = Client(shaba.stack.services["registry"], shaba.session, by)
    return await caller.call("POST", path, data=urlencode(fields).encode(), headers=FORM)


async def asked(shaba: Community, client: str, secret: str, **more: str) -> Reply:
    """The answer to a request for a token."""
    fields = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret, **more}
    return await oauth(shaba, "/oauth/token", **fields)


async def registered(shaba: Community, **body: Any) -> Reply:
    return await shaba.admin["registry"].post("/v1/clients", {"name": "x", "role": "admin", **body})


async def as_client(shaba: Community, made: Reply, service: str = "registry", scope: str = "") -> Client:
    """A caller with a token of a client that was just registered."""
    more = {"scope": scope} if scope else {}
    reply = await asked(shaba, made.body["client_id"], made.body["client_secret"], **more)
    assert reply.status == 200, reply.body
    return Client(shaba.stack.services[service], shaba.session, reply.body["access_token"])


async def test_a_client_has_the_scopes_that_it_was_given_and_no_more(shaba: Community) -> None:
    made = await registered(shaba, role="dispatcher", scopes=["dispatch:read", "registry:read"])
    id, secret = made.body["client_id"], made.body["client_secret"]
    assert (await asked(shaba, id, secret)).body["scope"] == "dispatch:read registry:read"
    some = await asked(shaba, id, secret, scope="dispatch:read dispatch:write registry:admin")
    assert some.body["scope"] == "dispatch:read"
    none = await asked(shaba, id, secret, scope="dispatch:write")
    assert (none.status, none.body) == (400, {"error": "invalid_scope"})
    shown = await shaba.admin["registry"].call(
        "GET", f"/v1/clients/{id}", headers={"Linli-After": made.headers["linli-position"]}
    )
    assert shown.body["scopes"] == ["dispatch:read", "registry:read"]


async def test_nobody_makes_a_client_that_may_do_more_than_they(shaba: Community) -> None:
    small = await as_client(shaba, await registered(shaba, scopes=["registry:admin", "dispatch:read"]))
    for body in (
        {"name": "x", "role": "admin"},
        {"name": "x", "role": "admin", "scopes": ["registry:admin", "operate"]},
        {"name": "x", "role": "dispatcher"},
        {"name": "x", "role": "auditor", "scopes": ["registry:admin"]},
        {"name": "x", "role": "dispatcher", "scopes": ["moon"]},
    ):
        reply = await small.post("/v1/clients", body)
        assert (reply.status, reply.body["code"]) == (403, "scope-not-yours"), body
    reply = await small.post(f"/v1/units/{HEALTH}/clients", {"name": "x"})
    assert (reply.status, reply.body["code"]) == (403, "scope-not-yours")
    fine = await small.post("/v1/clients", {"name": "x", "role": "dispatcher", "scopes": ["dispatch:read"]})
    assert fine.status == 201, fine.body


async def test_a_token_with_fewer_scopes_makes_no_client_with_all_of_them(shaba: Community) -> None:
    narrowed = await as_client(shaba, await registered(shaba), scope="registry:admin")
    reply = await narrowed.post("/v1/clients", {"name": "x", "role": "admin"})
    assert (reply.status, reply.body["code"]) == (403, "scope-not-yours")


async def test_nobody_takes_over_a_client_that_may_do_more_by_giving_it_a_secret(shaba: Community) -> None:
    small = await as_client(shaba, await registered(shaba, scopes=["registry:admin"]))
    reply = await small.post(f"/v1/clients/{shaba.stack.admin.client_id}/secrets", {})
    assert (reply.status, reply.body["code"]) == (403, "scope-not-yours")


async def test_a_new_secret_and_the_one_before_are_good_together_and_then_only_the_new(
    shaba: Community,
) -> None:
    made = await registered(shaba, role="auditor")
    id, old = made.body["client_id"], made.body["client_secret"]
    path = f"/v1/clients/{id}/secrets"
    rotated = await shaba.admin["registry"].post(path, {"overlap_seconds": 3600}, Idempotency_Key=f"{id}-1")
    assert rotated.status == 201, rotated.body
    new = rotated.body["client_secret"]
    left = datetime.fromisoformat(rotated.body["earlier_until"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    for secret in (old, new):
        assert (await asked(shaba, id, secret)).status == 200
    again = await shaba.admin["registry"].post(path, {"overlap_seconds": 3600}, Idempotency_Key=f"{id}-1")
    assert again.body == {**rotated.body, "client_secret": None}
    at_once = await shaba.admin["registry"].post(path, {"overlap_seconds": 0})
    for secret in (old, new):
        assert (await asked(shaba, id, secret)).body == {"error": "invalid_client"}
    assert (await asked(shaba, id, at_once.body["client_secret"])).status == 200
    for wrong in ({"overlap_seconds": -1}, {"overlap_seconds": 604_801}, {"overlap": 1}):
        assert (await shaba.admin["registry"].post(path, wrong)).status == 422
    nobody = await shaba.admin["registry"].post("/v1/clients/client-nothing/secrets", {})
    assert (nobody.status, nobody.body["code"]) == (404, "not-found")


async def test_a_clients_right_ends_at_its_expiry_and_no_token_outlives_it(shaba: Community) -> None:
    ends = datetime.now(UTC) + timedelta(seconds=2)
    made = await registered(shaba, role="auditor", expires_at=format_time(ends))
    id, secret = made.body["client_id"], made.body["client_secret"]
    granted = await asked(shaba, id, secret)
    assert 0 <= granted.body["expires_in"] <= 2
    await until(lambda: datetime.now(UTC) > ends, 5)
    over = await asked(shaba, id, secret)
    assert (over.status, over.body) == (401, {"error": "invalid_client"})
    past = await registered(shaba, expires_at="2020-01-01T00:00:00Z")
    assert (past.status, past.body["code"]) == (422, "expiry-passed")


async def test_it_is_known_to_the_hour_when_a_client_was_last_used(shaba: Community) -> None:
    made = await registered(shaba, role="auditor")
    after = {"Linli-After": made.headers["linli-position"]}
    path = made.headers["location"]
    unused = await shaba.admin["registry"].call("GET", path, headers=after)
    assert unused.body["last_used_at"] is None
    await as_client(shaba, made)
    used = (await shaba.admin["registry"].get(path)).body["last_used_at"]
    assert used.endswith(":00:00.000Z")
    assert datetime.now(UTC) - datetime.fromisoformat(used) < timedelta(hours=1, minutes=1)


async def test_metadata_says_where_everything_is(shaba: Community) -> None:
    registry = Client(shaba.stack.services["registry"], shaba.session)
    said = (await registry.get("/.well-known/oauth-authorization-server")).body
    assert said["issuer"] == registry.base
    assert said["scopes_supported"] == sorted(SCOPES)
    keys = await registry.get(said["jwks_uri"].removeprefix(registry.base))
    assert {key["alg"] for key in keys.body["keys"]} == {"EdDSA"}
    assert all("d" not in key for key in keys.body["keys"])
    for name in ("token_endpoint", "revocation_endpoint", "introspection_endpoint"):
        assert (await registry.post(said[name].removeprefix(registry.base))).status in (400, 401)


async def test_an_access_token_is_revoked_everywhere_within_seconds_and_no_other(shaba: Community) -> None:
    made = await registered(shaba)
    mine = {"client_id": made.body["client_id"], "client_secret": made.body["client_secret"]}
    token, other = [
        await access_token(shaba.session, shaba.stack.services["registry"], *mine.values()) for _ in range(2)
    ]
    for service in SERVICES:
        assert (
            await Client(shaba.stack.services[service], shaba.session, token).get("/v1/events")
        ).status == 200
    assert (await oauth(shaba, "/oauth/revoke", token=token, **mine)).status == 200
    for service in SERVICES:
        theirs = Client(shaba.stack.services[service], shaba.session, token)

        async def refused(theirs: Client = theirs) -> bool:
            return bool((await theirs.get("/v1/events")).body.get("code") == "token-revoked")

        await until(refused, 5)
        same = Client(shaba.stack.services[service], shaba.session, other)
        assert (await same.get("/v1/events")).status == 200
    assert (await oauth(shaba, "/oauth/revoke", token=token, **mine)).status == 200


async def test_one_revokes_ones_own_tokens_only(shaba: Community) -> None:
    mine = await registered(shaba, role="auditor")
    theirs = await as_client(shaba, await registered(shaba, role="auditor"))
    assert theirs.token is not None
    own = {"client_id": mine.body["client_id"], "client_secret": mine.body["client_secret"]}
    reply = await oauth(shaba, "/oauth/revoke", token=theirs.token, **own)
    assert (reply.status, reply.body) == (400, {"error": "invalid_grant"})
    assert (await theirs.get("/v1/events")).status == 200
    assert (await oauth(shaba, "/oauth/revoke", token="what-is-none", **own)).status == 200
    unsupported = await oauth(shaba, "/oauth/revoke", token=own["client_secret"], **own)
    assert unsupported.body == {"error": "unsupported_token_type"}
    assert (await oauth(shaba, "/oauth/revoke", **own)).body == {"error": "invalid_request"}
    assert (await oauth(shaba, "/oauth/revoke", token=theirs.token)).status == 401


async def test_introspection_tells_those_who_may_ask(shaba: Community) -> None:
    unit = shaba.health["registry"].token
    assert unit is not None
    asker = await as_client(shaba, await registered(shaba, scopes=["registry:introspect"]))
    told = await oauth(shaba, "/oauth/introspect", asker.token, token=unit)
    assert told.status == 200, told.body
    expected = {"active": True, "role": "unit", "unit": HEALTH, "aud": "linli", "communities": ["shaba"]}
    assert expected.items() <= told.body.items()
    assert told.body["exp"] - told.body["iat"] == 600
    for wrong in ("x.y.z", "linli_nothing"):
        assert (await oauth(shaba, "/oauth/introspect", asker.token, token=wrong)).body == {"active": False}
    assert (await oauth(shaba, "/oauth/introspect", asker.token)).body == {"error": "invalid_request"}
    for caller in (shaba.staff, shaba.auditor, shaba.health):
        refused = await oauth(shaba, "/oauth/introspect", caller["registry"].token, token=unit)
        assert (refused.status, refused.body["code"]) == (403, "insufficient-scope")
    assert (await oauth(shaba, "/oauth/introspect", token=unit)).status == 401


@pytest.mark.parametrize("secret", ["linli_" + "0" * 49, "linli_x"])
async def test_a_mistyped_secret_is_refused_like_any_other(shaba: Community, secret: str) -> None:
    reply = await asked(shaba, shaba.stack.admin.client_id, secret)
    assert (reply.status, reply.body) == (401, {"error": "invalid_client"})


async def test_a_client_says_who_it_is_in_one_way(shaba: Community) -> None:
    admin = shaba.stack.admin
    url = shaba.stack.services["registry"] + "/oauth/token"
    basic = {"Authorization": aiohttp.encode_basic_auth(admin.client_id, admin.client_secret)}
    form = {"grant_type": "client_credentials"}
    async with shaba.session.post(url, data=form, headers=basic) as response:
        assert response.status == 200
    both = {**form, "client_id": admin.client_id, "client_secret": admin.client_secret}
    async with shaba.session.post(url, data=both, headers=basic) as response:
        assert (response.status, await response.json()) == (400, {"error": "invalid_request"})
