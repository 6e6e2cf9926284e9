"""A name that was told to us is nowhere in the clear, and after an erasure nowhere at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

from deploy.stack import Stack
from tests.support.community import Community, slot
from tests.support.everyday_tables import sent
from tests.support.waiting import until

PLANTED = {
    "name": "欧阳青禾之名",
    "phone": "+86 139 8765 4321",
    "address": "九号楼七单元八零一室之址",
    "text": "独居多日无人应门之言",
    "latitude": "26.083517",
}


def found_in(folder: Path, *words: str) -> list[str]:
    """Which words stand in which file under `folder`, in UTF-8, UTF-16 or as JSON escapes."""
    needles = {
        form
        for word in words
        for form in (word.encode(), word.encode("utf-16-le"), word.encode("unicode_escape"))
    }
    hits = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            hits += [f"{path.name}: {needle!r}" for needle in needles if needle in content]
    return hits


async def plant(shaba: Community) -> tuple[str, str]:
    """A resident and a visited request that hold every planted word; their ids."""
    body = {
        **{name: PLANTED[name] for name in ("name", "phone", "address")},
        "grid": "shaba-05",
        "tier": "high",
        "flags": ["lives-alone", "disabled"],
        "confirmed": True,
    }
    made = await shaba.admin["registry"].post("/v1/residents", body)
    assert made.status == 201, made.body
    await shaba.dispatch_has(made)
    resident = str(made.body["id"])
    id = await shaba.request(resident=resident, text=PLANTED["text"])
    dispatch = shaba.staff["dispatch"]
    await dispatch.post(f"/v1/requests/{id}/triage", {"priority": "stat"})
    placed = {"volunteer": await shaba.volunteer(), "slot": slot()}
    assert (await dispatch.post(f"/v1/requests/{id}/assignments", placed)).status == 201
    visit = await dispatch.post(f"/v1/requests/{id}/visits", placed)
    position = {"latitude": float(PLANTED["latitude"]), "longitude": 103.187}
    check_in = {"method": "gps", "position": position}
    reply = await dispatch.post(f"/v1/visits/{visit.body['id']}/check-in", check_in)
    assert reply.status == 200, reply.body
    return resident, id


async def test_a_planted_name_is_nowhere_before_and_gone_after(
    running_stack: Stack, shaba: Community
) -> None:
    resident, id = await plant(shaba)
    staff = shaba.staff
    folder = running_stack.folder.path
    shown = await staff["registry"].get(f"/v1/residents/{resident}/details", purpose="service")
    assert shown.body["items"][0]["name"] == PLANTED["name"]
    said = await staff["dispatch"].get(f"/v1/requests/{id}/details", purpose="emergency")
    assert said.body["items"][0]["text"] == PLANTED["text"]
    assert await asyncio.to_thread(found_in, folder, *PLANTED.values()) == []
    assert await asyncio.to_thread(found_in, folder / "store", resident), "the search sees nothing at all"

    erased = await shaba.admin["registry"].post(f"/v1/residents/{resident}/erasure")
    assert erased.status == 200, erased.body

    async def gone_from_dispatch() -> bool:
        reply = await staff["dispatch"].get(f"/v1/requests/{id}/details", purpose="service")
        return reply.status == 410

    await until(gone_from_dispatch)
    gone = await staff["registry"].get(f"/v1/residents/{resident}/details", purpose="service")
    assert (gone.status, gone.body["code"]) == (410, "erased")
    late = {"service": "service-home-meals", "grid": "shaba-05", "channel": "web"}
    refused = await staff["dispatch"].post("/v1/requests", {**late, "resident": resident, "text": "x"})
    assert refused.body["code"] == "unknown-resident"
    again = await shaba.admin["registry"].post(f"/v1/residents/{resident}/erasure")
    assert again.status == 200
    assert await asyncio.to_thread(found_in, folder, *PLANTED.values()) == []


async def test_who_came_by_a_table_is_in_no_export_after_an_erasure_and_audit_verifies(
    running_stack: Stack, shaba: Community
) -> None:
    registry, name = shaba.admin["registry"], "慕容之远客"
    table = f"name,phone,address,grid,tier,notes\n{name},13987650001,{name}之宅,shaba-05,key,{name}之语\n"
    entered = await sent(registry, "residents", table)
    assert entered.body[-1]["entered"] == 1
    [found] = (await registry.get("/v1/residents", q=name)).body["items"]
    resident = str(found["id"])
    export = await registry.get("/v1/exports/residents", purpose="report")
    assert name.encode() in export.raw, "the search sees nothing at all"
    assert (await registry.get(f"/v1/residents/{resident}/report")).status == 200
    assert (await registry.post(f"/v1/residents/{resident}/erasure")).status == 200
    again = await sent(registry, "residents", table)
    assert (again.body[-1]["entered"], again.body[1]["code"]) == (0, "erased")
    assert (await registry.get("/v1/residents", q=name)).body["items"] == []
    for service, path, query in (
        ("registry", "/v1/exports/residents", {"purpose": "report"}),
        ("registry", "/v1/residents", {"limit": "500"}),
        ("registry", "/v1/events", {"limit": "500"}),
        ("dispatch", "/v1/requests", {"limit": "500"}),
        ("dispatch", "/v1/events", {"limit": "500"}),
        ("notify", "/v1/deliveries", {"limit": "500"}),
        ("audit", "/v1/entries", {"stream": resident}),
    ):
        reply = await shaba.admin[service].get(path, **query)
        assert reply.status == 200, path
        assert name.encode() not in reply.raw, path
    assert await asyncio.to_thread(found_in, running_stack.folder.path, name) == []
    verdict = await shaba.admin["audit"].post("/v1/verify")
    assert verdict.body["intact"] is True


async def test_readings_and_erasures_are_on_record(shaba: Community) -> None:
    resident = await shaba.resident()
    registry = shaba.staff["registry"]
    before = await registry.get(f"/v1/residents/{resident}/details", purpose="follow-up")
    after = int(before.headers["linli-position"].split("@")[1])
    await shaba.admin["registry"].post(f"/v1/residents/{resident}/erasure")
    feed = await shaba.admin["registry"].get("/v1/events", after=str(after - 1), limit="10")
    events = {event["type"]: event for event in feed.body["items"]}
    viewed = events["details-viewed"]["data"]
    assert (viewed["subject"], viewed["purpose"]) == (resident, "follow-up")
    assert events["details-erased"]["data"]["subject"] == resident
    assert events["resident-erased"]["subject"] == resident


async def test_details_need_a_purpose_and_a_scope(shaba: Community) -> None:
    resident = await shaba.resident()
    path = f"/v1/residents/{resident}/details"
    assert (await shaba.staff["registry"].get(path)).status == 422
    assert (await shaba.staff["registry"].get(path, purpose="curiosity")).status == 422
    assert (await shaba.auditor["registry"].get(path, purpose="service")).status == 403
    assert (await shaba.health["registry"].get(path, purpose="service")).status == 404


async def test_an_erasure_that_is_refused_erases_nothing(shaba: Community) -> None:
    resident = await shaba.resident()
    path = f"/v1/residents/{resident}"
    refused = await shaba.admin["registry"].post(f"{path}/erasure", If_Match='"99"')
    assert refused.status == 412
    still = await shaba.staff["registry"].get(f"{path}/details", purpose="service")
    assert still.status == 200
