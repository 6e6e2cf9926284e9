"""The directory over HTTP: put on record, amended, confirmed, ended; each by whom it may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest

from deploy.stack import Stack
from tests.support.client import Client, Reply
from tests.support.community import HEALTH, Community
from tests.support.forging import forger

NAME = {"zh": "某处", "en": "Somewhere"}
OTHER_NAME = {"zh": "别处", "en": "Elsewhere"}
ALL = "registry:read registry:write registry:admin residents:read details:read events:read"
HOURS = [{"day": "monday", "opens": "08:30", "closes": "12:00"}]
ROOM = {"code": "massage", "name": NAME, "capacity": 6, "opening": HOURS}
SERVICE = {"name": NAME, "category": "volunteering", "response_minutes": 60}
ENDED = {"reason": "no-longer-needed"}


@dataclass(frozen=True)
class Registry:
    """registry, as an administrator, a dispatcher and others call it."""

    admin: Client
    staff: Client
    unit: Client
    token: Callable[..., Client]
    """A client with a token that says what it is told to."""

    async def made(self, kind: str, client: Client | None = None) -> str:
        """The id of a new thing."""
        reply = await (client or self.admin).post(f"/v1/{PLURAL[kind]}", new(kind))
        assert reply.status == 201, reply.body
        return str(reply.body["id"])

    async def shown(self, path: str, last: Reply, client: Client | None = None) -> Reply:
        """What is at `path` once `last` has come to the read model."""
        after = {"Linli-After": last.headers.get("linli-position", "registry@1")}
        return await (client or self.admin).call("GET", path, headers=after)

    async def facts(self, kind: str, id: str, last: Reply) -> dict[str, object]:
        """A thing as it is shown after `last`."""
        reply = await self.shown(f"/v1/{PLURAL[kind]}/{id}", last)
        assert reply.status == 200, reply.body
        shown: dict[str, object] = reply.body
        return shown


@pytest.fixture
def registry(shaba: Community, running_stack: Stack) -> Registry:
    base = shaba.stack.services["registry"]

    def token(communities: tuple[str, ...] = ("shaba",), scope: str = ALL, **claims: object) -> Client:
        said = {"communities": [*communities], "scope": scope, **claims}
        return Client(base, shaba.session, forger(running_stack, base).signed(**said))

    return Registry(shaba.admin["registry"], shaba.staff["registry"], shaba.health["registry"], token)


PLURAL = {"grid": "grids", "unit": "units", "facility": "facilities", "team": "teams"}
PLURAL |= {"community": "communities", "seat": "seats", "service": "services"}
PLURAL |= {"volunteer": "volunteers", "resident": "residents"}


def new(kind: str) -> dict[str, object]:
    """The body of a new thing that there is not yet."""
    unique = uuid4().hex[:10]
    bodies: dict[str, dict[str, object]] = {
        "grid": {"grid": f"g-{unique}", "name": NAME},
        "unit": {"name": f"单位 {unique}", "kind": "firm"},
        "facility": {"name": NAME, "kind": "elder-care", "grid": "shaba-03", "rooms": [ROOM]},
        "service": {**SERVICE, "lead_unit": HEALTH, "skills": ["first-aid"]},
    }
    return bodies[kind]


KINDS = ["grid", "unit", "facility", "service"]
VERB = {"grid": "retire", "unit": "retire", "facility": "close", "service": "withdraw"}
CHANGE: dict[str, dict[str, object]] = {
    "grid": {"name": OTHER_NAME},
    "unit": {"kind": "school"},
    "facility": {"kind": "culture", "rooms": []},
    "service": {"response_minutes": 45, "eligible_tiers": ["high"], "public": False},
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_thing_is_amended_and_only_what_changed_is_said(registry: Registry, kind: str) -> None:
    id = await registry.made(kind)
    path = f"/v1/{PLURAL[kind]}/{id}"
    amended = await registry.admin.patch(path, CHANGE[kind])
    assert (amended.status, amended.body, amended.headers["etag"]) == (200, {"id": id}, '"2"')
    assert CHANGE[kind].items() <= (await registry.facts(kind, id, amended)).items()
    told = await event_at(registry.admin, amended)
    assert set(told["data"]) - {"community", "units", "cleared"} == set(CHANGE[kind])
    again = await registry.admin.patch(path, CHANGE[kind])
    assert (again.status, again.headers["etag"], "linli-position" in again.headers) == (200, '"2"', False)


async def event_at(client: Client, reply: Reply) -> dict[str, dict[str, object]]:
    """The first event of what was just recorded."""
    pos = int(reply.headers["linli-position"].split("@")[1])
    feed = await client.get("/v1/events", after=str(pos - 1), limit="1")
    event: dict[str, dict[str, object]] = feed.body["items"][0]
    return event


@pytest.mark.parametrize("kind", KINDS)
async def test_a_thing_ends_once_and_is_shown_with_the_reason(registry: Registry, kind: str) -> None:
    id = await registry.made(kind)
    path = f"/v1/{PLURAL[kind]}/{id}"
    ended = await registry.admin.post(f"{path}/{VERB[kind]}", ENDED)
    assert (ended.status, ended.body) == (200, {"id": id, "ended": "no-longer-needed"})
    again = await registry.admin.post(f"{path}/{VERB[kind]}", {"reason": "left"})
    assert (again.status, again.body, again.headers["etag"]) == (200, ended.body, '"2"')
    assert (await registry.facts(kind, id, ended))["ended"] == "no-longer-needed"
    assert id not in await listed(registry.admin, kind)
    for refused in (
        await registry.admin.patch(path, CHANGE[kind]),
        await registry.admin.post(f"{path}/assure"),
    ):
        assert (refused.status, refused.body["code"]) == (409, "record-ended")


async def listed(client: Client, kind: str, **query: str) -> list[str]:
    """The ids of a list, over all pages."""
    ids: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        reply = await client.get(f"/v1/{PLURAL[kind]}", limit="100", **query, **cursor)
        assert reply.status == 200, reply.body
        ids += [str(item["id"]) for item in reply.body["items"]]
        if reply.body["next"] is None:
            return ids
        cursor = {"cursor": str(reply.body["next"])}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_reason_is_one_of_the_codes(registry: Registry, kind: str) -> None:
    id = await registry.made(kind)
    for body in ({}, {"reason": "王秀英 moved"}, {"reason": None}):
        reply = await registry.admin.post(f"/v1/{PLURAL[kind]}/{id}/{VERB[kind]}", body)
        assert (reply.status, reply.body["code"]) == (422, "invalid-request")
        assert "王秀英".encode() not in reply.raw


CONFIRMED = [
    ("community", "community-shaba"),
    ("team", "team-residents"),
    ("seat", "seat-member-1"),
    *((kind, "") for kind in KINDS),
]


@pytest.mark.parametrize(("kind", "id"), CONFIRMED, ids=[kind for kind, _ in CONFIRMED])
async def test_a_record_is_confirmed_by_a_dispatcher(registry: Registry, kind: str, id: str) -> None:
    id = id or await registry.made(kind)
    reply = await registry.staff.post(f"/v1/{PLURAL[kind]}/{id}/assure")
    assert (reply.status, reply.body["id"]) == (200, id)
    listing = await registry.shown(f"/v1/{PLURAL[kind]}?limit=500", reply)
    [item] = [item for item in listing.body["items"] if item["id"] == id]
    assert (item["assured_at"], item["stale"]) == (reply.body["assured_at"], False)


async def test_volunteers_and_residents_are_confirmed_too(shaba: Community, registry: Registry) -> None:
    for kind, id in (("volunteer", await shaba.volunteer()), ("resident", await shaba.resident())):
        reply = await registry.staff.post(f"/v1/{PLURAL[kind]}/{id}/assure")
        assert (reply.status, reply.headers["etag"]) == (200, '"2"')


def commands(kind: str, id: str) -> list[tuple[str, str, dict[str, object] | None]]:
    """What changes a thing."""
    path = f"/v1/{PLURAL[kind]}/{id}"
    merged: list[tuple[str, str, dict[str, object] | None]] = (
        [("POST", f"{path}/merge", {"into": HEALTH})] if kind == "unit" else []
    )
    return [
        ("PATCH", path, CHANGE[kind]),
        ("POST", f"{path}/{VERB[kind]}", {**ENDED}),
        ("POST", f"{path}/assure", None),
        *merged,
    ]


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_another_communitys_is_as_if_it_were_not_there(registry: Registry, kind: str) -> None:
    id = await registry.made(kind)
    stranger = registry.token(("kunming",))
    for method, path, body in (*commands(kind, id), ("GET", f"/v1/{PLURAL[kind]}/{id}", None)):
        reply = await stranger.call(method, path, body)
        assert (reply.status, reply.body["code"]) == (404, "not-found"), (method, path)
    assert id not in await listed(stranger, kind)
    asked = await stranger.get(f"/v1/{PLURAL[kind]}", community="shaba")
    assert (asked.status, asked.body["code"]) == (404, "not-found")
    if kind == "unit":
        details = await stranger.get(f"/v1/units/{id}/details", purpose="report")
        assert (details.status, details.body["code"]) == (404, "not-found")


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_not_there_is_not_found(registry: Registry, kind: str) -> None:
    for method, path, body in commands(kind, f"{kind}-nothing"):
        reply = await registry.admin.call(method, path, body)
        assert (reply.status, reply.body["code"]) == (404, "not-found"), (method, path)
    other = f"/v1/{PLURAL[kind]}/team-residents"
    assert (await registry.admin.patch(other, CHANGE[kind])).status == 404


@pytest.mark.parametrize("kind", KINDS)
async def test_a_dispatcher_and_a_unit_change_nothing_here(registry: Registry, kind: str) -> None:
    id = await registry.made(kind)
    for client, which in ((registry.staff, ("PATCH", "retire", "close", "merge")), (registry.unit, ())):
        for method, path, body in commands(kind, id):
            if client is registry.unit or method in which or path.rpartition("/")[2] in which:
                reply = await client.call(method, path, body)
                assert (reply.status, reply.body["code"]) == (403, "insufficient-scope")


async def test_a_district_office_sees_all_its_communities_and_writes_in_the_one_it_names(
    registry: Registry,
) -> None:
    office, body = registry.token(("kunming", "shaba")), new("unit")
    for asked in ({}, {"community": "beijing"}):
        reply = await office.post("/v1/units", {**body, **asked})
        assert (reply.status, reply.body["code"]) == (422, "unknown-community")
    there = await office.post("/v1/units", {**body, "community": "kunming"})
    here = await office.post("/v1/units", {**body, "community": "shaba"})  # the name is taken elsewhere only
    assert (there.status, here.status) == (201, 201)
    both = {str(there.body["id"]), str(here.body["id"])}
    await registry.shown("/v1/units?limit=1", here, office)
    q = str(body["name"])
    assert set(await listed(office, "unit", q=q)) == both
    assert await listed(office, "unit", q=q, community="kunming") == [there.body["id"]]
    assert await listed(registry.admin, "unit", q=q) == [here.body["id"]]
    elsewhere = {**new("facility"), "community": "kunming"}
    refused = await office.post("/v1/facilities", elsewhere)
    assert (refused.status, refused.body["code"]) == (422, "unknown-grid")  # shaba-03 is shaba's
    merged = await office.post(f"/v1/units/{there.body['id']}/merge", {"into": here.body["id"]})
    assert (merged.status, merged.body["code"]) == (409, "cannot-merge")


async def test_a_units_client_sees_its_own_unit_and_no_other(registry: Registry) -> None:
    id, other = await registry.made("unit"), await registry.made("unit")
    terms = {"services": [], "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2099-01-01T00:00:00Z"}
    agreed = await registry.admin.post("/v1/agreements", {"unit": id, **terms})
    assert (await registry.admin.post(f"{agreed.headers['location']}/sign", {})).status == 200
    ours = registry.token(scope="registry:read details:read", role="unit", unit=id)
    last = await registry.admin.patch(f"/v1/units/{id}", {"kind": "school"})
    assert (await registry.shown(f"/v1/units/{id}", last, ours)).status == 200
    assert await listed(ours, "unit") == [id]
    assert (await ours.get(f"/v1/units/{other}")).status == 404
    assert (await ours.get(f"/v1/units/{other}/details", purpose="report")).status == 404
    assert (await ours.get(f"/v1/units/{id}/details", purpose="report")).status == 200
    gone = await registry.admin.post(f"/v1/units/{id}/retire", {"reason": "left"})
    shut_out = await registry.shown(f"/v1/units/{id}", gone, ours)
    assert (shut_out.status, shut_out.body["code"]) == (403, "no-agreement-in-force")
    assert (await registry.shown(f"/v1/units/{id}", gone)).body["ended"] == "left"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_change_repeated_under_its_key_is_made_once(registry: Registry, kind: str) -> None:
    id, key = await registry.made(kind), str(uuid4())
    for method, path, body in commands(kind, id):
        if path.endswith("merge"):
            continue
        headers = {"Idempotency-Key": f"{key}-{path.rpartition('/')[2]}"}
        replies = [await registry.admin.call(method, path, body, headers=headers) for _ in range(3)]
        assert len({(reply.status, reply.raw, reply.headers["linli-position"]) for reply in replies}) == 1
        if method == "POST" and path.endswith(VERB[kind]):
            break


@pytest.mark.parametrize("kind", KINDS)
async def test_a_change_of_another_version_is_412(registry: Registry, kind: str) -> None:
    id = await registry.made(kind)
    path = f"/v1/{PLURAL[kind]}/{id}"
    assert (await registry.admin.patch(path, CHANGE[kind], If_Match='"2"')).status == 412
    first = await registry.admin.patch(path, CHANGE[kind], If_Match='"1"')
    assert (first.status, first.headers["etag"]) == (200, '"2"')
    shown = await registry.shown(path, first)
    assert shown.headers["etag"] == first.headers["etag"]
    late = await registry.admin.post(f"{path}/{VERB[kind]}", ENDED, If_Match='"1"')
    assert (late.status, late.body["code"]) == (412, "version-mismatch")


WRONG: list[tuple[str, dict[str, object]]] = [
    ("grid", {"grid": "another-code"}),
    ("grid", {"name": None}),
    ("grid", {"name": {"zh": "只有中文"}}),
    ("unit", {"name": None}),
    ("unit", {"kind": "Not A Slug"}),
    ("unit", {"contacts": [{"phone": "087162120000"}]}),
    ("unit", {"contacts": [{"name": "x", "email": "nobody"}]}),
    ("unit", {"canary": 1}),
    ("service", {"name": None}),
    ("service", {"public": None}),
    ("service", {"response_minutes": 0}),
    ("service", {"eligible_tiers": ["poor"]}),
    ("service", {"eligible_circumstances": ["王秀英"]}),
    ("service", {"id": "service-other"}),
    ("facility", {"rooms": None}),
    ("facility", {"rooms": [ROOM, ROOM]}),
    ("facility", {"rooms": [{**ROOM, "capacity": 0}]}),
    ("facility", {"rooms": [{**ROOM, "opening": [{**HOURS[0], "closes": "08:30"}]}]}),
    ("facility", {"rooms": [{**ROOM, "opening": [{**HOURS[0], "closes": "24:01"}]}]}),
    ("facility", {"rooms": [{**ROOM, "opening": [*HOURS, {**HOURS[0], "opens": "11:59"}]}]}),
]


@pytest.mark.parametrize(
    ("kind", "change"), WRONG, ids=[f"{kind}-{next(iter(said))}" for kind, said in WRONG]
)
async def test_a_wrong_change_is_refused_and_changes_nothing(
    registry: Registry, kind: str, change: dict[str, object]
) -> None:
    id = await registry.made(kind)
    path = f"/v1/{PLURAL[kind]}/{id}"
    reply = await registry.admin.patch(path, change)
    assert (reply.status, reply.body["code"]) == (422, "invalid-request")
    assert (await registry.admin.patch(path, {})).headers["etag"] == '"1"'


async def test_opening_hours_come_in_any_order_and_meet_but_do_not_overlap(registry: Registry) -> None:
    spans = [("tuesday", "12:00", "24:00"), ("monday", "08:30", "12:00"), ("tuesday", "08:30", "12:00")]
    opening = [{"day": day, "opens": opens, "closes": closes} for day, opens, closes in spans]
    id = await registry.made("facility")
    path, rooms = f"/v1/facilities/{id}", [{**ROOM, "opening": opening}]
    amended = await registry.admin.patch(path, {"rooms": rooms, "keeper": HEALTH})
    shown = await registry.facts("facility", id, amended)
    assert shown["rooms"] == [{**ROOM, "opening": [opening[1], opening[2], opening[0]]}]
    assert shown["keeper"] == HEALTH
    turned = [{**ROOM, "opening": opening[::-1]}]
    assert (await registry.admin.patch(path, {"rooms": turned})).headers["etag"] == '"2"'
    without = await registry.admin.patch(path, {"keeper": None})
    assert "keeper" not in await registry.facts("facility", id, without)
    assert (await registry.admin.patch(path, {"keeper": None})).headers["etag"] == '"3"'
    for change, code in (({"grid": "g-none"}, "unknown-grid"), ({"keeper": "unit-none"}, "unknown-unit")):
        reply = await registry.admin.patch(path, change)
        assert (reply.status, reply.body["code"]) == (422, code)


async def test_nothing_new_is_put_in_a_grid_that_was_retired(registry: Registry) -> None:
    id = await registry.made("grid")
    assert (await registry.admin.post(f"/v1/grids/{id}/retire", ENDED)).status == 200
    grid = id.removeprefix("grid-")
    resident = {"name": "王秀英", "grid": grid, "tier": "high"}
    for path, body in (("residents", resident), ("facilities", {**new("facility"), "grid": grid})):
        reply = await registry.admin.post(f"/v1/{path}", body)
        assert (reply.status, reply.body["code"]) == (422, "unknown-grid")
    again = await registry.admin.post("/v1/grids", {"grid": grid, "name": NAME})
    assert (again.status, again.body["code"]) == (409, "already-registered")


async def test_a_community_and_a_team_are_renamed(registry: Registry) -> None:
    for kind, id in (("community", "community-shaba"), ("team", "team-veterans")):
        path = f"/v1/{PLURAL[kind]}/{id}"
        before = (await registry.admin.get(path)).body["name"]
        renamed = await registry.admin.patch(path, {"name": OTHER_NAME})
        assert (await registry.facts(kind, id, renamed))["name"] == OTHER_NAME
        back = await registry.admin.patch(path, {"name": before})
        assert back.status == 200
        assert (await registry.staff.patch(path, {"name": before})).status == 403
        assert (await registry.token(("kunming",)).patch(path, {"name": before})).status == 404
