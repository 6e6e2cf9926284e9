"""What notify is asked of bulletins and reports."""

from __future__ import annotations

from tests.support.client import Client
from tests.support.community import HEALTH, SCHOOL, Community

WORDS = {"title": {"zh": "周五停水"}, "text": {"zh": "周五9点至17点检修水管。"}}


async def bulletins(shaba: Community) -> None:
    """One is published, read, answered, looked at by all, and withdrawn."""
    office, health, school = shaba.staff["notify"], shaba.health["notify"], shaba.school["notify"]
    to_both = {**WORDS, "units": [HEALTH, SCHOOL], "reply_by": "2100-01-01T00:00:00Z"}
    made = await office.post("/v1/bulletins", to_both, Idempotency_Key="bulletin-1")
    assert made.status == 201, made.body
    path = made.headers["location"]
    assert (await office.post("/v1/bulletins", {**WORDS, "to_all": True})).status == 201
    assert (await health.post(f"{path}/read")).status == 200
    receipts = (await office.get(f"{path}/receipts")).body
    assert [receipt["unit"] for receipt in receipts["read"]] == [HEALTH]
    assert receipts["unread"] == [SCHOOL]
    await reports(office, health, str(made.body["id"]))
    assert (await office.post(f"{path}/withdraw", {"reason": "no-longer-needed"})).status == 200
    for client in (office, health):
        assert (await client.get(path)).body["status"] == "withdrawn"
        assert (await client.get("/v1/bulletins", limit="1")).body["next"]
    assert (await school.get("/v1/bulletins", unread="true")).body["items"]
    assert (await school.post(f"{path}/read")).status == 409
    assert (await health.post(f"{path}/withdraw", {"reason": "replaced"})).status == 403


async def reports(office: Client, unit: Client, bulletin: str) -> None:
    """A unit answers a bulletin, and sees that its answer was read."""
    made = await unit.post("/v1/reports", {**WORDS, "bulletin": bulletin})
    assert made.status == 201, made.body
    path = made.headers["location"]
    assert (await office.get(path)).body["read_at"] is None
    assert (await office.post(f"{path}/read")).status == 200
    assert (await unit.get(path)).body["read_at"]
    for client in (office, unit):
        assert (await client.get("/v1/reports", bulletin=bulletin)).body["items"]
    assert (await unit.post("/v1/reports", {**WORDS, "bulletin": "bulletin-none"})).status == 422
