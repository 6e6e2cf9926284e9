"""What an auditor is told, by the API alone, on a running stack."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.stack import Stack
from shared.kernel.canonical import encode
from shared.kernel.times import format_time
from shared.runtime.mongo import Database, connect, database
from tests.support.client import Client, Reply
from tests.support.community import Community
from tests.support.waiting import until


async def read_all(client: Client, **only: str) -> list[dict[str, Any]]:
    """Every entry, page by page."""
    items: list[dict[str, Any]] = []
    following: dict[str, str] = {}
    while True:
        page = await client.get("/v1/entries", limit="200", **only, **following)
        assert page.status == 200, page.body
        items += page.body["items"]
        if page.body["next"] is None:
            return items
        following = {"after": page.body["next"]}


async def audit_has(shaba: Community, reply: Reply) -> None:
    """Wait until audit has recorded what a service just answered."""
    after = {"Linli-After": reply.headers["linli-position"]}
    seen = await shaba.auditor["audit"].call("GET", "/v1/sources", headers=after)
    assert seen.status == 200, seen.body


async def test_every_event_of_every_service_is_an_entry_once_in_order(shaba: Community) -> None:
    volunteer = await shaba.volunteer()
    slot = {"start": "2099-11-24T08:00:00Z", "end": "2099-11-24T09:00:00Z"}
    await shaba.assigned(volunteer, slot)
    for service in ("registry", "dispatch"):
        feed: list[dict[str, Any]] = []
        after: str | None = "0"
        while after is not None:
            page = await shaba.auditor[service].get("/v1/events", after=after, limit="500")
            feed, after = feed + page.body["items"], page.body["next"]
        last = {"Linli-After": f"{service}@{int(feed[-1]['sequence'].split('.')[0])}"}
        assert (await shaba.auditor["audit"].call("GET", "/v1/sources", headers=last)).status == 200
        entries = await read_all(shaba.auditor["audit"])
        # Of another community's, which the feed leaves out as well, an entry shows its hash alone.
        shown = [entry["event"] for entry in entries if "event" in entry]
        recorded = [event for event in shown if event["source"] == f"/linli/{service}"]
        assert recorded[: len(feed)] == feed


async def test_what_is_served_hashes_to_the_chain_that_verify_says(shaba: Community) -> None:
    entries = await read_all(shaba.auditor["audit"])
    chain = bytes(32)
    for seq, entry in enumerate(entries):
        hashed = bytes.fromhex(entry["leaf_hash"])
        if "event" in entry:
            leaf = encode({name: entry[name] for name in ("event", "recorded", "seq")})
            hashed = hashlib.sha256(b"\x00" + leaf).digest()
        chain = hashlib.sha256(chain + hashed).digest()
        assert (entry["seq"], entry["leaf_hash"], entry["chain"]) == (seq, hashed.hex(), chain.hex())
    verified = await shaba.auditor["audit"].post("/v1/verify")
    assert verified.status == 200
    assert verified.body["intact"] is True
    assert verified.body["entries"] >= len(entries)
    (last,) = (await shaba.auditor["audit"].get("/v1/entries", after=str(len(entries) - 2), limit="1")).body[
        "items"
    ]
    assert last == entries[-1]


async def test_filters_find_what_they_name_and_nothing_else(shaba: Community) -> None:
    id = await shaba.request()
    reply = await shaba.staff["dispatch"].post(f"/v1/requests/{id}/triage", {"priority": "stat"})
    await audit_has(shaba, reply)
    audit = shaba.auditor["audit"]
    story = await read_all(audit, stream=id)
    assert [entry["event"]["type"] for entry in story] == ["request-created", "request-triaged"]
    triaged = await read_all(audit, type="request-triaged")
    assert {entry["event"]["type"] for entry in triaged} == {"request-triaged"}
    assert story[1] in triaged
    assert await read_all(audit, type="request-triaged", stream=id) == story[1:]
    assert await read_all(audit, type="nothing-happened") == []


async def test_a_streams_state_is_as_of_the_moment_asked_for(shaba: Community) -> None:
    audit, dispatch = shaba.auditor["audit"], shaba.staff["dispatch"]
    id = await shaba.request()
    between = format_time(datetime.now(UTC))
    await until(lambda: format_time(datetime.now(UTC)) > between)
    reply = await dispatch.post(f"/v1/requests/{id}/triage", {"priority": "stat"})
    await audit_has(shaba, reply)
    path = f"/v1/streams/{id}/state"
    now, then = await audit.get(path), await audit.get(path, as_of=between)
    assert now.body["state"]["status"] == "triaged"
    assert now.body["state"]["due"] == reply.body["due"]
    assert (now.body["version"], now.body["complete"]) == (2, True)
    assert then.body["state"]["status"] == "received"
    assert (then.body["version"], then.body["complete"]) == (1, True)
    first = (await read_all(audit, stream=id))[0]["seq"]
    assert (await audit.get(path, as_of=f"seq:{first}")).body == then.body
    assert (await audit.get(path, as_of=f"seq:{first - 1}")).body["version"] == 0
    east = datetime.now(UTC).isoformat()
    assert (await audit.get(path, as_of=east)).body == now.body


@pytest.mark.parametrize(
    ("stream", "key"), [("unit-health-centre", "facts"), ("service-home-meals", "facts")]
)
async def test_other_streams_are_records(shaba: Community, stream: str, key: str) -> None:
    reply = await shaba.auditor["audit"].get(f"/v1/streams/{stream}/state")
    assert reply.status == 200
    assert reply.body["state"][key]["community"] == "shaba"
    assert reply.body["state"]["ended"] is False


@pytest.mark.parametrize("stream", ["request-nothing", "nothing", "..", "%00", "a%2Fb", "$ne", "*"])
async def test_an_unknown_stream_is_404(shaba: Community, stream: str) -> None:
    reply = await shaba.auditor["audit"].get(f"/v1/streams/{stream}/state")
    assert (reply.status, reply.body["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    "query",
    [
        "as_of=yesterday",
        "as_of=seq:",
        "as_of=seq:-1",
        "as_of=seq:1.5",
        "as_of=seq:٣",
        "as_of=2026-11-24T08:30:00",
        "as_of=1700000000",
        "as_of=2026-11-24",
        "at=2026-11-24T08:30:00Z",
    ],
)
async def test_a_moment_that_is_none_is_422(shaba: Community, query: str) -> None:
    reply = await shaba.auditor["audit"].call("GET", f"/v1/streams/unit-health-centre/state?{query}")
    assert (reply.status, reply.body["code"]) == (422, "invalid-request"), reply.body


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "limit=0", "limit=501", "type=$ne", "stream=a/b", "cursor=5", "after="]
)
async def test_a_page_that_is_none_is_422(shaba: Community, query: str) -> None:
    reply = await shaba.auditor["audit"].call("GET", f"/v1/entries?{query}")
    assert (reply.status, reply.body["code"]) == (422, "invalid-request"), reply.body


async def test_who_reads_the_log_is_in_the_log(shaba: Community) -> None:
    audit = shaba.auditor["audit"]
    replies = [
        await audit.get("/v1/entries", limit="1", after="3", stream="unit-health-centre"),
        await audit.get("/v1/streams/unit-health-centre/state"),
        await audit.post("/v1/verify"),
    ]
    await audit_has(shaba, replies[-1])
    for reply, type in zip(replies, ("log-read", "log-read", "log-verified"), strict=True):
        pos = int(reply.headers["linli-position"].removeprefix("audit@"))
        (event,) = (await audit.get("/v1/events", after=str(pos - 1), limit="1")).body["items"]
        assert (event["type"], event["source"]) == (type, "/linli/audit")
        (entry,) = await read_all(audit, stream=event["subject"])
        assert entry["event"] == event
    read, state, verified = (await read_all(audit))[-40:], replies[1], replies[2]
    assert state.body["version"] == 1
    assert any(entry["event"]["data"].get("chain") == verified.body["chain"] for entry in read)


async def test_pages_end_although_each_reading_adds_an_entry(shaba: Community) -> None:
    entries = await read_all(shaba.auditor["audit"])
    assert [entry["seq"] for entry in entries] == list(range(len(entries)))


async def test_a_verification_is_done_once_for_one_key(shaba: Community) -> None:
    audit = shaba.auditor["audit"]
    first = await audit.post("/v1/verify", Idempotency_Key="one-verification")
    await shaba.request()
    again = await audit.post("/v1/verify", Idempotency_Key="one-verification")
    assert (again.body, again.headers["linli-position"]) == (first.body, first.headers["linli-position"])


@asynccontextmanager
async def store_of(stack: Stack, service: str) -> AsyncIterator[Database]:
    """A service's database, as whoever runs the store can reach it."""
    client = connect(stack.site.mongo_url())
    yield database(client, f"linli_{service}")
    client.close()


async def test_an_entry_altered_behind_the_services_back_is_named(
    shaba: Community, running_stack: Stack
) -> None:
    audit = shaba.auditor["audit"]
    async with store_of(running_stack, "audit") as store:
        entry = await store["entries"].find_one({"seq": 7})
        assert entry is not None
        altered = entry["leaf"].replace(b'"community":"shaba"', b'"community":"other"')
        assert altered != entry["leaf"]
        await store["entries"].update_one({"_id": entry["_id"]}, {"$set": {"leaf": altered}})
        try:
            verified = await audit.post("/v1/verify")
        finally:
            await store["entries"].update_one({"_id": entry["_id"]}, {"$set": {"leaf": entry["leaf"]}})
    assert verified.status == 200
    assert verified.body["intact"] is False
    assert verified.body["entries"] == 7
    assert verified.body["first_fault"]["seq"] == 7
    assert verified.body["first_fault"]["fault"] == "edited"
    assert (await audit.post("/v1/verify")).body["intact"] is True


async def test_sources_say_how_far_each_is_recorded(shaba: Community) -> None:
    audit = shaba.auditor["audit"]

    async def all_followed() -> bool:
        items = (await audit.get("/v1/sources")).body["items"]
        return not any(item["behind"] for item in items)

    await until(all_followed)
    items = (await audit.get("/v1/sources")).body["items"]
    assert [item["source"] for item in items] == ["registry", "dispatch", "notify", "audit"]
    assert not any(item["forked"] for item in items)
    assert items[0]["place"]["pos"] > 1
    ready = (await audit.get("/readyz")).body["dependencies"]
    assert {ready[f"events:{item['source']}"] for item in items} == {"followed"}


@pytest.mark.parametrize("path", ["/v1/entries", "/v1/streams/unit-health-centre/state", "/v1/sources"])
async def test_a_unit_does_not_read_the_log(shaba: Community, path: str) -> None:
    reply = await shaba.health["audit"].get(path)
    assert (reply.status, reply.body["code"]) == (403, "insufficient-scope")
