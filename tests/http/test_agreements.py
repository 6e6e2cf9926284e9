"""By an agreement a unit's clients come in, see what was agreed on, and are out within seconds of its end."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import uuid4

from shared.kernel.times import format_time
from tests.support.client import Client, Reply, access_token
from tests.support.community import HEALTH, HEALTH_HELP, MEALS, SCHOOL, SERVICES, Community, slot
from tests.support.notifying import partner_system
from tests.support.waiting import until

NOW = datetime.now(UTC)
YESTERDAY, NEXT_YEAR = format_time(NOW - timedelta(days=1)), format_time(NOW + timedelta(days=365))


async def taken_on(shaba: Community) -> str:
    """A new unit, without an agreement."""
    body = {"name": f"消防站 {uuid4().hex}", "kind": "fire", "confirmed": True}
    reply = await shaba.admin["registry"].post("/v1/units", body)
    assert reply.status == 201, reply.body
    return str(reply.body["id"])


async def drafted(shaba: Community, unit: str, **fields: object) -> str:
    """A new draft with `unit`."""
    terms = {"services": [MEALS], "starts_at": YESTERDAY, "ends_at": NEXT_YEAR}
    reply = await shaba.admin["registry"].post("/v1/agreements", {"unit": unit, **terms, **fields})
    assert reply.status == 201, reply.body
    return str(reply.body["id"])


async def signed(shaba: Community, unit: str, **fields: object) -> str:
    """A new agreement with `unit`, signed."""
    id = await drafted(shaba, unit, **fields)
    reply = await shaba.admin["registry"].post(f"/v1/agreements/{id}/sign", {})
    assert reply.status == 200, reply.body
    return id


async def client_of(shaba: Community, unit: str) -> tuple[str, str]:
    """Id and secret of a new client of `unit`."""
    reply = await shaba.admin["registry"].post(f"/v1/units/{unit}/clients", {"name": "x"})
    assert reply.status == 201, reply.body
    return str(reply.body["client_id"]), str(reply.body["client_secret"])


async def asked(shaba: Community, client: tuple[str, str]) -> Reply:
    """The answer of the token route."""
    form = {"grant_type": "client_credentials", "client_id": client[0], "client_secret": client[1]}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    registry = Client(shaba.stack.services["registry"], shaba.session, "")
    return await registry.call("POST", "/oauth/token", data=urlencode(form).encode(), headers=headers)


async def let_in(shaba: Community, client: tuple[str, str]) -> dict[str, Client]:
    """The services, called by a unit's client."""
    token = await access_token(shaba.session, shaba.stack.services["registry"], *client)
    return {name: Client(shaba.stack.services[name], shaba.session, token) for name in SERVICES}


PATHS = {
    "registry": "/v1/units",
    "dispatch": "/v1/requests",
    "notify": "/v1/endpoints",
    "audit": "/v1/events",
}


async def test_no_token_without_an_agreement_and_access_as_soon_as_it_is_signed(shaba: Community) -> None:
    unit = await taken_on(shaba)
    client = await client_of(shaba, unit)
    refused = await asked(shaba, client)
    assert (refused.status, refused.body["error"]) == (400, "unauthorized_client")
    assert "agreement" in str(refused.body["error_description"])
    id = await drafted(shaba, unit)
    assert (await asked(shaba, client)).status == 400
    assert (await shaba.admin["registry"].post(f"/v1/agreements/{id}/sign", {})).status == 200
    services = await let_in(shaba, client)
    for name, path in PATHS.items():
        assert (await services[name].get(path)).status == 200, name
    [own] = (await services["registry"].get("/v1/agreements")).body["items"]
    assert (own["id"], own["status"]) == (id, "in-force")
    assert (await services["registry"].get("/v1/agreements", unit=HEALTH)).status == 404


async def test_ending_an_agreement_closes_every_door_within_five_seconds(shaba: Community) -> None:
    unit = await taken_on(shaba)
    client, id = await client_of(shaba, unit), await signed(shaba, unit)
    services = await let_in(shaba, client)
    for name, path in PATHS.items():
        assert (await services[name].get(path)).status == 200, name
    ended = await shaba.admin["registry"].post(f"/v1/agreements/{id}/end", {"reason": "closed"})
    assert (ended.status, ended.body["status"]) == (200, "ended")
    began = time.monotonic()
    assert (await asked(shaba, client)).status == 400

    async def is_shut(name: str, path: str) -> None:
        async def shut() -> bool:
            reply = await services[name].get(path)
            return reply.status == 403 and reply.body["code"] == "no-agreement-in-force"

        await until(shut, 5)

    await asyncio.gather(*(is_shut(name, path) for name, path in PATHS.items()))
    assert time.monotonic() - began < 5
    shown = await shaba.admin["registry"].get(f"/v1/agreements/{id}")
    assert (shown.body["status"], shown.body["ended"]) == ("ended", "closed")
    again = await signed(shaba, unit)
    assert again != id
    assert (await (await let_in(shaba, client))["dispatch"].get("/v1/requests")).status == 200


async def test_an_agreement_ends_by_the_clock_though_nobody_says_so(shaba: Community) -> None:
    unit = await taken_on(shaba)
    client = await client_of(shaba, unit)
    soon = format_time(datetime.now(UTC) + timedelta(seconds=4))
    id = await signed(shaba, unit, ends_at=soon)
    services = await let_in(shaba, client)
    assert (await services["dispatch"].get("/v1/requests")).status == 200

    async def shut() -> bool:
        return (await services["dispatch"].get("/v1/requests")).status == 403

    await until(shut, 10)
    assert (await shaba.admin["registry"].get(f"/v1/agreements/{id}")).body["status"] == "expired"


async def test_a_retired_unit_is_out_whatever_was_agreed_on(shaba: Community) -> None:
    unit = await taken_on(shaba)
    client, _ = await client_of(shaba, unit), await signed(shaba, unit)
    services = await let_in(shaba, client)
    assert (await services["audit"].get("/v1/events")).status == 200
    retired = await shaba.admin["registry"].post(f"/v1/units/{unit}/retire", {"reason": "left"})
    assert retired.status == 200

    async def shut() -> bool:
        return (await services["audit"].get("/v1/events")).status == 403

    await until(shut, 5)
    assert (await asked(shaba, client)).status == 400


async def test_a_unit_sees_details_of_those_services_alone_that_were_agreed_on(shaba: Community) -> None:
    both = {"services": [MEALS, HEALTH_HELP], "details_of": [MEALS]}
    unit = await taken_on(shaba)
    await signed(shaba, unit, **both)
    services = await let_in(shaba, await client_of(shaba, unit))
    mine = {}
    for service in (MEALS, HEALTH_HELP):
        body = {"service": service, "grid": "shaba-03", "channel": "telephone", "text": "上门"}
        made = await services["dispatch"].post("/v1/requests", body)
        assert made.status == 201, made.body
        mine[service] = f"/v1/requests/{made.body['id']}/details"
    seen = await services["dispatch"].get(mine[MEALS], purpose="service")
    assert seen.body["items"] == [{"text": "上门"}]
    refused = await services["dispatch"].get(mine[HEALTH_HELP], purpose="service")
    assert (refused.status, refused.body["code"]) == (403, "details-not-agreed")
    assert (await shaba.staff["dispatch"].get(mine[HEALTH_HELP], purpose="service")).status == 200


async def test_a_unit_sees_details_of_no_other_units_visits(shaba: Community) -> None:
    dispatch, id = shaba.staff["dispatch"], await shaba.request(text="头晕")
    await dispatch.post(f"/v1/requests/{id}/triage", {"priority": "urgent"})
    unit = await taken_on(shaba)
    await signed(shaba, unit, services=[HEALTH_HELP], details_of=[HEALTH_HELP])
    theirs = await let_in(shaba, await client_of(shaba, unit))
    for number, whose in enumerate((HEALTH, unit)):
        placed = {"volunteer": await shaba.volunteer(whose), "slot": slot(number - 0.5)}
        assert (await dispatch.post(f"/v1/requests/{id}/assignments", placed)).status == 201
        visit = (await dispatch.post(f"/v1/requests/{id}/visits", placed)).body["id"]
        there = {"method": "gps", "position": {"latitude": 26.0 + number, "longitude": 103.0}}
        assert (await dispatch.post(f"/v1/visits/{visit}/check-in", there)).status == 200
    path = f"/v1/requests/{id}/details"
    everything = (await dispatch.get(path, purpose="service")).body["items"]
    assert len(everything) == 3
    own = (await theirs["dispatch"].get(path, purpose="service")).body["items"]
    assert own == [everything[0], everything[2]]
    assert (await shaba.health["dispatch"].get(path, purpose="service")).body["items"] == everything[:2]


async def test_nothing_holds_with_a_unit_that_takes_part_no_longer(shaba: Community) -> None:
    registry, unit = shaba.admin["registry"], await taken_on(shaba)
    id, other = await drafted(shaba, unit), await signed(shaba, unit)
    assert (await registry.post(f"/v1/units/{unit}/retire", {"reason": "left"})).status == 200
    later = {"ends_at": format_time(NOW + timedelta(days=700))}
    for path, body in ((f"{id}/sign", {}), (f"{other}/renew", later)):
        refused = await registry.post(f"/v1/agreements/{path}", body)
        assert (refused.status, refused.body["code"]) == (422, "unknown-unit"), path


async def test_nothing_is_sent_to_a_unit_whose_agreement_ended(shaba: Community) -> None:
    unit = await taken_on(shaba)
    id = await signed(shaba, unit)
    services = await let_in(shaba, await client_of(shaba, unit))
    async with partner_system() as partner:
        endpoint = {"unit": unit, "url": partner.url, "events": ["*"]}
        made = await services["notify"].post("/v1/endpoints", endpoint)
        assert made.status == 201, made.body
        await shaba.volunteer(unit)
        await until(lambda: len(partner.received) == 1)
        registry = shaba.admin["registry"]
        assert (await registry.post(f"/v1/agreements/{id}/end", {"reason": "closed"})).status == 200
        last = await registry.post(
            "/v1/volunteers", {"name": "李梅", "unit": unit, "team": "residents", "confirmed": True}
        )
        after = {"Linli-After": last.headers["linli-position"]}
        heard = await shaba.admin["notify"].call("GET", "/v1/endpoints?limit=1", headers=after)
        assert heard.status == 200
        endpoint_id = str(made.body["id"])

        async def withheld() -> bool:
            page = await shaba.admin["notify"].get("/v1/deliveries", endpoint=endpoint_id, state="pending")
            health = await shaba.admin["notify"].get(f"/v1/endpoints/{endpoint_id}/health")
            return bool(page.body["items"]) and bool(health.body["held"] == "no-agreement")

        await until(withheld)
        assert len(partner.received) == 1
        await signed(shaba, unit)
        await until(lambda: len(partner.received) >= 2, 30)


async def test_drafts_change_and_what_was_signed_stays(shaba: Community) -> None:
    registry, id = shaba.admin["registry"], await drafted(shaba, SCHOOL, services=[MEALS])
    path = f"/v1/agreements/{id}"
    amended = await registry.call("PATCH", path, {"services": [MEALS, HEALTH_HELP]})
    assert (amended.status, amended.body["status"]) == (200, "draft")
    people = [{"name": "赵敏", "side": "unit"}, {"name": "Zoë Äkerman", "side": "community", "role": "主任"}]
    for _ in range(2):
        put = await registry.post(f"{path}/sign", {"signatories": people})
        assert (put.status, put.body["status"]) == (200, "in-force")
    kept = await registry.get(f"{path}/details", purpose="report")
    assert kept.body["items"] == [{"signatories": people}]
    refused = await registry.call("PATCH", path, {"services": [MEALS]})
    assert (refused.status, refused.body["code"]) == (409, "agreement-signed")
    later = format_time(NOW + timedelta(days=700))
    renewed = await registry.post(f"{path}/renew", {"ends_at": later})
    assert (renewed.status, renewed.body["ends_at"]) == (200, later)
    sooner = await registry.post(f"{path}/renew", {"ends_at": NEXT_YEAR})
    assert (sooner.status, sooner.body["code"]) == (422, "not-later")
    assert (await registry.post(f"{path}/end", {"reason": "replaced"})).status == 200


async def test_bad_agreements_are_refused_and_a_unit_makes_none(shaba: Community) -> None:
    registry = shaba.admin["registry"]
    terms = {"unit": SCHOOL, "services": [MEALS], "starts_at": YESTERDAY, "ends_at": NEXT_YEAR}
    for change, code in (
        ({"unit": "unit-none"}, "unknown-unit"),
        ({"services": ["service-none"]}, "unknown-service"),
        ({"ends_at": YESTERDAY}, "agreement-backward"),
        ({"details_of": [HEALTH_HELP]}, "details-not-covered"),
        ({"ends_at": "tomorrow"}, "invalid-request"),
        ({"services": MEALS}, "invalid-request"),
    ):
        reply = await registry.post("/v1/agreements", {**terms, **change})
        assert (reply.status, reply.body["code"]) == (422, code)
    refused = await shaba.school["registry"].post("/v1/agreements", terms)
    assert (refused.status, refused.body["code"]) == (403, "insufficient-scope")
    theirs = await drafted(shaba, HEALTH)
    assert (await shaba.school["registry"].get(f"/v1/agreements/{theirs}")).status == 404
    hidden = await shaba.school["registry"].get(f"/v1/agreements/{theirs}/details", purpose="report")
    assert hidden.status == 404
    over = await drafted(shaba, SCHOOL, starts_at="2020-01-01T00:00:00Z", ends_at="2021-01-01T00:00:00Z")
    late = await registry.post(f"/v1/agreements/{over}/sign", {})
    assert (late.status, late.body["code"]) == (422, "agreement-over")


async def test_the_committee_has_one_holder_for_each_seat(shaba: Community) -> None:
    registry = shaba.admin["registry"]
    body = {"seat": "member", "unit": HEALTH, "holder": {"name": "陈建国"}, "starts_at": YESTERDAY}
    full = await registry.post("/v1/seats", body)
    assert (full.status, full.body["code"]) == (409, "seat-taken")
    beyond = await registry.post("/v1/seats", {**body, "number": 7})
    assert (beyond.status, beyond.body["code"]) == (422, "no-such-seat")
    free = await registry.post("/v1/seats/seat-member-6/vacate", {"reason": "left"})
    assert free.status == 200
    replies = await asyncio.gather(*(registry.post("/v1/seats", body) for _ in range(5)))
    assert sorted(reply.status for reply in replies) == [201, 409, 409, 409, 409]
    path = "/v1/seats/seat-member-6"
    holder = (await registry.get(f"{path}/details", purpose="report")).body["items"]
    assert holder == [{"holder": {"name": "陈建国"}}]
    assert (await shaba.school["registry"].get(f"{path}/details", purpose="report")).status == 404

    async def listed() -> bool:
        page = await registry.get("/v1/seats", unit=HEALTH)
        return any(item["id"] == "seat-member-6" for item in page.body["items"])

    await until(listed)
    assert (await registry.post(f"{path}/vacate", {"reason": "left"})).status == 200
    assert (await registry.get(f"{path}/details", purpose="report")).status == 404
