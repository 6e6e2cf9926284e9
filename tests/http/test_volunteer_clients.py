"""A volunteer's own client: what it may see and do, what it must not, and when it ends."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from deploy.stack import Stack
from services.dispatch.domain.working_time import LOCAL
from shared.kernel.times import parse_time
from shared.runtime.http.edge import FORM
from tests.http.test_consents import counted, database_of
from tests.http.test_every_route import OPEN, OWN_WAY, routes
from tests.support.attaching import attach, file, listed
from tests.support.client import Client, access_token
from tests.support.community import HEALTH, HEALTH_HELP, SCHOOL, SERVICES, Community, slot
from tests.support.everyday import sent
from tests.support.everyday_life import done, triaged
from tests.support.everyday_volunteers import clients_of, offered, over, registered
from tests.support.waiting import until

NOW = (-0.5, 2.0)
"""A slot that has begun: from which hour from now, and for how many."""

OWN = {
    ("get", "/v1/requests"),
    ("get", "/v1/requests/{id}"),
    ("get", "/v1/requests/{id}/details"),
    ("post", "/v1/requests/{id}/visits"),
    ("get", "/v1/requests/{id}/attachments"),
    ("post", "/v1/requests/{id}/attachments"),
    ("get", "/v1/requests/{id}/attachments/{attachment}"),
    *(("post", f"/v1/assignments/{{id}}/{verb}") for verb in ("accept", "decline", "release")),
    ("get", "/v1/volunteers/{volunteer}/day"),
    ("get", "/v1/visits/{id}"),
    ("patch", "/v1/visits/{id}"),
    *(("post", f"/v1/visits/{{id}}/{verb}") for verb in ("reschedule", "cancel", "check-in", "check-out")),
    *(("post", f"/v1/visits/{{id}}/{verb}") for verb in ("complete", "no-answer")),
    *(("get", f"/v1/{path}") for path in ("deliveries", "messages", "stream", "endpoints", "consumers")),
    *(("get", f"/v1/consumers/{{name}}{rest}") for rest in ("", "/messages")),
    *(("get", f"/v1/endpoints/{{endpoint}}{rest}") for rest in ("", "/health", "/deliveries/{event}")),
}
"""All that a volunteer's client may call, for its own things."""


async def answer(
    client: Client, method: str, path: str, body: object = None, **query: str
) -> tuple[int, Any]:
    """The status, and the code of a refusal."""
    reply = await client.call(method, path, body, params=query)
    return reply.status, reply.body.get("code")


async def whole(client: Client, id: str) -> dict[str, Any]:
    reply = await client.get(f"/v1/requests/{id}")
    assert reply.status == 200, reply.body
    body: dict[str, Any] = reply.body
    return body


async def events_of(shaba: Community, id: str) -> list[dict[str, Any]]:
    """A request's events, as audit has them."""
    found = await shaba.auditor["audit"].get("/v1/entries", stream=id, limit="500")
    return [entry["event"] for entry in found.body["items"]]


async def said_at_the_door(shaba: Community, id: str, type: str, many: int) -> list[Any]:
    """Of whom it says that somebody else spoke for them, in each event of this type."""

    async def all_there() -> bool:
        return len([one for one in await events_of(shaba, id) if one["type"] == type]) == many

    await until(all_there)
    return [one["data"].get("on_behalf_of") for one in await events_of(shaba, id) if one["type"] == type]


@pytest.mark.parametrize("service", SERVICES)
async def test_of_all_routes_a_volunteer_can_call_those_for_its_own_things(
    shaba: Community, service: str
) -> None:
    """With real ids of its own, wherever one fits: nothing is refused only since it is not there."""
    volunteer = await shaba.volunteer()
    id = await shaba.assigned(volunteer, slot())
    client = (await clients_of(shaba, volunteer))[service]
    ids = {"volunteer": volunteer, "unit": HEALTH, "service": HEALTH_HELP, "owner": volunteer}
    looked_at = 0
    for method, path, scopes in await routes(client):
        filled = path.replace("{format}", "json")
        for name, value in ids.items():
            filled = filled.replace("{" + name + "}", value)
        for name in ("{id}", "{stream}", "{subject}"):
            filled = filled.replace(name, id)
        if (method, path) in OPEN or (service in ("dispatch", "notify") and (method, path) in OWN):
            continue
        body = None if method in ("get", "delete") else b"{}"
        kind = FORM if (method, path) in OWN_WAY else "application/json"
        reply = await client.call(method.upper(), filled, data=body, headers={"Content-Type": kind})
        assert reply.status == 403, (method, path, reply.body)
        if (method, path) not in OWN_WAY:
            own = set(scopes) <= {"dispatch:read", "dispatch:write", "details:read", "notify:read"}
            assert reply.body["code"] == ("staff-only" if own else "insufficient-scope"), (method, path)
        looked_at += 1
    assert looked_at > 5


async def test_it_accepts_plans_goes_and_says_how_it_was(shaba: Community) -> None:
    desk, volunteer, when = shaba.staff["dispatch"], await shaba.volunteer(), slot(*NOW)
    id = await offered(shaba, volunteer, when, resident=await shaba.resident(), text="头晕")
    own = (await clients_of(shaba, volunteer))["dispatch"]
    asked = await whole(own, id)
    assert [each["status"] for each in asked["assignments"]] == ["offered"]
    assert not {"resident", "tier", "coordinator", "untaken", "first_choice"} & asked.keys()
    assert (asked["units"], asked["responsible"], asked["referrals"]) == ([HEALTH], None, [])
    accepted = await done(own, f"/v1/assignments/{id}.assignment-1/accept")
    assert accepted.body["status"] == "accepted"
    planned = {"volunteer": volunteer, "slot": when}
    visit = f"/v1/visits/{(await done(own, f'/v1/requests/{id}/visits', planned, 201)).body['id']}"
    later = {"slot": slot(-0.25, 1.5), "reason": "requester-asked"}
    await done(own, f"{visit}/reschedule", later)
    await done(own, f"{visit}/check-in", {"method": "gps", "position": {"latitude": 26, "longitude": 103}})
    await done(own, f"{visit}/check-out", {"method": "gps"})
    await done(own, f"{visit}/complete", {**over(), "outcome": "partly-done", "text": "血压已测"})
    corrected = await own.patch(visit, {"reason": "wrong-outcome", "outcome": "done"})
    assert (corrected.status, corrected.body["outcome"]) == (200, "done")
    shown = await own.get(visit)
    assert shown.body["verification"]["recipient"] is None
    assert shown.body["verification"]["provider"] == {"volunteer": volunteer, "unit": HEALTH}
    second = (await done(own, f"/v1/requests/{id}/visits", {**planned, "slot": slot(3)}, 201)).body["id"]
    await done(own, f"/v1/visits/{second}/cancel", {"reason": "weather"})
    third = (await done(own, f"/v1/requests/{id}/visits", {**planned, "slot": slot(3)}, 201)).body["id"]
    await done(own, f"/v1/visits/{third}/no-answer", {})
    await done(own, f"/v1/assignments/{id}.assignment-1/release", {"reason": "volunteer-asked"})
    assert (await whole(desk, id))["assignments"][0]["status"] == "released"
    for type in ("visit-checked-in", "visit-checked-out"):
        assert await said_at_the_door(shaba, id, type, 1) == [None]
    actors = {one["type"]: one["authtype"] for one in await events_of(shaba, id)}
    assert actors["visit-completed"] == actors["volunteer-assigned"] == actors["volunteer-released"]


async def test_it_declines_and_has_nothing_more_to_do_with_it(shaba: Community) -> None:
    volunteer = await shaba.volunteer()
    id = await offered(shaba, volunteer, slot(3))
    own = (await clients_of(shaba, volunteer))["dispatch"]
    decline, reason = f"/v1/assignments/{id}.assignment-1/decline", {"reason": "not-free"}
    for _ in range(2):
        assert (await done(own, decline, reason)).body["status"] == "declined"
    assert await answer(own, "POST", f"/v1/assignments/{id}.assignment-1/accept") == (409, "offer-over")
    assert await answer(own, "GET", f"/v1/requests/{id}") == (404, "not-found")


async def test_for_another_volunteer_of_the_same_unit_it_is_not_there(shaba: Community) -> None:
    mei, bo, when = await shaba.volunteer(), await shaba.volunteer(), slot(*NOW)
    id = await shaba.assigned(mei, when)
    planned = {"volunteer": mei, "slot": when}
    await done(shaba.staff["dispatch"], f"/v1/requests/{id}/visits", planned, 201)
    other = (await clients_of(shaba, bo))["dispatch"]
    kept = await attach(shaba.health["dispatch"], id, file(), query=f"?visit={id}.visit-1")
    assert kept.status == 201, kept.body
    visit, assignment = f"/v1/visits/{id}.visit-1", f"/v1/assignments/{id}.assignment-1"
    for method, path, body in (
        ("GET", f"/v1/requests/{id}", None),
        ("POST", f"/v1/requests/{id}/visits", planned),
        ("POST", f"/v1/requests/{id}/visits", {**planned, "volunteer": bo}),
        ("GET", f"/v1/requests/{id}/attachments", None),
        ("POST", f"{assignment}/accept", None),
        ("POST", f"{assignment}/decline", {"reason": "not-free"}),
        ("POST", f"{assignment}/release", {"reason": "volunteer-asked"}),
        ("GET", visit, None),
        ("PATCH", visit, {"reason": "wrong-outcome", "outcome": "done"}),
        ("POST", f"{visit}/reschedule", {"slot": slot(5), "reason": "requester-asked"}),
        ("POST", f"{visit}/cancel", {"reason": "weather"}),
        ("POST", f"{visit}/check-in", {"method": "gps"}),
        ("POST", f"{visit}/check-out", {"method": "gps"}),
        ("POST", f"{visit}/complete", over()),
        ("POST", f"{visit}/no-answer", {}),
    ):
        assert await answer(other, method, path, body) == (404, "not-found"), (method, path)
    for path in (f"/v1/requests/{id}/details", kept.headers["location"]):
        assert await answer(other, "GET", path, purpose="service") == (404, "not-found")
    sent_by_it = await attach(other, id, file(), query=f"?visit={id}.visit-1")
    assert (sent_by_it.status, sent_by_it.body["code"]) == (404, "not-found")


async def test_of_a_request_that_two_go_to_each_sees_itself(shaba: Community) -> None:
    when = slot(*NOW)
    desk, mei, bo = shaba.staff["dispatch"], await shaba.volunteer(), await shaba.volunteer()
    id, later = await shaba.assigned(mei, when), {"volunteer": bo, "slot": slot(4)}
    await done(desk, f"/v1/requests/{id}/assignments", later, 201)
    await done(desk, f"/v1/requests/{id}/visits", {"volunteer": mei, "slot": when}, 201)
    await done(desk, f"/v1/requests/{id}/visits", later, 201)
    await attach(desk, id, file())
    await attach(desk, id, file(), query=f"?visit={id}.visit-1")
    theirs = (await clients_of(shaba, bo))["dispatch"]
    seen = await whole(theirs, id)
    assert {each["volunteer"] for each in seen["assignments"] + seen["visits"]} == {bo}
    assert len(seen["assignments"] + seen["visits"]) == 2
    assert await listed(theirs, id) == []
    assert mei.encode() not in (await theirs.get(f"/v1/requests/{id}")).raw
    assert mei.encode() not in (await theirs.get("/v1/requests")).raw
    for_mei = {"volunteer": mei, "slot": slot(6)}
    assert await answer(theirs, "POST", f"/v1/requests/{id}/visits", for_mei) == (404, "not-found")
    assert await answer(theirs, "GET", f"/v1/visits/{id}.visit-1") == (404, "not-found")


async def test_the_list_is_of_its_own_and_cannot_be_asked_for_more(shaba: Community) -> None:
    volunteer = await shaba.volunteer()
    first, second = await shaba.assigned(volunteer, slot(3)), await offered(shaba, volunteer, slot(6))
    await shaba.assigned(await shaba.volunteer(), slot(3))
    own = (await clients_of(shaba, volunteer))["dispatch"]
    page = (await own.get("/v1/requests", limit="500")).body
    assert ([each["id"] for each in page["items"]], page["next"]) == ([first, second], None)
    for row in page["items"]:
        assert (row["volunteers"], row["units"], row["alarms"]) == ([volunteer], [HEALTH], [])
        assert not {"resident", "coordinator", "responsible"} & row.keys()
    for query, expected in (
        ({"volunteer": volunteer, "unit": HEALTH}, (200, None)),
        ({"volunteer": await shaba.volunteer()}, (404, "not-found")),
        ({"unit": SCHOOL}, (404, "not-found")),
        ({"team": "residents"}, (403, "staff-only")),
        ({"coordinator": "client-x"}, (403, "staff-only")),
        ({"alarm": "untaken"}, (403, "staff-only")),
    ):
        assert await answer(own, "GET", "/v1/requests", **query) == expected, query


async def test_where_to_go_is_read_by_whom_goes_and_each_reading_recorded(shaba: Community) -> None:
    when = slot(*NOW)
    volunteer, desk = await shaba.volunteer(), shaba.staff["dispatch"]
    id = await offered(shaba, volunteer, when, resident=await shaba.resident(), text="头晕")
    own, path = (await clients_of(shaba, volunteer))["dispatch"], f"/v1/requests/{id}/details"
    refused = (403, "details-not-yours")
    assert await answer(own, "GET", path, purpose="service") == refused
    await done(own, f"/v1/assignments/{id}.assignment-1/accept")
    assert await answer(own, "GET", path, purpose="report") == refused
    found = await own.get(path, purpose="service")
    assert (found.status, found.body["items"]) == (200, [{"text": "头晕"}])
    assert found.headers["linli-position"].startswith("dispatch@")
    planned = {"volunteer": volunteer, "slot": when}
    await done(own, f"/v1/requests/{id}/visits", planned, 201)
    await done(own, f"/v1/visits/{id}.visit-1/check-in", {"method": "gps"})
    await done(own, f"/v1/visits/{id}.visit-1/complete", {**over(), "text": "血压已测", "opinion": "很好"})
    await done(
        desk, f"/v1/requests/{id}/assignments", {"volunteer": await shaba.volunteer(), "slot": slot(4)}, 201
    )
    added = await own.get(path, purpose="service")
    assert added.body["items"] == [{"text": "头晕"}, {"text": "血压已测"}, {"text": "很好"}]
    await done(own, f"/v1/assignments/{id}.assignment-1/release", {"reason": "volunteer-asked"})
    assert await answer(own, "GET", path, purpose="service") == refused


async def test_what_comes_of_it_and_is_said_by_others_is_not_for_a_volunteer(shaba: Community) -> None:
    when = slot(*NOW)
    desk, volunteer = shaba.staff["dispatch"], await shaba.volunteer()
    id = await shaba.assigned(volunteer, when)
    own = (await clients_of(shaba, volunteer))["dispatch"]
    await done(desk, f"/v1/requests/{id}/visits", {"volunteer": volunteer, "slot": when}, 201)
    await done(own, f"/v1/visits/{id}.visit-1/check-in", {"method": "gps"})
    await done(own, f"/v1/visits/{id}.visit-1/complete", {**over(), "text": "血压已测"})
    await done(desk, f"/v1/requests/{id}/resolve", {"outcome": "done", "text": "都好"})
    await done(desk, f"/v1/requests/{id}/rating", {"solved": True, "satisfaction": 1, "text": "迟到"})
    seen = await whole(own, id)
    assert (seen["status"], seen["rating"]) == ("resolved", None)
    said = await own.get(f"/v1/requests/{id}/details", purpose="service")
    assert said.body["items"] == [{"text": "血压已测"}]


async def test_files_are_attached_to_its_own_visits(shaba: Community) -> None:
    when = slot(*NOW)
    volunteer = await shaba.volunteer()
    id = await shaba.assigned(volunteer, when)
    own = (await clients_of(shaba, volunteer))["dispatch"]
    await done(own, f"/v1/requests/{id}/visits", {"volunteer": volunteer, "slot": when}, 201)
    bare = await attach(own, id, file())
    assert (bare.status, bare.body["code"]) == (403, "staff-only")
    added = await attach(own, id, file(), query=f"?visit={id}.visit-1")
    assert added.status == 201, added.body
    assert await listed(own, id) == [added.body["id"]]
    assert (await own.get(added.headers["location"], purpose="service")).raw == file()
    other = await own.get(added.headers["location"], purpose="report")
    assert (other.status, other.body["code"]) == (403, "details-not-yours")
    removed = await own.call("DELETE", f"{added.headers['location']}?reason=other")
    assert (removed.status, removed.body["code"]) == (403, "insufficient-scope")


async def test_whoever_speaks_for_the_volunteer_says_so(shaba: Community) -> None:
    when, desk = slot(*NOW), shaba.staff["dispatch"]
    volunteers = [await shaba.volunteer(), await shaba.volunteer()]
    bodies: list[dict[str, str]] = [{"method": "gps"}, {"method": "gps", "on_behalf_of": volunteers[1]}]
    for who, body, volunteer in zip((desk, shaba.health["dispatch"]), bodies, volunteers, strict=True):
        id = await shaba.assigned(volunteer, when)
        await done(desk, f"/v1/requests/{id}/visits", {"volunteer": volunteer, "slot": when}, 201)
        await done(who, f"/v1/visits/{id}.visit-1/check-in", body)
        await done(who, f"/v1/visits/{id}.visit-1/check-out", body)
        for type in ("visit-checked-in", "visit-checked-out"):
            assert await said_at_the_door(shaba, id, type, 1) == [volunteer]


async def test_a_volunteer_speaks_for_nobody_else(shaba: Community) -> None:
    when = slot(*NOW)
    mei, bo = await shaba.volunteer(), await shaba.volunteer()
    id = await shaba.assigned(mei, when)
    own = (await clients_of(shaba, mei))["dispatch"]
    await done(own, f"/v1/requests/{id}/visits", {"volunteer": mei, "slot": when}, 201)
    path = f"/v1/visits/{id}.visit-1/check-in"
    refused = await answer(own, "POST", path, {"method": "gps", "on_behalf_of": bo})
    assert refused == (409, "not-the-visits-volunteer")
    await done(own, path, {"method": "gps", "on_behalf_of": mei})
    assert await said_at_the_door(shaba, id, "visit-checked-in", 1) == [None]


async def test_staff_and_the_unit_register_it_and_nobody_else(shaba: Community) -> None:
    volunteer, body = await shaba.volunteer(), {"name": "telephone"}
    path = f"/v1/volunteers/{volunteer}/clients"
    for by in (shaba.admin, shaba.staff, shaba.health):
        assert (await by["registry"].post(path, body)).status == 201
    assert await answer(shaba.school["registry"], "POST", path, body) == (404, "not-found")
    assert await answer(shaba.auditor["registry"], "POST", path, body) == (403, "insufficient-scope")
    nobody = "/v1/volunteers/volunteer-nothing/clients"
    assert await answer(shaba.staff["registry"], "POST", nobody, body) == (404, "not-found")
    own = (await clients_of(shaba, volunteer))["registry"]
    assert await answer(own, "POST", path, body) == (403, "insufficient-scope")
    for scopes in (["registry:read"], ["dispatch:coordinate"], ["nonsense"]):
        more = await answer(shaba.staff["registry"], "POST", path, {**body, "scopes": scopes})
        assert more == (403, "scope-not-yours")
    narrowed = await done(shaba.staff["registry"], path, {**body, "scopes": ["dispatch:read"]}, 201)
    after = {"Linli-After": narrowed.headers["linli-position"]}
    shown = await shaba.admin["registry"].call("GET", narrowed.headers["location"], headers=after)
    assert (shown.body["role"], shown.body["unit"], shown.body["volunteer"]) == (
        "volunteer",
        HEALTH,
        volunteer,
    )


async def test_it_fetches_its_own_messages_and_sees_its_own_endpoints(shaba: Community) -> None:
    volunteer = await shaba.volunteer()
    id, own = await shaba.assigned(volunteer, slot()), (await clients_of(shaba, volunteer))["notify"]

    async def told() -> list[Any]:
        found = (await own.get("/v1/messages", limit="500")).body["items"]
        return [one for one in found if one["type"] == "volunteer-assigned"]

    async def is_told() -> bool:
        return len(await told()) == 1

    await until(is_told)
    [assigned] = await told()
    assert (assigned["subject"], assigned["recipient"]) == (id, volunteer)
    body = {"unit": HEALTH, "volunteer": volunteer, "url": "http://127.0.0.1:9/", "events": ["*"]}
    mine = (await shaba.health["notify"].post("/v1/endpoints", body)).body["id"]
    await shaba.health["notify"].post("/v1/endpoints", {**body, "volunteer": None})
    await until(lambda: _lists_just(own, [mine]))
    of_the_unit = (await own.get("/v1/messages", unit=HEALTH)).body["items"]
    assert {one["recipient"] for one in of_the_unit} <= {volunteer}
    await shaba.health["notify"].call("DELETE", f"/v1/endpoints/{mine}")


async def _lists_just(own: Client, endpoints: list[str]) -> bool:
    listed = (await own.get("/v1/endpoints")).body["items"]
    return [endpoint["id"] for endpoint in listed] == endpoints


async def test_a_token_says_whose_it_is(shaba: Community) -> None:
    volunteer, registry = await shaba.volunteer(), shaba.admin["registry"]
    token = (await clients_of(shaba, volunteer))["dispatch"].token
    told = (await sent(registry, "/oauth/introspect", token=str(token))).body
    assert (told["role"], told["unit"], told["volunteer"]) == ("volunteer", HEALTH, volunteer)
    assert told["scope"] == "details:read dispatch:read dispatch:write notify:read"


async def refused_everywhere(clients: dict[str, Client], code: str) -> None:
    """Within 5 seconds, by each service."""
    for client in clients.values():

        async def refused(client: Client = client) -> bool:
            return bool((await client.get("/v1/events")).body.get("code") == code)

        await until(refused, 5)


NO_TOKEN = {(400, "unauthorized_client"), (401, "invalid_client")}


async def no_token(shaba: Community, credentials: tuple[str, str]) -> bool:
    """Whether it gets none; after an erasure nobody knows its secret any more."""
    client, secret = credentials
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    reply = await sent(shaba.admin["registry"], "/oauth/token", **form)
    return (reply.status, reply.body.get("error")) in NO_TOKEN


async def test_who_is_suspended_is_refused_within_seconds_until_resumed(shaba: Community) -> None:
    volunteer, registry = await shaba.volunteer(), shaba.admin["registry"]
    clients, credentials = await clients_of(shaba, volunteer), await registered(shaba, volunteer)
    await done(registry, f"/v1/volunteers/{volunteer}/suspend", {"reason": "away"})
    assert await no_token(shaba, credentials)
    await refused_everywhere(clients, "volunteer-not-active")
    told = await sent(registry, "/oauth/introspect", token=str(clients["dispatch"].token))
    assert told.body == {"active": False}
    await done(registry, f"/v1/volunteers/{volunteer}/resume")
    assert not await no_token(shaba, credentials)

    async def back() -> bool:
        return (await clients["dispatch"].get("/v1/requests")).status == 200

    await until(back, 5)


@pytest.mark.parametrize("how", ["leave", "erasure", "merge"])
async def test_who_is_gone_is_refused_within_seconds_for_good(shaba: Community, how: str) -> None:
    volunteer, registry = await shaba.volunteer(), shaba.admin["registry"]
    clients, credentials = await clients_of(shaba, volunteer), await registered(shaba, volunteer)
    bodies = {
        "leave": {"reason": "no-longer-needed"},
        "erasure": None,
        "merge": {"into": await shaba.volunteer()},
    }
    await done(registry, f"/v1/volunteers/{volunteer}/{how}", bodies[how])
    assert await no_token(shaba, credentials)
    await refused_everywhere(clients, "volunteer-not-active")
    path = f"/v1/volunteers/{volunteer}/clients"
    reply = await registry.post(path, {"name": "telephone"})
    assert reply.status in (404, 410), reply.body


async def test_what_its_client_is_called_goes_with_the_volunteer(
    shaba: Community, running_stack: Stack
) -> None:
    """And the hash of its secret with it."""
    volunteer, registry = await shaba.volunteer(), shaba.admin["registry"]
    await registered(shaba, volunteer)
    kept = database_of(running_stack, "registry")
    before = await counted(kept, volunteer)
    await done(registry, f"/v1/volunteers/{volunteer}/erasure")
    assert (before, await counted(kept, volunteer)) == (2, 0)


async def test_it_comes_in_no_longer_than_its_unit(shaba: Community) -> None:
    """A unit without an agreement: no token, neither for its system nor for its volunteers."""
    registry, name = shaba.admin["registry"], uuid4().hex[:8]
    unit = await done(
        registry, "/v1/units", {"name": f"消防站{name}", "kind": "fire", "confirmed": True}, 201
    )
    volunteer = await shaba.volunteer(str(unit.body["id"]))
    assert await no_token(shaba, await registered(shaba, volunteer))


@pytest.mark.parametrize("who", ["admin", "staff", "health"])
async def test_a_revoked_client_is_refused_and_another_of_the_volunteer_is_not(
    shaba: Community, who: str
) -> None:
    volunteer, by = await shaba.volunteer(), getattr(shaba, who)["registry"]
    id, secret = await registered(shaba, volunteer)
    path = f"/v1/volunteers/{volunteer}/clients/{id}/revoke"
    assert await answer(shaba.school["registry"], "POST", path) == (404, "not-found")
    assert await answer(shaba.auditor["registry"], "POST", path) == (403, "insufficient-scope")
    other = f"/v1/volunteers/{await shaba.volunteer()}/clients/{id}/revoke"
    assert await answer(by, "POST", other) == (404, "not-found")
    token = await access_token(shaba.session, shaba.stack.services["registry"], id, secret)
    await done(by, path)
    theirs = {name: Client(shaba.stack.services[name], shaba.session, token) for name in SERVICES}
    await refused_everywhere(theirs, "token-revoked")
    assert (await (await clients_of(shaba, volunteer))["dispatch"].get("/v1/requests")).status == 200


async def test_it_places_itself_on_nothing(shaba: Community) -> None:
    volunteer = await shaba.volunteer()
    id, own = await triaged(shaba), (await clients_of(shaba, volunteer))["dispatch"]
    placed = {"volunteer": volunteer, "slot": slot(3)}
    for path in (f"/v1/requests/{id}/assignments", f"/v1/requests/{id}/offers"):
        assert await answer(own, "POST", path, placed) == (403, "staff-only")
    assert await answer(own, "POST", f"/v1/requests/{id}/visits", placed) == (404, "not-found")


async def test_a_volunteer_sees_its_own_day_and_no_other(shaba: Community) -> None:
    mei, bo = await shaba.volunteer(), await shaba.volunteer()
    when = slot(1)
    id = await shaba.assigned(mei, when)
    own = (await clients_of(shaba, mei))["dispatch"]
    date = f"{parse_time(str(when['start'])).astimezone(LOCAL):%Y-%m-%d}"

    async def there() -> bool:
        found = await own.get(f"/v1/volunteers/{mei}/day", date=date)
        assert found.status == 200, found.body
        return [item["request"] for item in found.body["items"]] == [id]

    await until(there, 5)
    assert (await own.get(f"/v1/volunteers/{bo}/day")).status == 404
    assert (await own.get(f"/v1/units/{HEALTH}/day")).status == 403
