"""Legal holds: an erasure is refused on record, and a withdrawal waits."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from deploy.stack import Stack
from tests.support.client import Client, Reply
from tests.support.community import Community
from tests.support.people import events_since, put, resident_body, stranger
from tests.support.waiting import until

ALL = "registry:read registry:write registry:admin residents:read details:read"


async def new(registry: Client, **more: object) -> str:
    """A resident's path."""
    return str((await put(registry, "residents", resident_body(**more))).headers["location"])


async def hold(registry: Client, path: str, reason: str = "litigation") -> str:
    made = await registry.post(f"{path}/holds", {"reason": reason})
    assert (made.status, made.body["reason"], made.body["released"]) == (201, reason, False)
    return str(made.body["id"])


async def read(registry: Client, path: str) -> Reply:
    return await registry.get(f"{path}/details", purpose="service")


async def test_an_erasure_under_a_hold_is_refused_and_that_is_on_record_once(shaba: Community) -> None:
    admin = shaba.admin["registry"]
    path = await new(admin)
    held, key = await hold(admin, path), str(uuid4())
    refused = await admin.post(f"{path}/erasure", Idempotency_Key=key)
    assert (refused.status, refused.body["code"], refused.body["holds"]) == (409, "legal-hold", [held])
    assert refused.headers["content-type"] == "application/problem+json"
    again = await admin.post(f"{path}/erasure", Idempotency_Key=key)
    assert (again.status, again.raw) == (409, refused.raw)
    id = path.rpartition("/")[2]
    events = [each for each in await events_since(admin, refused) if each["subject"] == id]
    assert [each["type"] for each in events] == ["erasure-refused"]
    assert (await read(admin, path)).status == 200
    for _ in range(2):
        released = await admin.post(f"{path}/holds/{held}/release")
        assert (released.status, released.body["released"]) == (200, True)
    assert (await admin.get(f"{path}/holds")).body["items"] == [released.body]
    assert (await admin.post(f"{path}/erasure", Idempotency_Key=key)).raw == refused.raw
    assert (await admin.post(f"{path}/erasure")).status == 200
    assert (await read(admin, path)).status == 410
    for reply in (
        await admin.get(f"{path}/holds"),
        await admin.post(f"{path}/holds", {"reason": "audit"}),
        await admin.post(f"{path}/holds/{held}/release"),
    ):
        assert (reply.status, reply.body["code"]) == (410, "erased")


async def test_the_last_of_several_holds_counts(shaba: Community) -> None:
    admin = shaba.admin["registry"]
    path = await new(admin)
    first, second = await hold(admin, path), await hold(admin, path, "audit")
    await admin.post(f"{path}/holds/{first}/release")
    refused = await admin.post(f"{path}/erasure")
    assert (refused.status, refused.body["holds"]) == (409, [second])


async def test_a_hold_on_the_same_person_entered_before_counts(shaba: Community) -> None:
    admin = shaba.admin["registry"]
    old, path = await new(admin), await new(admin)
    held = await hold(admin, old)
    merged = await admin.post(f"{old}/merge", {"into": path.rpartition("/")[2]})
    assert merged.status == 200, merged.body
    assert (await admin.post(f"{path}/erasure")).body["holds"] == [held]
    assert (await admin.post(f"{old}/holds/{held}/release")).status == 200
    other = await hold(admin, path)
    assert (await admin.post(f"{old}/erasure")).body["holds"] == [other]
    assert (await admin.post(f"{path}/holds/{other}/release")).status == 200
    assert (await admin.post(f"{path}/erasure")).status == 200


async def test_a_hold_and_an_erasure_at_once_are_not_both_done(shaba: Community) -> None:
    admin = shaba.admin["registry"]
    for _ in range(5):
        path = await new(admin)
        placed, erased = await asyncio.gather(
            admin.post(f"{path}/holds", {"reason": "audit"}), admin.post(f"{path}/erasure")
        )
        assert (placed.status, erased.status) in ((201, 409), (410, 200))
        assert (await read(admin, path)).status == (200 if placed.status == 201 else 410)


async def test_a_withdrawal_waits_for_the_last_hold(shaba: Community) -> None:
    admin = shaba.admin["registry"]
    path = await new(admin, notes="耳背", flags=["disabled"])
    first, second = await hold(admin, path), await hold(admin, path)
    said = await admin.post(f"{path}/consents/health/withdraw")
    assert (said.status, said.body["state"]) == (200, "withdrawn-held")
    await admin.post(f"{path}/holds/{first}/release")
    assert (await read(admin, path)).body["items"][0]["notes"] == "耳背"
    await admin.post(f"{path}/holds/{second}/release")
    assert (await admin.get(f"{path}/consents")).body["items"][0]["state"] == "withdrawn"

    async def without_it() -> bool:
        [kept] = (await read(admin, path)).body["items"]
        return "notes" not in kept and kept["flags"] == []

    await until(without_it)


async def test_a_withdrawal_of_one_entered_twice_waits_for_a_hold_on_the_other(shaba: Community) -> None:
    admin = shaba.admin["registry"]
    old, path = await new(admin, notes="耳背"), await new(admin, notes="耳背")
    held = await hold(admin, old)
    await admin.post(f"{old}/merge", {"into": path.rpartition("/")[2]})
    said = await admin.post(f"{path}/consents/health/withdraw")
    assert said.body["state"] == "withdrawn-held"
    await admin.post(f"{old}/holds/{held}/release")
    assert (await admin.get(f"{path}/consents")).body["items"][0]["state"] == "withdrawn"
    for each in (old, path):
        assert "notes" not in (await read(admin, each)).body["items"][0]


async def test_holds_are_for_administrators_of_the_community(shaba: Community, running_stack: Stack) -> None:
    admin = shaba.admin["registry"]
    path = await new(admin)
    held = await hold(admin, path)
    for refused in (
        await shaba.staff["registry"].get(f"{path}/holds"),
        await shaba.staff["registry"].post(f"{path}/holds", {"reason": "audit"}),
    ):
        assert refused.status == 403
    other = stranger(shaba, running_stack, ALL, "elsewhere")
    for missing in (
        await other.get(f"{path}/holds"),
        await other.post(f"{path}/holds", {"reason": "audit"}),
        await other.post(f"{path}/holds/{held}/release"),
        await admin.post(f"{path}/holds/hold-nothing/release"),
        await admin.get("/v1/residents/resident-nothing/holds"),
    ):
        assert (missing.status, missing.body["code"]) == (404, "not-found")
    assert (await admin.post(f"{path}/holds", {"reason": "curiosity"})).status == 422
