"""The report: everything kept about a person, for the person, from each service that keeps something."""

from __future__ import annotations

from deploy.stack import Stack
from tests.support.client import Client
from tests.support.community import Community, slot
from tests.support.forging import forger
from tests.support.people import events_since, put, resident_body, stranger

ALL = "registry:read registry:write registry:admin residents:read details:read"


async def test_registry_reports_all_that_it_keeps(shaba: Community) -> None:
    admin, desk = shaba.admin["registry"], shaba.staff["registry"]
    body = resident_body(notes="耳背", flags=["disabled"], languages=["yi"])
    path = str((await put(desk, "residents", body)).headers["location"])
    await desk.post(f"{path}/consents", {"purpose": "health"})
    hold = await admin.post(f"{path}/holds", {"reason": "complaint"})
    await desk.get(f"{path}/details", purpose="emergency")
    found = await desk.get(f"{path}/report")
    assert (found.status, found.headers["cache-control"]) == (200, "no-store")
    [record] = found.body["records"]
    assert (record["grid"], record["languages"]) == (body["grid"], ["yi"])
    details = record["details"]
    assert (details["name"], details["notes"], details["flags"]) == (body["name"], "耳背", ["disabled"])
    assert [each["purpose"] for each in found.body["consents"]] == ["health"]
    assert found.body["holds"] == [hold.body]
    assert [(each["type"], each["role"]) for each in found.body["history"]] == [
        ("resident-registered", "dispatcher"),
        ("consent-given", "dispatcher"),
        ("hold-placed", "admin"),
    ]
    seen = [(each["purpose"], each["role"], each["count"]) for each in found.body["viewings"]]
    assert seen == [("emergency", "dispatcher", 1)]
    assert found.body["elsewhere"][0]["path"] == f"{path}/report"
    viewed = [each for each in await events_since(admin, found) if each["type"] == "details-viewed"]
    id = path.rpartition("/")[2]
    assert (viewed[0]["data"]["subject"], viewed[0]["data"]["purpose"]) == (id, "report")  # type: ignore[index]
    again = await desk.get(f"{path}/report")
    assert [each["purpose"] for each in again.body["viewings"]] == ["emergency", "report"]
    assert shaba.stack.admin.client_id.encode() not in again.raw


async def test_dispatch_reports_requests_words_and_visits(shaba: Community) -> None:
    desk = shaba.staff["dispatch"]
    resident = await shaba.resident()
    path = f"/v1/residents/{resident}/report"
    nothing = await desk.get(path)
    assert (nothing.status, nothing.body) == (200, {"id": resident, "items": []})
    id = await shaba.request(resident=resident, text="请尽快上门")
    await shaba.request(text="别人的话")
    await desk.post(f"/v1/requests/{id}/triage", {"priority": "stat"})
    placed = {"volunteer": await shaba.volunteer(), "slot": slot()}
    await desk.post(f"/v1/requests/{id}/assignments", placed)
    visit = await desk.post(f"/v1/requests/{id}/visits", placed)
    there = {"method": "gps", "position": {"latitude": 26.08, "longitude": 103.18}}
    assert (await desk.post(f"/v1/visits/{visit.body['id']}/check-in", there)).status == 200
    found = await desk.get(path)
    [item] = found.body["items"]
    assert (item["id"], item["status"], len(item["visits"])) == (id, "in-service", 1)
    position = {"latitude": "26.080000", "longitude": "103.180000"}
    assert item["details"] == [{"text": "请尽快上门"}, {"position": position}]
    [viewed] = [
        each
        for each in await events_since(shaba.admin["dispatch"], found)
        if each["type"] == "details-viewed" and each["data"]["subject"] == resident  # type: ignore[index]
    ]
    assert viewed["data"] == {"community": "shaba", "subject": resident, "purpose": "report", "count": 2}
    said = await shaba.staff["registry"].post(f"/v1/residents/{resident}/consents/service/withdraw")
    await shaba.dispatch_has(said)
    assert (await desk.get(path)).body["items"][0]["details"] == []


async def test_one_who_was_entered_twice_gets_one_report(shaba: Community) -> None:
    admin = shaba.admin["registry"]
    old, new = await shaba.resident(), await shaba.resident()
    id = await shaba.request(resident=old, text="从前的话")
    merged = await admin.post(f"/v1/residents/{old}/merge", {"into": new})
    await shaba.dispatch_has(merged)
    records = (await admin.get(f"/v1/residents/{new}/report")).body["records"]
    assert [each["id"] for each in records] == [new, old]
    items = (await shaba.staff["dispatch"].get(f"/v1/residents/{new}/report")).body["items"]
    assert [each["id"] for each in items] == [id]


async def test_there_is_no_report_for_others_and_after_an_erasure(
    shaba: Community, running_stack: Stack
) -> None:
    resident = await shaba.resident()
    path = f"/v1/residents/{resident}/report"
    base = shaba.stack.services["dispatch"]
    token = forger(running_stack, shaba.stack.services["registry"]).signed(
        communities=["elsewhere"], scope="dispatch:read details:read"
    )
    others = (stranger(shaba, running_stack, ALL, "elsewhere"), Client(base, shaba.session, token))
    for client in others:
        missing = await client.get(path)
        assert (missing.status, missing.body["code"]) == (404, "not-found")
    for service in ("registry", "dispatch"):
        assert (await shaba.auditor[service].get(path)).status == 403
        missing = await shaba.staff[service].get("/v1/residents/resident-nothing/report")
        assert (missing.status, missing.body["code"]) == (404, "not-found")
    erased = await shaba.admin["registry"].post(f"/v1/residents/{resident}/erasure")
    await shaba.dispatch_has(erased)
    for service in ("registry", "dispatch"):
        gone = await shaba.staff[service].get(path)
        assert (gone.status, gone.body["code"]) == (410, "erased")
