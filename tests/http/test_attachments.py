"""Attachments: what may come in, who sees it, each reading on record, and gone for good when it is to be."""

from __future__ import annotations

import asyncio
import os
from typing import Any
from uuid import uuid4

import pytest

from deploy.stack import Stack
from services.dispatch.domain.refusals import CONSENT_WITHDRAWN
from shared.runtime.sealed_files import LONGEST
from tests.http.test_consents import database_of, found_in
from tests.support.attaching import BEGINNINGS, JPEG, PDF, PNG, WEBP, attach, file, listed
from tests.support.client import Client, Reply
from tests.support.community import HEALTH, HEALTH_HELP, MEALS, SCHOOL, Community, slot
from tests.support.forging import forger
from tests.support.people import events_since, stranger
from tests.support.waiting import until


async def visited(shaba: Community, id: str, unit: str, start: float) -> str:
    """A visit of `unit` to a request, some hours from now."""
    desk = shaba.staff["dispatch"]
    placed = {"volunteer": await shaba.volunteer(unit), "slot": slot(start)}
    assert (await desk.post(f"/v1/requests/{id}/assignments", placed)).status == 201
    visit = await desk.post(f"/v1/requests/{id}/visits", placed)
    assert visit.status == 201, visit.body
    return str(visit.body["id"])


async def said(shaba: Community, since: Reply, event_type: str) -> list[dict[str, object]]:
    """What the events of this type say that dispatch recorded from `since` on."""
    events: list[dict[str, Any]] = [*await events_since(shaba.admin["dispatch"], since)]
    return [event["data"] for event in events if event["type"] == event_type]


async def parts_of(stack: Stack, request: str) -> int:
    """How many parts of files dispatch keeps for a request that is nobody's."""
    found = database_of(stack, "dispatch")["attachments"].find({"subject": request}, {"_id": 1})
    return len(await found.to_list(None))


@pytest.mark.parametrize("media_type", BEGINNINGS)
async def test_a_file_comes_back_as_it_was_sent(shaba: Community, media_type: str) -> None:
    desk, id, data = shaba.staff["dispatch"], await shaba.request(), file(media_type)
    added = await attach(desk, id, data, media_type, "?kind=photo")
    attachment = f"{id}.attachment-1"
    about = {"id": attachment, "kind": "photo", "media_type": media_type, "size": len(data), "visit": None}
    assert (added.status, added.body) == (201, {**about, "version": 2})
    assert added.headers["location"] == f"/v1/requests/{id}/attachments/{attachment}"
    assert added.headers["etag"] == '"2"'
    [item] = (await desk.get(f"/v1/requests/{id}/attachments")).body["items"]
    assert item == {**about, "added_at": item["added_at"], "kept": True}

    found = await desk.get(added.headers["location"], purpose="service")
    assert (found.status, found.raw) == (200, data)
    assert found.headers["content-type"] == media_type
    assert found.headers["content-disposition"].startswith(f'attachment; filename="{attachment}.')
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["cache-control"] == "no-store"
    assert (await desk.get(f"/v1/requests/{id}/details", purpose="service")).body["items"] == []


async def test_ten_mebibytes_come_in_and_no_more(shaba: Community) -> None:
    desk, id = shaba.staff["dispatch"], await shaba.request()
    data = BEGINNINGS[JPEG] + os.urandom(LONGEST - len(BEGINNINGS[JPEG]))
    added = await attach(desk, id, data, JPEG)
    assert (added.status, added.body["size"]) == (201, 10 * 1024 * 1024)
    assert (await desk.get(added.headers["location"], purpose="service")).raw == data
    over = await attach(desk, id, data + b"x", JPEG)
    assert (over.status, over.body["code"]) == (413, "body-too-large")


@pytest.mark.parametrize(
    ("media_type", "data", "status", "code"),
    [
        ("text/html", b"<script>", 415, "unsupported-media-type"),
        ("application/json", b"{}", 415, "unsupported-media-type"),
        ("image/svg+xml", b"<svg/>", 415, "unsupported-media-type"),
        (PDF, b"", 422, "empty-file"),
        (PDF, b"<script>", 422, "not-what-it-says"),
        (PDF, file(JPEG), 422, "not-what-it-says"),
        (JPEG, file(PNG), 422, "not-what-it-says"),
        (PNG, BEGINNINGS[PNG][:4], 422, "not-what-it-says"),
        (WEBP, b"RIFF\x24\x00\x00\x00WAVEfmt ", 422, "not-what-it-says"),
    ],
)
async def test_what_is_no_such_file_is_refused(
    shaba: Community, media_type: str, data: bytes, status: int, code: str
) -> None:
    id = await shaba.request()
    reply = await attach(shaba.staff["dispatch"], id, data, media_type)
    assert (reply.status, reply.body["code"]) == (status, code)
    assert await listed(shaba.staff["dispatch"], id) == []


@pytest.mark.parametrize("query", ["?kind=selfie", "?name=form.pdf", "?visit=x y"])
async def test_what_is_said_of_a_file_is_agreed_vocabulary(shaba: Community, query: str) -> None:
    reply = await attach(shaba.staff["dispatch"], await shaba.request(), file(), query=query)
    assert (reply.status, reply.body["code"]) == (422, "invalid-request")


async def test_one_key_is_one_attachment_and_another_command_under_it_is_refused(shaba: Community) -> None:
    desk, id, key = shaba.staff["dispatch"], await shaba.request(), str(uuid4())
    replies = await asyncio.gather(
        *(attach(desk, id, file(), query="?kind=form", Idempotency_Key=key) for _ in range(5))
    )
    assert {reply.status for reply in replies} == {201}
    assert len({reply.raw for reply in replies}) == 1
    assert await listed(desk, id) == [f"{id}.attachment-1"]
    others = (
        await attach(desk, id, file(said="other"), query="?kind=form", Idempotency_Key=key),
        await attach(desk, id, file(), query="?kind=photo", Idempotency_Key=key),
        await attach(desk, id, b"\xff\xd8\xff", JPEG, query="?kind=form", Idempotency_Key=key),
    )
    for reply in others:
        assert (reply.status, reply.body["code"]) == (422, "idempotency-key-reused")


async def test_if_match_holds_for_files_too(shaba: Community) -> None:
    desk, id = shaba.staff["dispatch"], await shaba.request()
    stale = await attach(desk, id, file(), If_Match='"7"')
    assert (stale.status, stale.body["code"]) == (412, "version-mismatch")
    assert (await attach(desk, id, file(), If_Match='"1"')).status == 201


async def test_nobody_attaches_to_what_is_not_there_for_them(shaba: Community, running_stack: Stack) -> None:
    id, other = await shaba.request(service=MEALS), await shaba.request()
    elsewhere = stranger(shaba, running_stack, "dispatch:read dispatch:write", "elsewhere")
    abroad = Client(shaba.stack.services["dispatch"], shaba.session, elsewhere.token)
    for client, request in (
        (shaba.staff["dispatch"], "request-nothing"),
        (abroad, other),
        (shaba.school["dispatch"], other),
    ):
        for query in ("", "?visit=request-nothing.visit-1"):
            reply = await attach(client, request, file(), query=query)
            assert (reply.status, reply.body["code"]) == (404, "not-found")
        read = await client.get(f"/v1/requests/{request}/attachments")
        assert read.status == 404
    nothing = await attach(shaba.staff["dispatch"], id, file(), query=f"?visit={other}.visit-1")
    assert (nothing.status, nothing.body["code"]) == (404, "not-found")
    assert (await attach(shaba.auditor["dispatch"], id, file())).status == 403


async def test_a_unit_sees_what_is_of_the_request_and_of_its_own_visits(
    shaba: Community, running_stack: Stack
) -> None:
    desk, health = shaba.staff["dispatch"], shaba.health["dispatch"]
    id = await shaba.request()
    await desk.post(f"/v1/requests/{id}/triage", {"priority": "urgent"})
    own, others = await visited(shaba, id, HEALTH, 1), await visited(shaba, id, SCHOOL, 3)
    sent = {
        None: await attach(desk, id, file(said="of all")),
        own: await attach(health, id, file(said="ours"), query=f"?visit={own}"),
        others: await attach(desk, id, file(said="theirs"), query=f"?visit={others}"),
    }
    assert {reply.status for reply in sent.values()} == {201}
    refused = await attach(health, id, file(), query=f"?visit={others}")
    assert (refused.status, refused.body["code"]) == (404, "not-found")
    assert len(await listed(desk, id)) == 3
    seen = (await health.get(f"/v1/requests/{id}/attachments")).body["items"]
    assert [item["visit"] for item in seen] == [None, own]

    for visit, status in ((None, 200), (own, 200), (others, 404)):
        assert (await health.get(sent[visit].headers["location"], purpose="service")).status == status
    assert (await health.call("DELETE", f"{sent[own].headers['location']}?reason=other")).status == 403
    added = await said(shaba, sent[others], "attachment-added")
    assert [(each["visit"], each["unit"]) for each in added] == [(others, SCHOOL)]


async def test_a_unit_reads_a_file_only_as_its_agreement_lets_it(
    shaba: Community, running_stack: Stack
) -> None:
    made = await shaba.school["dispatch"].post(
        "/v1/requests", {"service": HEALTH_HELP, "grid": "shaba-03", "channel": "unit"}
    )
    school, id = shaba.school["dispatch"], str(made.body["id"])
    added = await attach(school, id, file())
    assert added.status == 201, added.body
    assert await listed(school, id) == [added.body["id"]]
    reply = await school.get(added.headers["location"], purpose="service")
    assert (reply.status, reply.body["code"]) == (403, "details-not-agreed")


async def test_each_reading_is_on_record_and_needs_a_purpose_and_the_scope(
    shaba: Community, running_stack: Stack
) -> None:
    desk, id = shaba.staff["dispatch"], await shaba.request()
    added = await attach(desk, id, file())
    path = added.headers["location"]
    for query in ({}, {"purpose": "curiosity"}):
        reply = await desk.get(path, **query)
        assert (reply.status, reply.body["code"]) == (422, "invalid-request")
    assert (await shaba.auditor["dispatch"].get(path, purpose="service")).status == 403
    token = forger(running_stack, shaba.stack.services["registry"]).signed(scope="dispatch:read")
    reader = Client(desk.base, shaba.session, token)
    assert (await reader.get(path, purpose="service")).body["code"] == "insufficient-scope"
    found = await desk.get(path, purpose="complaint")
    [viewed] = await said(shaba, added, "details-viewed")
    assert viewed == {
        "community": "shaba",
        "subject": added.body["id"],
        "purpose": "complaint",
        "count": 1,
    }
    assert found.headers["linli-position"].startswith("dispatch@")
    missing = await desk.get(f"/v1/requests/{id}/attachments/{id}.attachment-2", purpose="service")
    assert (missing.status, missing.body["code"]) == (404, "not-found")


async def test_what_is_removed_is_deleted_for_good_and_on_record(
    shaba: Community, running_stack: Stack
) -> None:
    desk, id = shaba.staff["dispatch"], await shaba.request()
    added, other = await attach(desk, id, file()), await attach(desk, id, file())
    assert await parts_of(running_stack, id) == 2
    path = added.headers["location"]
    for bad in ("", "?reason=because"):
        assert (await desk.call("DELETE", f"{path}{bad}")).status == 422
    for _ in range(2):
        gone = await desk.call("DELETE", f"{path}?reason=added-by-mistake")
        assert (gone.status, gone.body) == (200, {"id": added.body["id"], "removed": True, "version": 4})
    assert await parts_of(running_stack, id) == 1
    assert await listed(desk, id) == [other.body["id"]]
    assert (await desk.get(path, purpose="service")).status == 404
    [removed] = await said(shaba, added, "attachment-removed")
    assert (removed["attachment"], removed["reason"]) == (added.body["id"], "added-by-mistake")
    again = await attach(desk, id, file())
    assert again.body["id"] == f"{id}.attachment-3"


async def test_a_removal_that_was_cut_off_is_recorded_when_it_is_sent_again(
    shaba: Community, running_stack: Stack
) -> None:
    desk, id = shaba.staff["dispatch"], await shaba.request()
    added = await attach(desk, id, file())
    # As if dispatch had ended between the deletion and the event.
    await database_of(running_stack, "dispatch")["attachments"].delete_many({"subject": id})
    [item] = (await desk.get(f"/v1/requests/{id}/attachments")).body["items"]
    assert (item["id"], item["kept"]) == (added.body["id"], False)
    path = added.headers["location"]
    assert (await desk.get(path, purpose="service")).status == 410
    assert (await desk.call("DELETE", f"{path}?reason=objected-to")).status == 200
    assert len(await said(shaba, added, "attachment-removed")) == 1
    assert await listed(desk, id) == []


async def test_no_name_and_no_content_is_in_an_event(shaba: Community) -> None:
    desk, id = shaba.staff["dispatch"], await shaba.request()
    named = {"Content_Disposition": 'attachment; filename="wang.pdf"'}
    added = await attach(desk, id, file(), query="?kind=form", **named)
    [data] = await said(shaba, added, "attachment-added")
    assert data.keys() == {
        *("community", "units", "service", "category", "grid"),
        *("attachment", "kind", "media_type", "size", "details"),
    }


async def test_an_erasure_takes_files_for_good(shaba: Community, running_stack: Stack) -> None:
    desk, resident = shaba.staff["dispatch"], await shaba.resident()
    id, word = await shaba.request(resident=resident), f"planted-{uuid4().hex}"
    added = await attach(desk, id, file(said=word))
    path = added.headers["location"]
    assert (await desk.get(path, purpose="service")).raw == file(said=word)
    erased = await shaba.admin["registry"].post(f"/v1/residents/{resident}/erasure")
    assert erased.status == 200, erased.body
    await shaba.dispatch_has(erased)
    gone = await desk.get(path, purpose="service")
    assert (gone.status, gone.body["code"]) == (410, "erased")
    [item] = (await desk.get(f"/v1/requests/{id}/attachments")).body["items"]
    assert (item["id"], item["kept"]) == (added.body["id"], False)
    assert await parts_of(running_stack, resident) == 0
    later = await attach(desk, id, file(said=word))
    assert (later.status, later.body["code"]) == (410, "erased")
    assert found_in(running_stack.site.folder.path, word) == []


async def test_without_consent_nothing_is_kept(shaba: Community, running_stack: Stack) -> None:
    desk, registry, resident = shaba.staff["dispatch"], shaba.staff["registry"], await shaba.resident()
    id = await shaba.request(resident=resident)
    added = await attach(desk, id, file())
    withdrawn = await registry.post(f"/v1/residents/{resident}/consents/service/withdraw")
    await shaba.dispatch_has(withdrawn)
    reply = await attach(desk, id, file())
    assert (reply.status, reply.body["code"]) == (422, "consent-withdrawn")
    assert reply.body["detail"] == CONSENT_WITHDRAWN

    async def gone() -> bool:
        return (await desk.get(added.headers["location"], purpose="service")).status == 410

    await until(gone)
    assert await parts_of(running_stack, resident) == 0
    given = await registry.post(f"/v1/residents/{resident}/consents", {"purpose": "service"})
    await shaba.dispatch_has(given)
    assert (await attach(desk, id, file())).status == 201


async def test_the_residents_report_lists_what_was_attached(shaba: Community) -> None:
    desk, resident = shaba.staff["dispatch"], await shaba.resident()
    id = await shaba.request(resident=resident, text="漏水")
    added = await attach(desk, id, file(JPEG), JPEG, "?kind=photo")
    [item] = (await desk.get(f"/v1/residents/{resident}/report")).body["items"]
    assert item["details"] == [{"text": "漏水"}]
    [attachment] = item["attachments"]
    assert (attachment["id"], attachment["media_type"]) == (added.body["id"], JPEG)


async def test_other_bodies_are_still_strict_json(shaba: Community) -> None:
    id = await shaba.request()
    path = f"/v1/requests/{id}/triage"
    reply = await shaba.staff["dispatch"].call(
        "POST", path, data=file(), headers={"Content-Type": "application/pdf"}
    )
    assert (reply.status, reply.body["code"]) == (415, "unsupported-media-type")
