"""Several communities in one installation: staff of one see nothing of the other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from tests.support.client import Client, Reply, access_token
from tests.support.community import HEALTH, HEALTH_HELP, SERVICES, Community, slot
from tests.support.waiting import until


async def clients_of(shaba: Community, client: str, secret: str) -> dict[str, Client]:
    """The services, called by a client with a new token."""
    token = await access_token(shaba.session, shaba.stack.services["registry"], client, secret)
    return {name: Client(shaba.stack.services[name], shaba.session, token) for name in SERVICES}


@dataclass
class District:
    """An administrator who founded a community, and a dispatcher and an auditor of that alone."""

    code: str
    office: dict[str, Client]
    staff: dict[str, Client]
    auditor: dict[str, Client]

    async def put(self, path: str, **body: object) -> str:
        """Put a thing of the new community on record; its id."""
        reply = await self.office["registry"].post(path, {"community": self.code, **body})
        assert reply.status == 201, reply.body
        return str(reply.body["id"])


async def registered(client: Client, **body: object) -> tuple[str, str]:
    """Id and secret of a new client for staff."""
    reply = await client.post("/v1/clients", {"name": "x", **body})
    assert reply.status == 201, reply.body
    return str(reply.body["client_id"]), str(reply.body["client_secret"])


async def founded(shaba: Community) -> District:
    """A new community, by a new administrator of shaba."""
    code = f"c-{uuid4().hex[:8]}"
    office = await registered(shaba.admin["registry"], role="admin")
    before = await clients_of(shaba, *office)
    body = {"community": code, "name": {"zh": "汤丹社区", "en": "Tangdan"}}
    made = await before["registry"].post("/v1/communities", body)
    assert made.status == 201, made.body
    assert (await before["registry"].get(f"/v1/communities/community-{code}")).status == 404
    both = await clients_of(shaba, *office)
    people = {}
    for role in ("dispatcher", "auditor"):
        secret = await registered(both["registry"], role=role, communities=[code])
        people[role] = await clients_of(shaba, *secret)
    return District(code, both, people["dispatcher"], people["auditor"])


async def seen(client: Client, path: str, id: str) -> bool:
    """Whether a list has `id` within all its pages."""
    cursor = dict[str, str]()
    while True:
        page = await client.get(path, limit="500", **cursor)
        assert page.status == 200, page.body
        if id in str(page.body["items"]):
            return True
        if page.body["next"] is None:
            return False
        cursor = {"after" if path in ("/v1/events", "/v1/entries") else "cursor": str(page.body["next"])}


async def test_a_district_office_has_both_and_others_just_their_own(shaba: Community) -> None:
    there = await founded(shaba)
    name = {"zh": "汤丹一", "en": "Tangdan 1"}
    code = f"{there.code}-1"
    await there.put("/v1/grids", grid=code, name=name)
    await there.put("/v1/teams", team="residents", name=name)
    unit = await there.put("/v1/units", name=f"汤丹医院 {there.code}", kind="health")
    resident = await there.put(
        "/v1/residents", name="龙秀英", grid=code, tier="high", phone="13800000009", confirmed=True
    )
    volunteer = await there.put("/v1/volunteers", name="龙建国", unit=unit, team="residents", confirmed=True)
    ours = shaba.staff["registry"]
    for path, id in (
        ("/v1/units", unit),
        ("/v1/residents", resident),
        ("/v1/volunteers", volunteer),
        ("/v1/grids", f"grid-{code}"),
        ("/v1/teams", f"team-{there.code}-residents"),
    ):
        await until(partial(seen, there.staff["registry"], path, id))
        assert await seen(there.office["registry"], path, id), path
        assert not await seen(ours, path, id), path
        assert (await ours.get(f"{path}/{id}")).status == 404, path
    for query in ({"q": "龙秀"}, {"phone": "13800000009"}):
        assert (await there.staff["registry"].get("/v1/residents", **query)).body["items"]
        assert resident not in str((await ours.get("/v1/residents", **query)).body["items"])
    assert (await ours.get(f"/v1/residents/{resident}/details", purpose="service")).status == 404
    assert (await ours.get("/v1/residents", community=there.code)).status == 404
    theirs = await shaba.resident()
    assert (await there.staff["registry"].get(f"/v1/residents/{theirs}")).status == 404
    assert not await seen(there.staff["registry"], "/v1/units", HEALTH)
    assert (await shaba.admin["registry"].post(f"/v1/units/{unit}/clients", {"name": "x"})).status == 404


async def test_requests_feeds_and_the_log_are_of_ones_own_community(shaba: Community) -> None:
    there = await founded(shaba)
    code = f"{there.code}-1"
    name = {"zh": "汤丹一", "en": "Tangdan 1"}
    await there.put("/v1/grids", grid=code, name=name)
    unit = await there.put("/v1/units", name=f"汤丹医院 {there.code}", kind="health")
    made = await there.office["registry"].post(
        "/v1/services",
        {
            "community": there.code,
            "name": name,
            "category": "volunteering",
            "lead_unit": unit,
            "response_minutes": 60,
        },
    )
    body = {"service": made.body["id"], "grid": code, "channel": "telephone"}
    after = made.headers["linli-position"]
    asked = await there.staff["dispatch"].post("/v1/requests", body, Linli_After=after)
    assert asked.status == 201, asked.body
    theirs, ours = str(asked.body["id"]), await shaba.request()
    for client, own, other in ((there.staff, theirs, ours), (shaba.staff, ours, theirs)):
        await until(partial(seen, client["dispatch"], "/v1/requests", own))
        assert not await seen(client["dispatch"], "/v1/requests", other)
        assert (await client["dispatch"].get(f"/v1/requests/{own}")).status == 200
        assert (await client["dispatch"].get(f"/v1/requests/{other}")).status == 404
    for auditor, own, other in ((there.auditor, theirs, ours), (shaba.auditor, ours, theirs)):
        assert await seen(auditor["dispatch"], "/v1/events", own)
        assert not await seen(auditor["dispatch"], "/v1/events", other)
        await until(partial(is_there, auditor["audit"], own))
        assert (await auditor["audit"].get(f"/v1/streams/{other}/state")).status == 404
        assert (await auditor["audit"].get("/v1/entries", stream=other)).body["items"] == []
        assert (await auditor["audit"].get("/v1/entries", stream=own)).body["items"]
        page = (await auditor["audit"].get("/v1/entries", limit="500")).body["items"]
        hidden = [entry for entry in page if "event" not in entry]
        assert {entry["event"]["community"] for entry in page if "event" in entry} <= {there.code, "shaba"}
        assert all(entry.keys() == {"seq", "recorded", "leaf_hash", "chain"} for entry in hidden)
        assert hidden or auditor is shaba.auditor
    another_grid = await shaba.staff["dispatch"].post("/v1/requests", {**body, "service": HEALTH_HELP})
    assert (another_grid.status, another_grid.body["code"]) == (422, "unknown-grid")
    ours_there = await shaba.resident()
    for fields, code in (
        ({"resident": ours_there}, "unknown-resident"),
        ({"grid": "shaba-03"}, "unknown-grid"),
    ):
        refused = await there.staff["dispatch"].post("/v1/requests", {**body, **fields})
        assert (refused.status, refused.body["code"]) == (422, code)
    placed = {"volunteer": await shaba.volunteer(), "slot": slot()}
    await there.staff["dispatch"].post(f"/v1/requests/{theirs}/triage", {"priority": "urgent"})
    unknown = await there.staff["dispatch"].post(f"/v1/requests/{theirs}/assignments", placed)
    assert (unknown.status, unknown.body["code"]) == (422, "unknown-volunteer")
    other_service = await shaba.staff["dispatch"].post("/v1/requests", body)
    assert (other_service.status, other_service.body["code"]) == (422, "unknown-service")


async def is_there(audit: Client, stream: str) -> bool:
    """Whether audit has recorded `stream`."""
    return (await audit.get(f"/v1/streams/{stream}/state")).status == 200


async def test_a_community_is_founded_once_and_nobody_comes_into_anothers(shaba: Community) -> None:
    there = await founded(shaba)
    name = {"zh": "汤丹社区", "en": "Tangdan"}
    body = {"community": there.code, "name": name}
    for client in (shaba.admin["registry"], there.office["registry"]):
        again = await client.post("/v1/communities", body)
        assert (again.status, again.body["code"]) == (409, "already-registered")
    for wrong in ({"community": "No Slug", "name": name}, {"community": "x"}, {**body, "colour": "red"}):
        refused = await shaba.admin["registry"].post("/v1/communities", wrong)
        assert (refused.status, refused.body["code"]) == (422, "invalid-request")
    beyond = {"name": "x", "role": "dispatcher", "communities": [there.code]}
    for path, sent in (("/v1/clients", beyond), ("/v1/people", {"subject": "s", **beyond})):
        sent.pop("name" if path == "/v1/people" else "subject", None)
        refused = await shaba.admin["registry"].post(path, sent)
        assert (refused.status, refused.body["code"]) == (422, "unknown-community"), path
    dispatcher = await shaba.staff["registry"].post("/v1/communities", {**body, "community": "c-x"})
    assert dispatcher.status == 403


async def test_of_two_who_found_it_at_once_one_does(shaba: Community) -> None:
    body = {"community": f"c-{uuid4().hex[:8]}", "name": {"zh": "汤丹", "en": "Tangdan"}}
    offices = [
        await clients_of(shaba, *await registered(shaba.admin["registry"], role="admin")) for _ in range(3)
    ]
    replies: list[Reply] = await asyncio.gather(
        *(office["registry"].post("/v1/communities", body) for office in offices)
    )
    assert sorted(reply.status for reply in replies) == [201, 409, 409]
