"""Bad input gets a 4xx problem document with a stable code; it echoes nothing and records nothing."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from deploy.stack import Stack
from tests.support.client import Client, Reply
from tests.support.community import HEALTH, MEALS, SERVICES, Community, slot

CANARY = "canary-7f3a"
REQUEST: dict[str, object] = {"service": MEALS, "grid": "shaba-03", "channel": "telephone"}


def assert_refused(reply: Reply, *allowed: int) -> None:
    assert reply.status in (allowed or (400, 404, 409, 413, 415, 422)), (reply.status, reply.body)
    assert reply.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "code", "detail"} <= reply.body.keys()
    assert len(reply.body["detail"].split()) > 2
    assert reply.body["status"] == reply.status
    assert CANARY.encode() not in reply.raw
    assert b"Traceback" not in reply.raw


async def head(client: Client) -> str:
    """The position of the service's log, as its feed tells."""
    after = "0"
    while (following := (await client.get("/v1/events", after=after, limit="500")).body["next"]) is not None:
        after = str(following)
    return after


BODIES: dict[str, bytes] = {
    "not-json": b"{" + CANARY.encode(),
    "empty": b"",
    "null": b"null",
    "list": b"[]",
    "text": b'"' + CANARY.encode() + b'"',
    "nan": b'{"service": NaN, "grid": "shaba-03", "channel": "telephone"}',
    "infinity": b'{"service": -Infinity}',
    "duplicate-key": b'{"service": "a", "service": "b", "grid": "shaba-03", "channel": "telephone"}',
    "lone-surrogate": rb'{"service": "service-home-meals", "grid": "\ud800", "channel": "telephone"}',
    "bad-utf8": b'{"service": "\xff\xfe", "grid": "shaba-03", "channel": "telephone"}',
    "deep": b"[" * 5000 + b"]" * 5000,
    "unknown-field": json.dumps({**REQUEST, CANARY: 1}).encode(),
    "huge-number": b'{"service": 1e400, "grid": "shaba-03", "channel": "telephone"}',
    "long-text": json.dumps({**REQUEST, "text": CANARY * 2000}).encode(),
    "two-mebibytes": json.dumps({**REQUEST, "text": "x" * 2_097_152}).encode(),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_bad_body_is_refused_and_records_nothing(shaba: Community, name: str) -> None:
    before = await head(shaba.admin["dispatch"])
    reply = await shaba.staff["dispatch"].call("POST", "/v1/requests", data=BODIES[name])
    assert_refused(reply, 400, 413, 422)
    assert await head(shaba.admin["dispatch"]) == before


WRONG = [{"$ne": None}, {"$gt": ""}, ["x"], 7, 1.5, True, None, "", CANARY + "/../x", "x" * 5000, "\x00"]


@pytest.mark.parametrize("field", ["service", "grid", "channel", "resident"])
async def test_a_wrong_value_in_any_field_is_refused(shaba: Community, field: str) -> None:
    for value in WRONG:
        if field == "resident" and value is None:
            continue
        reply = await shaba.staff["dispatch"].post("/v1/requests", {**REQUEST, field: value})
        assert_refused(reply, 422)


WRITES: list[tuple[str, str, dict[str, object]]] = [
    ("registry", "/v1/clients", {"name": "x", "role": "dispatcher"}),
    ("registry", "/v1/units", {"name": "x", "kind": "health"}),
    ("registry", f"/v1/units/{HEALTH}/clients", {"name": "x"}),
    ("registry", "/v1/volunteers", {"name": "x", "unit": HEALTH, "team": "residents", "skills": []}),
    ("registry", "/v1/residents", {"name": "x", "grid": "shaba-03", "tier": "high", "flags": []}),
    ("registry", "/v1/grids", {"grid": "x", "name": {"zh": "x", "en": "x"}}),
    ("dispatch", "/v1/requests/{request}/triage", {"priority": "urgent"}),
    ("dispatch", "/v1/requests/{request}/assignments", {"volunteer": "volunteer-x", "slot": slot()}),
    ("dispatch", "/v1/requests/{request}/visits", {"volunteer": "volunteer-x", "slot": slot()}),
    ("notify", "/v1/endpoints", {"unit": HEALTH, "url": "https://example.org/x", "events": ["*"]}),
]


@pytest.mark.parametrize(("service", "path", "body"), WRITES, ids=[path for _, path, _ in WRITES])
async def test_an_operator_in_any_field_of_any_write_is_refused(
    shaba: Community, service: str, path: str, body: dict[str, object]
) -> None:
    path = path.replace("{request}", await shaba.request())
    before = await head(shaba.admin[service])
    for field in body:
        wrongs: tuple[object, ...] = ({"$ne": None}, 7, [[]], {CANARY: CANARY})
        for wrong in wrongs:
            assert_refused(await shaba.admin[service].post(path, {**body, field: wrong}), 422)
        missing = {name: value for name, value in body.items() if name != field}
        if field not in ("skills", "flags", "events"):
            assert_refused(await shaba.admin[service].post(path, missing), 422)
    assert_refused(await shaba.admin[service].post(path, {**body, CANARY: 1}), 422)
    assert await head(shaba.admin[service]) == before


@pytest.mark.parametrize(
    "id", ["nothing", "request-nothing", "request-%00", "a%2Fb", "..%2F..", "request-x.visit-1", "%F0%9F%8C"]
)
async def test_an_id_that_is_none_is_404(shaba: Community, id: str) -> None:
    dispatch = shaba.staff["dispatch"]
    assert_refused(await dispatch.get(f"/v1/requests/{id}"), 404)
    assert_refused(await dispatch.post(f"/v1/requests/{id}/triage", {"priority": "stat"}), 404)
    assert_refused(await dispatch.post(f"/v1/visits/{id}/check-in", {"method": "gps"}), 404)
    assert_refused(await shaba.staff["registry"].get(f"/v1/units/{id}"), 404)


async def test_unknown_references_in_a_body_are_422(shaba: Community) -> None:
    dispatch, registry = shaba.staff["dispatch"], shaba.admin["registry"]
    for field, code in (("service", "unknown-service"), ("resident", "unknown-resident")):
        reply = await dispatch.post("/v1/requests", {**REQUEST, field: "unit-nothing"})
        assert (reply.status, reply.body["code"]) == (422, code)
    reply = await dispatch.post("/v1/requests", {**REQUEST, "grid": "shaba-99"})
    assert (reply.status, reply.body["code"]) == (422, "unknown-grid")
    body = {"name": "x", "unit": "unit-nothing", "team": "residents", "skills": []}
    reply = await registry.post("/v1/volunteers", body)
    assert (reply.status, reply.body["code"]) == (422, "unknown-unit")
    reply = await registry.post("/v1/units/unit-nothing/clients", {"name": "x"})
    assert (reply.status, reply.body["code"]) == (404, "not-found")


async def test_another_media_type_is_415(shaba: Community) -> None:
    reply = await shaba.staff["dispatch"].call(
        "POST", "/v1/requests", data=b"<x/>", headers={"Content-Type": "application/xml"}
    )
    assert_refused(reply, 415)


async def test_bad_headers_are_400(shaba: Community) -> None:
    dispatch = shaba.staff["dispatch"]
    for headers in ({"Idempotency_Key": "a b"}, {"If_Match": "W/x"}, {"Linli_After": "nobody"}):
        assert_refused(await dispatch.post("/v1/requests", REQUEST, **headers), 400)


@pytest.mark.parametrize("service", SERVICES)
async def test_unknown_query_fields_and_methods_are_refused(shaba: Community, service: str) -> None:
    client = shaba.admin[service]
    assert_refused(await client.get("/v1/events", **{"after[$ne]": "1"}), 422)
    assert_refused(await client.get("/v1/events", after="-1"), 422)
    assert_refused(await client.get("/v1/events", limit=CANARY), 422)
    assert_refused(await client.call("DELETE", "/v1/events"), 405)
    assert_refused(await client.get(f"/{CANARY}"), 404)


async def test_oauth_errors_are_those_of_rfc_6749(shaba: Community) -> None:
    url = shaba.stack.services["registry"] + "/oauth/token"
    secret = {"client_id": "client-admin", "client_secret": CANARY}
    cases: list[tuple[dict[str, str], int, str]] = [
        ({}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", **secret}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", **secret, "client_id": "unit-x"}, 401, "invalid_client"),
    ]
    for form, status, error in cases:
        async with shaba.session.post(url, data=form) as response:
            raw = await response.read()
            assert (response.status, json.loads(raw)) == (status, {"error": error})


def unsigned(header: dict[str, object]) -> str:
    """A token with this header, which nobody signed."""
    parts = (json.dumps(header).encode(), b"{}", b"x" * 64)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.mark.parametrize("header", [{"alg": "EdDSA", "crit": 5}, {"alg": 5}, {"alg": "none"}, {"kid": []}])
async def test_a_token_with_an_odd_header_is_401(shaba: Community, header: dict[str, object]) -> None:
    for service in SERVICES:
        client = Client(shaba.stack.services[service], shaba.session, unsigned(header))
        reply = await client.get("/v1/events")
        assert (reply.status, reply.body["code"]) == (401, "token-invalid")


async def test_basic_credentials_that_are_none_are_401(shaba: Community) -> None:
    url = shaba.stack.services["registry"] + "/oauth/token"
    for text in ("é", "%%%", "/w==", "YQ=="):
        headers = {"Authorization": f"Basic {text}"}
        async with shaba.session.post(
            url, data={"grant_type": "client_credentials"}, headers=headers
        ) as response:
            assert (response.status, await response.json()) == (401, {"error": "invalid_client"})


def test_nothing_of_all_this_left_a_traceback_in_a_log(running_stack: Stack) -> None:
    for service in SERVICES:
        log = Path(running_stack.folder.log(service)).read_text()
        assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:3000]
