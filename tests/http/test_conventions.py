"""What every service's interface has in common."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator

from shared.kernel.partner import PRIVATE_ATTRIBUTES
from shared.runtime.http.problems import Problem
from shared.runtime.http.rate import RateLimit
from tests.support.client import Client
from tests.support.community import HEALTH_HELP, MEALS, SERVICES, Community, slot

REQUEST = {"service": MEALS, "grid": "shaba-03", "channel": "telephone"}


async def test_a_created_thing_answers_201_with_location_etag_and_id(shaba: Community) -> None:
    reply = await shaba.staff["dispatch"].post("/v1/requests", REQUEST)
    assert reply.status == 201
    assert reply.headers["location"] == f"/v1/requests/{reply.body['id']}"
    assert reply.headers["etag"] == '"1"'
    assert reply.headers["linli-position"].startswith("dispatch@")
    assert (await shaba.staff["dispatch"].get(reply.headers["location"])).status == 200


async def test_one_idempotency_key_fifty_times_at_once_is_one_request(shaba: Community) -> None:
    key = str(uuid4())
    replies = await asyncio.gather(
        *(shaba.staff["dispatch"].post("/v1/requests", REQUEST, Idempotency_Key=key) for _ in range(50))
    )
    assert {reply.status for reply in replies} == {201}
    assert len({reply.raw for reply in replies}) == 1
    assert len({reply.headers["linli-position"] for reply in replies}) == 1
    quoted = await shaba.staff["dispatch"].post("/v1/requests", REQUEST, Idempotency_Key=f'"{key}"')
    assert quoted.raw == replies[0].raw


async def test_a_key_used_for_another_body_is_422(shaba: Community) -> None:
    key = str(uuid4())
    await shaba.staff["dispatch"].post("/v1/requests", REQUEST, Idempotency_Key=key)
    other = {**REQUEST, "grid": "shaba-04"}
    reply = await shaba.staff["dispatch"].post("/v1/requests", other, Idempotency_Key=key)
    assert (reply.status, reply.body["code"]) == (422, "idempotency-key-reused")


async def test_the_same_key_of_another_client_is_another_command(shaba: Community) -> None:
    key = str(uuid4())
    ours = await shaba.staff["dispatch"].post("/v1/requests", REQUEST, Idempotency_Key=key)
    theirs = await shaba.admin["dispatch"].post("/v1/requests", REQUEST, Idempotency_Key=key)
    assert ours.body["id"] != theirs.body["id"]


async def test_a_retry_after_the_stream_moved_on_gets_its_first_answer(shaba: Community) -> None:
    dispatch = shaba.staff["dispatch"]
    id, key = await shaba.request(), str(uuid4())
    headers = {"Idempotency_Key": key, "If_Match": '"1"'}
    first = await dispatch.post(f"/v1/requests/{id}/triage", {"priority": "urgent"}, **headers)
    volunteer = await shaba.volunteer()
    body = {"volunteer": volunteer, "slot": slot()}
    assert (await dispatch.post(f"/v1/requests/{id}/assignments", body)).status == 201
    again = await dispatch.post(f"/v1/requests/{id}/triage", {"priority": "urgent"}, **headers)
    assert (first.status, again.status) == (200, 200)
    assert first.raw == again.raw


async def test_a_secret_is_shown_once(shaba: Community) -> None:
    body, key = {"name": "night shift", "role": "dispatcher"}, str(uuid4())
    first = await shaba.admin["registry"].post("/v1/clients", body, Idempotency_Key=key)
    again = await shaba.admin["registry"].post("/v1/clients", body, Idempotency_Key=key)
    assert first.body["client_secret"]
    assert again.body == {**first.body, "client_secret": None}
    assert first.headers["cache-control"] == "no-store"


async def test_if_match_with_another_version_is_412(shaba: Community) -> None:
    id = await shaba.request()
    triage = f"/v1/requests/{id}/triage"
    reply = await shaba.staff["dispatch"].post(triage, {"priority": "urgent"}, If_Match='"7"')
    assert (reply.status, reply.body["code"]) == (412, "version-mismatch")
    reply = await shaba.staff["dispatch"].post(triage, {"priority": "urgent"}, If_Match='"1"')
    assert (reply.status, reply.headers["etag"]) == (200, '"2"')


async def test_what_registry_just_told_is_never_unknown_to_dispatch(shaba: Community) -> None:
    for _ in range(10):
        body = {"name": "张", "grid": "shaba-01", "tier": "general", "confirmed": True}
        made = await shaba.admin["registry"].post("/v1/residents", body)
        asked = await shaba.staff["dispatch"].post(
            "/v1/requests",
            {**REQUEST, "resident": made.body["id"]},
            Linli_After=made.headers["linli-position"],
        )
        assert asked.status == 201, asked.body


async def test_a_position_that_never_comes_is_503_with_retry_after(shaba: Community) -> None:
    reply = await shaba.staff["dispatch"].post("/v1/requests", REQUEST, Linli_After="registry@99999999")
    assert (reply.status, reply.body["code"]) == (503, "not-caught-up")
    assert int(reply.headers["retry-after"]) > 0


async def test_lists_are_paged_by_an_opaque_cursor(shaba: Community) -> None:
    registry = shaba.staff["registry"]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        reply = await registry.get("/v1/services", limit="20", **cursor)
        seen += [item["id"] for item in reply.body["items"]]
        if reply.body["next"] is None:
            break
        assert 'rel="next"' in reply.headers["link"]
        cursor = {"cursor": str(reply.body["next"])}
    assert len(seen) == len(set(seen)) > 50
    assert HEALTH_HELP in seen
    bad = await registry.get("/v1/services", cursor="%%%")
    assert (bad.status, bad.body["code"]) == (400, "invalid-cursor")


@pytest.mark.parametrize("service", SERVICES)
async def test_request_id_and_rate_limit_are_on_every_answer(shaba: Community, service: str) -> None:
    reply = await shaba.admin[service].call("GET", "/v1/event-types", headers={"X-Request-Id": "mine-1"})
    assert reply.headers["x-request-id"] == "mine-1"
    assert {"ratelimit", "ratelimit-policy"} <= reply.headers.keys()


async def test_request_id_and_trace_are_in_the_event(shaba: Community) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = {"X_Request_Id": "call-77", "traceparent": trace}
    reply = await shaba.staff["dispatch"].post("/v1/requests", REQUEST, **headers)
    pos = int(reply.headers["linli-position"].split("@")[1])
    feed = await shaba.admin["dispatch"].get("/v1/events", after=str(pos - 1), limit="1")
    [event] = feed.body["items"]
    assert event["correlationid"] == "call-77"
    assert event["traceparent"] == trace


@pytest.mark.parametrize("service", SERVICES)
async def test_health_says_which_dependency_is_there(shaba: Community, service: str) -> None:
    ready = await shaba.admin[service].get("/readyz")
    assert ready.status == 200
    assert ready.body["dependencies"]["store"] == "up"
    assert ready.body["dependencies"]["broker"] == "up"
    assert (await shaba.admin[service].get("/livez")).status == 200
    metrics = await shaba.admin[service].get("/metrics")
    assert b"linli_http_requests_total" in metrics.raw


@pytest.mark.parametrize("service", SERVICES)
async def test_every_event_type_of_a_service_has_its_schema(shaba: Community, service: str) -> None:
    types = await shaba.admin[service].get("/v1/event-types")
    for item in types.body["items"]:
        name = item["type"]
        schema = await shaba.admin[service].get(f"/v1/event-types/{name}")
        assert schema.body["$id"] == f"urn:linli:event:{name}:1"


@pytest.mark.parametrize("service", SERVICES)
async def test_every_event_type_of_a_service_comes_with_words_and_an_example(
    shaba: Community, service: str
) -> None:
    everybody = Client(shaba.stack.services[service], shaba.session)
    items = (await everybody.get("/v1/event-types")).body["items"]
    for item in items:
        example = item["example"]
        assert len(item["description"].split()) >= 3
        assert (example["type"], example["source"]) == (item["type"], f"/linli/{service}")
        schema = (await everybody.get(f"/v1/event-types/{item['type']}")).body
        Draft202012Validator(schema).validate(example["data"])
        assert not PRIVATE_ATTRIBUTES & example.keys()
        if item["told"]:
            assert example["data"]["units"] == [example["recipient"]]
            assert example["unitsequence"] > 0
    for told in (True, False):
        some = (await everybody.get("/v1/event-types", told=str(told).lower())).body["items"]
        assert some == [item for item in items if item["told"] is told]
    assert (await everybody.get("/v1/event-types", told="perhaps")).status == 422


async def test_a_units_feed_has_what_concerns_it_without_persons_and_others(shaba: Community) -> None:
    resident = await shaba.resident()
    id = await shaba.request(resident=resident, text="头晕")
    staff = await shaba.admin["dispatch"].get(f"/v1/requests/{id}")
    reply = await shaba.health["dispatch"].get("/v1/events", limit="500")
    while str(id).encode() not in reply.raw:
        reply = await shaba.health["dispatch"].get("/v1/events", limit="500", after=str(reply.body["next"]))
    assert resident.encode() not in reply.raw
    assert b"authid" not in reply.raw
    assert b"unit-police-station" not in reply.raw
    assert staff.body["resident"] == resident
    school = await shaba.school["dispatch"].get("/v1/events", limit="500")
    assert str(id).encode() not in school.raw


async def test_too_many_calls_are_429_with_retry_after() -> None:
    now = [0.0]
    limit = RateLimit(quota=3, window=10, clock=lambda: now[0])
    for _ in range(3):
        limit.count("a")
    limit.count("b")
    with pytest.raises(Problem) as refused:
        limit.count("a")
    assert refused.value.status == 429
    assert refused.value.headers["Retry-After"] == "10"
    now[0] = 10.0
    assert limit.count("a")["RateLimit"] == '"caller";r=2;t=10'


async def test_a_position_of_a_service_that_is_not_followed_is_not_waited_for(shaba: Community) -> None:
    reply = await shaba.staff["dispatch"].post("/v1/requests", REQUEST, Linli_After="notify@1")
    assert reply.status == 201
    reply = await shaba.staff["dispatch"].post("/v1/requests", REQUEST, Linli_After="nobody@1")
    assert (reply.status, reply.body["code"]) == (400, "invalid-consistency-token")


async def test_a_location_leads_to_the_thing(shaba: Community) -> None:
    registry = shaba.admin["registry"]
    name = {"zh": "新网格", "en": "new grid"}
    for path, body in (
        ("/v1/units", {"name": "x", "kind": "firm"}),
        ("/v1/clients", {"name": "x", "role": "auditor"}),
        ("/v1/grids", {"grid": f"g-{uuid4().hex[:8]}", "name": name}),
        ("/v1/residents", {"name": "x", "grid": "shaba-01", "tier": "key", "confirmed": True}),
    ):
        made = await registry.post(path, body)
        assert made.status == 201, made.body
        after = {"Linli-After": made.headers["linli-position"]}
        found = await registry.call("GET", made.headers["location"], headers=after)
        assert (found.status, found.body["id"]) == (200, made.body["id"])


async def test_a_client_cannot_revoke_itself(shaba: Community) -> None:
    reply = await shaba.admin["registry"].post("/v1/clients/client-admin/revoke")
    assert (reply.status, reply.body["code"]) == (409, "cannot-revoke-itself")


async def test_a_scope_that_is_none_is_refused(shaba: Community) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": shaba.stack.admin.client_id,
        "client_secret": shaba.stack.admin.client_secret,
        "scope": "moon",
    }
    async with shaba.session.post(shaba.stack.services["registry"] + "/oauth/token", data=form) as response:
        assert (response.status, await response.json()) == (400, {"error": "invalid_scope"})
