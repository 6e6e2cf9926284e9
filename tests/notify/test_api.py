"""notify's interface: who may register what, and who sees what."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from pathlib import Path

import bson
import pytest

from services.notify.api import shapes
from services.notify.domain.endpoint import ENDPOINTS_PER_UNIT
from services.notify.signing import key_of
from services.registry.signing import SIGNING, load_signer
from shared.kernel.canonical import Json
from shared.runtime.keyring import load_keyring
from shared.runtime.mongo import Database
from shared.runtime.settings import NotifySettings
from tests.support.notifying import OTHER_UNIT, UNIT, Notify, Partner, Spoken, notify, partner_system
from tests.support.waiting import until

URL = "https://partner.example/hooks/a-secret-in-the-path"


def body(unit: str = UNIT, url: str = URL, events: tuple[str, ...] = ("*",)) -> dict[str, Json]:
    return {"unit": unit, "url": url, "events": [*events]}


async def test_an_endpoint_is_registered_and_shown_by_its_host_alone(running: Notify) -> None:
    status, answer = await running.call("POST", "/v1/endpoints", running.token(), body())
    assert status == 201
    assert len(key_of(str(answer["secret"]))) == 32
    status, shown = await running.call("GET", f"/v1/endpoints/{answer['id']}", running.token())
    assert status == 200
    assert shown == {
        **shapes.Endpoint.example,
        "id": answer["id"],
        "unit": UNIT,
        "events": ["*"],
        "grids": [],
        "host": "partner.example",
        "registered_at": shown["registered_at"],
    }
    status, listed = await running.call("GET", "/v1/endpoints", running.token())
    assert listed == {"items": [shown], "next": None}


async def test_a_secret_is_shown_once(running: Notify) -> None:
    first = await running.call("POST", "/v1/endpoints", running.token(), body(), Idempotency_Key="the-same")
    again = await running.call("POST", "/v1/endpoints", running.token(), body(), Idempotency_Key="the-same")
    assert first[0] == again[0] == 201
    assert again[1] == {**first[1], "secret": None}
    _, listed = await running.call("GET", "/v1/endpoints", running.token())
    assert [item["id"] for item in listed["items"]] == [first[1]["id"]]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"url": "http://partner.example/"}, "url-not-allowed"),
        ({"url": "https://10.0.0.1/"}, "url-not-allowed"),
        ({"url": "https://user:pass@partner.example/"}, "url-not-allowed"),
        ({"events": ["request-creatd"]}, "unknown-event-type"),
        ({"events": ["deliveries-attempted"]}, "unknown-event-type"),
        ({"events": []}, "invalid-request"),
        ({"events": [{"$ne": None}]}, "invalid-request"),
        ({"events": ["*"] * 51}, "invalid-request"),
        ({"url": {"$ne": None}}, "invalid-request"),
        ({"url": ""}, "invalid-request"),
        ({"unit": {"$ne": None}}, "invalid-request"),
        ({"unit": "unit-a/b"}, "invalid-request"),
        ({"secret": "whsec_mine"}, "invalid-request"),
    ],
)
async def test_what_is_wrong_is_refused_and_not_recorded(
    running: Notify, wrong: dict[str, Json], code: str
) -> None:
    status, answer = await running.call("POST", "/v1/endpoints", running.token(), {**body(), **wrong})
    assert (status, answer["code"]) == (422, code)
    assert await running.service.store.head() == 0


async def test_a_private_address_is_refused_where_no_network_is_allowed(
    settings: NotifySettings, partner: Partner
) -> None:
    async with notify(settings.model_copy(update={"allow_networks": []})) as running:
        for url in (partner.url, partner.url.replace("http:", "https:"), "https://localhost/"):
            status, answer = await running.call("POST", "/v1/endpoints", running.token(), body(url=url))
            assert (status, answer["code"]) == (422, "url-not-allowed")
    async with notify(settings) as running:
        await running.endpoint(partner.url)
    # A network that is no longer allowed is not delivered to, whatever was registered before.
    async with notify(settings.model_copy(update={"allow_networks": []})) as running:
        await running.hears(Spoken().volunteers(1))
        await until(lambda: _all(running, "exhausted"))
    assert partner.received == []


async def _all(running: Notify, state: str) -> bool:
    return set(await running.states()) == {state}


async def test_another_units_endpoints_and_deliveries_are_not_there(
    running: Notify, partner: Partner
) -> None:
    endpoint, _ = await running.endpoint(partner.url)
    await running.hears(Spoken().volunteers(1))
    await until(lambda: _all(running, "delivered"))
    other = running.token(unit=OTHER_UNIT)
    for path in (f"/v1/endpoints/{endpoint}", f"/v1/deliveries?endpoint={endpoint}"):
        status, answer = await running.call("GET", path, other)
        assert (status, answer["code"]) == (404, "not-found")
    for path in ("/v1/endpoints", "/v1/deliveries"):
        assert await running.call("GET", path, other) == (200, {"items": [], "next": None})
    assert (await running.call("POST", "/v1/endpoints", other, body()))[0] == 404
    unknown = await running.call("GET", "/v1/deliveries?endpoint=endpoint-none", running.token())
    assert unknown[0] == 404


async def test_staff_register_for_units_that_are_known(running: Notify) -> None:
    admin = running.token("admin")
    status, answer = await running.call("POST", "/v1/endpoints", admin, body())
    assert (status, answer["code"]) == (422, "unknown-unit")
    await running.hears([Spoken().say("unit-registered", UNIT, name="东川卫生服务中心", kind="health")])
    assert (await running.call("POST", "/v1/endpoints", admin, body()))[0] == 201
    for role, status in (("admin", 200), ("dispatcher", 200), ("auditor", 403)):
        assert (await running.call("GET", "/v1/endpoints", running.token(role)))[0] == status  # type: ignore[arg-type]
    dispatcher = running.token("dispatcher")
    assert (await running.call("POST", "/v1/endpoints", dispatcher, body()))[0] == 403
    assert (await running.call("GET", "/v1/deliveries", ""))[0] == 401


async def test_deliveries_come_in_pages_by_endpoint_and_state(running: Notify, partner: Partner) -> None:
    async with partner_system(hangs=True) as hanging:
        first, _ = await running.endpoint(partner.url)
        second, _ = await running.endpoint(hanging.url)
        await running.hears(Spoken().volunteers(7))
        await until(lambda: _counts(running, {"delivered": 7, "pending": 7}))
        seen: list[tuple[Json, Json]] = []
        following: Json = ""
        while following is not None:
            path = "/v1/deliveries?limit=3" + (f"&cursor={following}" if following else "")
            status, page = await running.call("GET", path, running.token())
            assert status == 200
            items = page["items"]
            assert 1 <= len(items) <= 3
            seen += [(item["event"], item["endpoint"]) for item in items]
            following = page["next"]
        assert len(seen) == len(set(seen)) == 14
        assert [endpoint for _, endpoint in seen] == [first] * 7 + [second] * 7
        assert len(await running.deliveries(f"endpoint={first}&state=delivered")) == 7
        assert await running.deliveries(f"endpoint={first}&state=pending") == []
        assert len(await running.deliveries("state=pending")) == 7


async def _counts(running: Notify, wanted: dict[str, int]) -> bool:
    states = await running.states()
    return {state: states.count(state) for state in set(states)} == wanted


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "endpoint-1|9|2026-11-24T03:29:28.123Z|0192f5d0-7c20-7001-8000-0000000000aa",
        "endpoint-1|1|2026-99-24T03:29:28.123Z|0192f5d0-7c20-7001-8000-0000000000aa",
        "endpoint-1|1|0001-01-01T00:00:00.000Z|x",
    ],
)
async def test_a_cursor_of_ones_own_making_is_refused(running: Notify, text: str) -> None:
    cursor = base64.urlsafe_b64encode(text.encode()).decode()
    status, answer = await running.call("GET", f"/v1/deliveries?cursor={cursor}", running.token())
    assert (status, answer["code"]) == (400, "invalid-cursor")


async def test_secrets_and_urls_are_nowhere_in_the_database_and_in_no_event(
    running: Notify, database: Database, partner: Partner
) -> None:
    _, secret = await running.endpoint(partner.url)
    await running.hears(Spoken().volunteers(1))
    await until(lambda: _all(running, "delivered"))
    raw = b""
    for name in await database.list_collection_names():
        raw += b"".join([bson.encode(document) async for document in database[name].find({})])
    assert UNIT.encode() in raw
    for planted in (b"secret-path-of-the-url", secret.encode(), secret[6:].encode(), key_of(secret)):
        assert planted not in raw


async def test_metrics_tell_of_attempts_and_of_what_is_pending(running: Notify, partner: Partner) -> None:
    await running.endpoint(partner.url)
    await running.hears(Spoken().volunteers(1))
    await until(lambda: _all(running, "delivered"))
    async with running.session.get(running.url + "/metrics") as response:
        text = await response.text()
    assert 'linli_delivery_attempts_total{outcome="delivered"}' in text
    assert "linli_deliveries_pending" in text


async def test_fifty_endpoints_at_once_are_all_told(running: Notify, partner: Partner) -> None:
    await asyncio.gather(*(running.endpoint(partner.url) for _ in range(50)))
    await running.hears(Spoken().volunteers(4))
    await until(lambda: len(partner.received) == 200)
    assert len(set(partner.ids)) == 4


async def test_the_limit_of_a_unit_holds_for_calls_at_the_same_time(running: Notify) -> None:
    calls = [running.call("POST", "/v1/endpoints", running.token(), body()) for _ in range(120)]
    answers = await asyncio.gather(*calls)
    _, listed = await running.call("GET", "/v1/endpoints?limit=500", running.token())
    refused = [answer["code"] for status, answer in answers if status != 201]
    assert refused == ["too-many-endpoints"] * (120 - ENDPOINTS_PER_UNIT)
    assert len(listed["items"]) == ENDPOINTS_PER_UNIT


@pytest.mark.parametrize(("service", "status"), [("registry", 201), ("dispatch", 422)])
async def test_units_are_believed_from_registry_only(running: Notify, service: str, status: int) -> None:
    await running.hears([Spoken(service).say("unit-registered", OTHER_UNIT, name={}, details="-")])
    token = running.token("admin")
    answered, _ = await running.call("POST", "/v1/endpoints", token, body(OTHER_UNIT))
    assert answered == status


async def test_keys_are_believed_from_registry_only(running: Notify, tmp_path: Path) -> None:
    other = load_signer(load_keyring(tmp_path / "another.json", (SIGNING,)))
    stranger = replace(running, signer=other)
    spoken = {service: Spoken(service) for service in ("dispatch", "registry")}
    answered = {}
    for service, said in spoken.items():
        await running.hears([said.say("signing-key-published", f"key-{other.kid}", kid=other.kid, x=other.x)])
        answered[service], _ = await running.call("GET", "/v1/endpoints", stranger.token())
    assert answered == {"dispatch": 401, "registry": 200}
