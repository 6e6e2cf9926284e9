"""Consents: given and withdrawn by purpose; what a withdrawn one covered is gone in every service."""

from __future__ import annotations

import asyncio
from pathlib import Path

from deploy.stack import Stack
from deploy.stack.site import database as name_of
from services.registry.withdrawals import Withdrawals
from shared.events.details import DetailsErased
from shared.kernel.cloudevent import heard
from shared.runtime.erasure import Erasure
from shared.runtime.keyring import load_keyring
from shared.runtime.mongo import Database, connect
from shared.runtime.mongo import database as open_database
from shared.runtime.sealed import SealedDetails
from shared.runtime.store import EventStore
from tests.support.client import Client
from tests.support.community import Community, slot
from tests.support.people import after, events_since, put, resident_body, stranger
from tests.support.waiting import until

ALL = "registry:read registry:write registry:admin residents:read details:read"
SON = {"name": "王强强", "phone": "13911112222", "relation": "儿子"}
NOTES = "耳背之言"


async def new(registry: Client, **more: object) -> str:
    """A resident's path."""
    return str((await put(registry, "residents", resident_body(**more))).headers["location"])


def database_of(stack: Stack, service: str) -> Database:
    """The database of one service, with the operator's rights."""
    return open_database(connect(stack.site.mongo_url()), name_of(service))


async def counted(database: Database, resident: str) -> int:
    """How many details are kept of a resident, whose id ends `resident`."""
    of_them = {"subject": resident.rpartition("/")[2]}
    return sum([await database[name].count_documents(of_them) for name in ("details", "details-searched")])


def found_in(folder: Path, word: str) -> list[str]:
    """The files under `folder` that have the word in them."""
    forms = (word.encode(), word.encode("utf-16-le"), word.encode("unicode_escape"))
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(form in path.read_bytes() for form in forms)]


async def kept(registry: Client, path: str) -> dict[str, object]:
    reply = await registry.get(f"{path}/details", purpose="service")
    assert reply.status == 200, reply.body
    found: dict[str, object] = reply.body["items"][0]
    return found


async def test_consents_are_given_withdrawn_and_given_again(shaba: Community) -> None:
    desk = shaba.staff["registry"]
    path = await new(desk)
    assert (await desk.get(f"{path}/consents")).body["items"] == []
    given = {"purpose": "health", "until": "2100-01-01T00:00:00Z"}
    first = await desk.post(f"{path}/consents", given)
    assert (first.status, first.body["state"], first.headers["etag"]) == (200, "given", '"2"')
    assert (await desk.post(f"{path}/consents", given)).headers["etag"] == '"2"'
    withdraw = f"{path}/consents/health/withdraw"
    for _ in range(2):
        said = await desk.post(withdraw)
        assert (said.status, said.body["state"], said.headers["etag"]) == (200, "withdrawn", '"3"')
    again = await desk.post(f"{path}/consents", {"purpose": "health"})
    assert again.body["state"] == "given"
    [consent] = (await desk.get(f"{path}/consents")).body["items"]
    assert (consent["purpose"], consent["state"], consent["until"]) == ("health", "given", None)
    assert (await after(desk, again, path)).status == 200


async def test_what_is_no_consent_is_refused(shaba: Community, running_stack: Stack) -> None:
    desk = shaba.staff["registry"]
    path = await new(desk)
    for wrong in ({"purpose": "photo"}, {}, {"purpose": "health", "until": "soon"}):
        assert (await desk.post(f"{path}/consents", wrong)).body["code"] == "invalid-request"
    over = await desk.post(f"{path}/consents", {"purpose": "health", "until": "2020-01-01T00:00:00Z"})
    assert (over.status, over.body["code"]) == (422, "consent-over")
    unknown = await desk.post(f"{path}/consents/photo/withdraw")
    assert (unknown.status, unknown.body["code"]) == (404, "unknown-purpose")
    other = stranger(shaba, running_stack, ALL, "elsewhere")
    for client, where in ((other, path), (desk, "/v1/residents/resident-nothing")):
        for reply in (
            await client.get(f"{where}/consents"),
            await client.post(f"{where}/consents", {"purpose": "health"}),
            await client.post(f"{where}/consents/health/withdraw"),
        ):
            assert (reply.status, reply.body["code"]) == (404, "not-found")
    assert (await shaba.admin["registry"].post(f"{path}/erasure")).status == 200
    for reply in (
        await desk.get(f"{path}/consents"),
        await desk.post(f"{path}/consents", {"purpose": "health"}),
        await desk.post(f"{path}/consents/health/withdraw"),
    ):
        assert (reply.status, reply.body["code"]) == (410, "erased")


async def test_what_a_withdrawn_consent_covered_is_gone_from_registry(
    shaba: Community, running_stack: Stack
) -> None:
    desk = shaba.staff["registry"]
    file = {"notes": NOTES, "guardian": SON, "emergency_contact": SON, "flags": ["disabled", "low-income"]}
    path = await new(desk, **file)
    merged = await new(desk, **file)
    id = path.rpartition("/")[2]
    await desk.post(f"{merged}/merge", {"into": id})
    database = database_of(running_stack, "registry")
    assert await counted(database, path) == await counted(database, merged) == 1
    said = await desk.post(f"{path}/consents/health/withdraw")
    left = await kept(desk, path)
    assert "notes" not in left
    assert (left["flags"], left["guardian"], left["emergency_contact"]) == (["low-income"], SON, SON)
    said = await desk.post(f"{path}/consents/emergency-contact/withdraw")
    left = await kept(desk, path)
    assert not {"guardian", "emergency_contact"} & left.keys()
    assert "guardian" not in await kept(desk, merged)

    async def superseded_are_deleted() -> bool:
        return await counted(database, path) == await counted(database, merged) == 1

    await until(superseded_are_deleted)
    listed = await after(desk, said, "/v1/residents", q=str(left["name"]))
    assert [item["id"] for item in listed.body["items"]] == [id]
    told = str(await events_since(shaba.admin["registry"], said))
    assert NOTES not in told


async def test_what_dispatch_kept_is_gone_and_nothing_new_is_kept(
    shaba: Community, running_stack: Stack
) -> None:
    registry, dispatch = shaba.staff["registry"], shaba.staff["dispatch"]
    resident = await shaba.resident()
    words = "独居者之原话"
    id = await shaba.request(resident=resident, text=words)
    await dispatch.post(f"/v1/requests/{id}/triage", {"priority": "stat"})
    placed = {"volunteer": await shaba.volunteer(), "slot": slot()}
    assert (await dispatch.post(f"/v1/requests/{id}/assignments", placed)).status == 201
    visit = str((await dispatch.post(f"/v1/requests/{id}/visits", placed)).body["id"])
    database = database_of(running_stack, "dispatch")
    assert await counted(database, resident) == 1
    said = await registry.post(f"/v1/residents/{resident}/consents/service/withdraw")
    assert said.status == 200
    await shaba.dispatch_has(said)
    assert await counted(database, resident) == 0
    gone = await dispatch.get(f"/v1/requests/{id}/details", purpose="service")
    assert (gone.status, gone.body["code"]) == (410, "erased")
    assert await asyncio.to_thread(found_in, running_stack.folder.path, words) == []

    body = {"service": "service-home-meals", "grid": "shaba-03", "channel": "web", "resident": resident}
    position = {"method": "gps", "position": {"latitude": 26.08, "longitude": 103.18}}
    for path, sent in (
        ("/v1/requests", {**body, "text": words}),
        (f"/v1/visits/{visit}/check-in", position),
    ):
        refused = await dispatch.post(path, sent)
        assert (refused.status, refused.body["code"]) == (422, "consent-withdrawn")
    assert (await dispatch.post("/v1/requests", body)).status == 201
    assert await counted(database, resident) == 0

    again = await registry.post(f"/v1/residents/{resident}/consents", {"purpose": "service"})
    await shaba.dispatch_has(again)
    assert (await dispatch.post(f"/v1/visits/{visit}/check-in", position)).status == 200
    kept_now = await dispatch.get(f"/v1/requests/{id}/details", purpose="service")
    assert [[*item] for item in kept_now.body["items"]] == [["position"]]


async def test_a_merged_resident_is_kept_silent_about_by_the_one_that_it_is(
    shaba: Community, running_stack: Stack
) -> None:
    registry, dispatch = shaba.admin["registry"], shaba.staff["dispatch"]
    old, survivor = await shaba.resident(), await shaba.resident()
    id = await shaba.request(resident=old, text="从前的话")
    await dispatch.post(f"/v1/requests/{id}/triage", {"priority": "stat"})
    placed = {"volunteer": await shaba.volunteer(), "slot": slot()}
    assert (await dispatch.post(f"/v1/requests/{id}/assignments", placed)).status == 201
    visit = str((await dispatch.post(f"/v1/requests/{id}/visits", placed)).body["id"])
    await registry.post(f"/v1/residents/{old}/merge", {"into": survivor})
    said = await registry.post(f"/v1/residents/{survivor}/consents/service/withdraw")
    await shaba.dispatch_has(said)
    assert await counted(database_of(running_stack, "dispatch"), old) == 0
    position = {"method": "gps", "position": {"latitude": 26.08, "longitude": 103.18}}
    refused = await dispatch.post(f"/v1/visits/{visit}/check-in", position)
    assert (refused.status, refused.body["code"]) == (422, "consent-withdrawn")
    again = await registry.post(f"/v1/residents/{survivor}/consents", {"purpose": "service"})
    await shaba.dispatch_has(again)
    assert (await dispatch.post(f"/v1/visits/{visit}/check-in", position)).status == 200


async def test_to_do_it_again_deletes_nothing_more_and_says_it_once(
    shaba: Community, running_stack: Stack, tmp_path: Path
) -> None:
    desk = shaba.staff["registry"]
    resident = await shaba.resident()
    await shaba.request(resident=resident, text="有话说")
    path = f"/v1/residents/{resident}"
    await desk.patch(path, {"notes": NOTES})
    ours, theirs = database_of(running_stack, "registry"), database_of(running_stack, "dispatch")
    keyring = load_keyring(tmp_path / "keys")
    log, sealed = EventStore(ours), SealedDetails(ours, keyring)
    their_log = EventStore(theirs)
    await their_log.start()
    erasure = Erasure("dispatch", their_log, SealedDetails(theirs, keyring), DetailsErased)
    for purpose in ("service", "health"):
        said = await desk.post(f"{path}/consents/{purpose}/withdraw")
        await shaba.dispatch_has(said)
        pos = int(said.headers["linli-position"].split("@")[1])
        [commit] = await log.read(pos - 1, 1)
        event = heard("registry", commit)[0]
        for _ in range(2):
            await Withdrawals(log, sealed).follow(event)
            if purpose == "service":
                await erasure.withdraw(event, [resident])
    await their_log.stop()
    assert await counted(ours, path) == 1
    assert (await kept(desk, path))["phone"] == "13800000001"
    spoken = [
        each["type"]
        for found in await theirs["commits"].find({}).to_list(None)
        for each in found["events"]
        if each["data"].get("subject") == resident
    ]
    assert spoken == ["details-erased"]


async def test_a_change_at_the_same_moment_does_not_bring_it_back(shaba: Community) -> None:
    desk = shaba.staff["registry"]
    for _ in range(5):
        path = await new(desk, notes=NOTES)
        changed, said = await asyncio.gather(
            desk.patch(path, {"phone": "13911110000"}), desk.post(f"{path}/consents/health/withdraw")
        )
        assert (changed.status, said.status) == (200, 200), changed.body
        left = await kept(desk, path)
        assert ("notes" in left, left["phone"]) == (False, "13911110000")


async def test_what_is_agreed_to_no_longer_is_not_entered_by_an_amendment(shaba: Community) -> None:
    resident, registry = await shaba.resident(), shaba.staff["registry"]
    path = f"/v1/residents/{resident}"
    assert (await registry.post(f"{path}/consents/health/withdraw")).status == 200
    for changes in ({"notes": "糖尿病"}, {"flags": ["disabled"]}):
        refused = await registry.call("PATCH", path, changes)
        assert (refused.status, refused.body["code"]) == (422, "consent-withdrawn")
    guardian = {"guardian": {"name": "王强", "phone": "13800000008"}}
    allowed: tuple[object, ...] = (guardian, {"notes": None}, {"flags": ["lives-alone"]})
    for sent in allowed:
        assert (await registry.call("PATCH", path, sent)).status == 200
    assert (await registry.post(f"{path}/consents", {"purpose": "health"})).status == 200
    assert (await registry.call("PATCH", path, {"notes": "糖尿病"})).status == 200
