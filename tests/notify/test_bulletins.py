"""Bulletins and reports through notify's interface: who is told, who has read it, who sees what."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import bson
import pytest

from services.registry.domain.roles import SCOPES
from services.registry.signing import Grant
from shared.kernel.canonical import Json
from shared.kernel.times import format_time
from shared.runtime.mongo import Database
from shared.runtime.settings import NotifySettings
from tests.support.notifying import NOWHERE, OTHER_UNIT, UNIT, Notify, Partner, Spoken, notify
from tests.support.waiting import until

TITLE: dict[str, Json] = {"zh": "周五停水", "en": "No water on Friday"}
TEXT: dict[str, Json] = {"zh": "周五9点至17点检修水管。", "en": "The pipes are mended."}
BODY: dict[str, Json] = {"title": TITLE, "text": TEXT}
LATER_UNIT = "unit-fire-brigade"
STRANGER = "unit-of-elsewhere"


@pytest.fixture
async def office(running: Notify) -> Notify:
    """A notify that knows two units of Shaba, a third one without an agreement, and one elsewhere."""
    spoken = Spoken()
    await running.hears(
        [spoken.say("unit-registered", unit, name="-", kind="-") for unit in (UNIT, OTHER_UNIT, LATER_UNIT)]
    )
    await running.hears([spoken.say("unit-registered", STRANGER, name="-", kind="-", community="elsewhere")])
    return running


def of(running: Notify, unit: str = UNIT) -> str:
    """A token of a unit's own client."""
    return running.token(unit=unit)


def from_elsewhere(running: Notify) -> str:
    """A token of an administrator of another community."""
    grant = Grant("client-other", "client-other", "admin", SCOPES["admin"], ("elsewhere",), None)
    return running.signer.token(grant, NOWHERE)[0]


async def publish(running: Notify, **more: Json) -> str:
    """The id of a new bulletin, to `UNIT` if nothing else is said."""
    to = {} if {"units", "to_all"} & more.keys() else {"units": [UNIT]}
    status, answer = await running.call(
        "POST", "/v1/bulletins", running.token("dispatcher"), {**BODY, **to, **more}
    )
    assert status == 201, answer
    return str(answer["id"])


async def get(running: Notify, path: str, token: str) -> Any:
    """What is answered with 200."""
    status, answer = await running.call("GET", path, token)
    assert status == 200, answer
    return answer


async def ids(running: Notify, path: str, token: str) -> list[str]:
    """The ids that a list shows."""
    return [str(item["id"]) for item in (await get(running, path, token))["items"]]


async def test_a_bulletin_is_read_by_its_units_and_the_office_sees_who_has_not(office: Notify) -> None:
    staff = office.token("dispatcher")
    reply_by = format_time(datetime.now(UTC) + timedelta(days=3))
    id = await publish(office, units=[UNIT, OTHER_UNIT], urgent=True, reply_by=reply_by)
    seen = await get(office, f"/v1/bulletins/{id}", of(office))
    assert seen == {
        "id": id,
        "community": "shaba",
        "status": "in-force",
        "withdrawn": None,
        "withdrawn_at": None,
        "to_all": False,
        "urgent": True,
        "published_at": seen["published_at"],
        "reply_by": reply_by,
        "title": TITLE,
        "text": TEXT,
        "read_at": None,
    }
    for _ in range(2):
        assert (await office.call("POST", f"/v1/bulletins/{id}/read", of(office)))[0] == 200
    receipts = await get(office, f"/v1/bulletins/{id}/receipts", staff)
    [receipt] = receipts["read"]
    assert receipts == {"id": id, "read": [receipt], "unread": [OTHER_UNIT]}
    assert (receipt["unit"], receipt["client"]) == (UNIT, "client-unit")
    assert (await get(office, f"/v1/bulletins/{id}", of(office)))["read_at"] == receipt["at"]
    shown = await get(office, f"/v1/bulletins/{id}", staff)
    assert shown["counts"] == {"addressed": 2, "read": 1, "unread": 1}
    assert shown["units"] == [UNIT, OTHER_UNIT]
    assert "read_at" not in shown


async def test_a_unit_sees_neither_what_went_to_others_nor_who_they_are(office: Notify) -> None:
    id = await publish(office)
    for method, path in (("GET", f"/v1/bulletins/{id}"), ("POST", f"/v1/bulletins/{id}/read")):
        status, answer = await office.call(method, path, of(office, OTHER_UNIT))  # type: ignore[arg-type]
        assert (status, answer["code"]) == (404, "not-found")
    assert await ids(office, "/v1/bulletins", of(office, OTHER_UNIT)) == []
    both = await publish(office, units=[UNIT, OTHER_UNIT])
    assert OTHER_UNIT not in str(await get(office, f"/v1/bulletins/{both}", of(office)))
    for path, body in (("/receipts", None), ("/withdraw", {"reason": "replaced"})):
        method = "GET" if body is None else "POST"
        status, answer = await office.call(method, f"/v1/bulletins/{both}{path}", of(office), body)  # type: ignore[arg-type]
        assert (status, answer["code"]) == (403, "insufficient-scope")


async def test_a_bulletin_to_all_goes_to_those_who_may_come_in_and_to_those_who_join_later(
    office: Notify,
) -> None:
    id = await publish(office, to_all=True)
    staff = office.token("dispatcher")
    assert (await get(office, f"/v1/bulletins/{id}", staff))["units"] == [UNIT, OTHER_UNIT]
    await office.service.keys.reactions()["agreement-signed"](Spoken().agreement(LATER_UNIT))
    later = of(office, LATER_UNIT)
    assert await ids(office, "/v1/bulletins?unread=true", later) == [id]
    assert (await office.call("POST", f"/v1/bulletins/{id}/read", later))[0] == 200
    assert await ids(office, "/v1/bulletins?unread=true", later) == []
    receipts = await get(office, f"/v1/bulletins/{id}/receipts", staff)
    assert [receipt["unit"] for receipt in receipts["read"]] == [LATER_UNIT]
    assert receipts["unread"] == [UNIT, OTHER_UNIT]
    shown = await get(office, f"/v1/bulletins/{id}", staff)
    assert shown["counts"] == {"addressed": 2, "read": 0, "unread": 2}
    await office.call("POST", f"/v1/bulletins/{id}/withdraw", staff, {"reason": "replaced"})
    assert await ids(office, "/v1/bulletins", later) == []
    assert (await office.call("GET", f"/v1/bulletins/{id}", later))[0] == 404
    assert await ids(office, "/v1/bulletins", of(office)) == [id]


async def test_a_withdrawn_bulletin_is_there_without_its_words(office: Notify, database: Database) -> None:
    id, staff = await publish(office), office.token("admin")
    withdraw = f"/v1/bulletins/{id}/withdraw"
    for reason in ("replaced", "no-longer-needed"):
        assert (await office.call("POST", withdraw, staff, {"reason": reason}))[0] == 200
    seen = await get(office, f"/v1/bulletins/{id}", of(office))
    assert (seen["status"], seen["withdrawn"], seen["title"], seen["text"]) == (
        "withdrawn",
        "replaced",
        None,
        None,
    )
    assert (await get(office, f"/v1/bulletins/{id}", staff))["text"] == TEXT
    status, answer = await office.call("POST", f"/v1/bulletins/{id}/read", of(office))
    assert (status, answer["code"]) == (409, "bulletin-withdrawn")
    assert await ids(office, "/v1/bulletins?unread=true", of(office)) == []
    assert await ids(office, "/v1/bulletins?unread=false", of(office)) == [id]
    assert await ids(office, "/v1/bulletins?unread=true", staff) == []


async def test_words_about_a_person_are_deleted_when_they_are_withdrawn_for_that(
    office: Notify, database: Database
) -> None:
    id, staff = await publish(office), office.token("admin")
    assert await database["details"].count_documents({"subject": id}) == 1
    for reason in ("replaced", "personal-data", "replaced"):
        await office.call("POST", f"/v1/bulletins/{id}/withdraw", staff, {"reason": reason})
    shown = await get(office, f"/v1/bulletins/{id}", staff)
    assert (shown["withdrawn"], shown["title"], shown["text"]) == ("personal-data", None, None)
    assert await database["details"].count_documents({"subject": id}) == 0


async def test_lists_are_the_newest_first_in_pages_and_by_time_and_reading(office: Notify) -> None:
    made = [await publish(office, to_all=True) for _ in range(5)]
    staff, unit = office.token("dispatcher"), of(office)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        path = "/v1/bulletins?limit=2" + (f"&cursor={cursor}" if cursor else "")
        page = await get(office, path, unit)
        seen += [item["id"] for item in page["items"]]
        assert all(item["title"] == TITLE and "text" not in item for item in page["items"])
        cursor = page["next"]
    assert seen == made[::-1]
    middle = (await get(office, f"/v1/bulletins/{made[2]}", unit))["published_at"]
    assert await ids(office, f"/v1/bulletins?from={middle}", unit) == made[:1:-1]
    assert await ids(office, f"/v1/bulletins?to={middle}", staff) == made[1::-1]
    for reader in (UNIT, OTHER_UNIT):
        assert (await office.call("POST", f"/v1/bulletins/{made[0]}/read", of(office, reader)))[0] == 200
    await office.call("POST", f"/v1/bulletins/{made[1]}/read", unit)
    assert await ids(office, "/v1/bulletins?unread=true", unit) == made[:1:-1]
    assert await ids(office, "/v1/bulletins?unread=false", unit) == made[1::-1]
    assert await ids(office, "/v1/bulletins?unread=true", staff) == made[:0:-1]
    assert await ids(office, "/v1/bulletins?unread=false", staff) == made[:1]


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"units": [UNIT, "unit-none"]}, 422, "unknown-unit"),
        ({"units": [STRANGER]}, 422, "unknown-unit"),
        ({"units": [LATER_UNIT]}, 409, "unit-without-agreement"),
        ({"units": [UNIT], "community": "elsewhere"}, 422, "unknown-community"),
        ({"units": [UNIT], "reply_by": "2020-01-01T00:00:00Z"}, 422, "not-later"),
        ({"units": [UNIT], "to_all": True}, 422, "invalid-request"),
        ({}, 422, "invalid-request"),
        ({"units": []}, 422, "invalid-request"),
        ({"units": [f"unit-{n}" for n in range(501)]}, 422, "invalid-request"),
        ({"to_all": True, "title": {"zh": "字" * 201}, "text": {"zh": "字"}}, 422, "invalid-request"),
        ({"to_all": True, "title": {"zh": "字"}, "text": {"zh": "字" * 20_001}}, 422, "invalid-request"),
        ({"to_all": True, "title": {"zh": "字"}, "text": {"en": "a"}}, 422, "invalid-request"),
        ({"to_all": True, "title": {}, "text": {}}, 422, "invalid-request"),
        ({"to_all": True, "title": {"zh": " "}, "text": {"zh": "字"}}, 422, "invalid-request"),
    ],
)
async def test_what_is_wrong_is_refused_and_not_recorded(
    office: Notify, wrong: dict[str, Json], status: int, code: str
) -> None:
    answered, answer = await office.call("POST", "/v1/bulletins", office.token("admin"), {**BODY, **wrong})
    assert (answered, answer["code"]) == (status, code)
    assert await office.service.store.head() == 0


async def test_the_longest_words_are_taken(office: Notify) -> None:
    id = await publish(office, title={"zh": "字" * 200}, text={"zh": "字" * 20_000})
    seen = await get(office, f"/v1/bulletins/{id}", of(office))
    assert seen["title"] == {"zh": "字" * 200}
    assert len(seen["text"]["zh"]) == 20_000


async def test_another_community_sees_nothing_of_it(office: Notify) -> None:
    id, other = await publish(office), from_elsewhere(office)
    _, report = await office.call("POST", "/v1/reports", of(office), BODY)
    for method, path, body in (
        ("GET", f"/v1/bulletins/{id}", None),
        ("GET", f"/v1/bulletins/{id}/receipts", None),
        ("POST", f"/v1/bulletins/{id}/withdraw", {"reason": "replaced"}),
        ("GET", f"/v1/reports/{report['id']}", None),
        ("POST", f"/v1/reports/{report['id']}/read", None),
    ):
        status, answer = await office.call(method, path, other, body)  # type: ignore[arg-type]
        assert (status, answer["code"]) == (404, "not-found"), path
    for path in ("/v1/bulletins", "/v1/reports"):
        assert await ids(office, path, other) == []


async def test_a_unit_reports_to_the_office_and_sees_that_it_was_read(office: Notify) -> None:
    staff, unit = office.token("dispatcher"), of(office)
    bulletin = await publish(office)
    status, made = await office.call("POST", "/v1/reports", unit, {**BODY, "bulletin": bulletin})
    assert status == 201
    _, alone = await office.call("POST", "/v1/reports", of(office, OTHER_UNIT), BODY)
    report = await get(office, f"/v1/reports/{made['id']}", unit)
    assert report == {
        "id": made["id"],
        "community": "shaba",
        "unit": UNIT,
        "client": "client-unit",
        "bulletin": bulletin,
        "submitted_at": report["submitted_at"],
        "read_at": None,
        "title": TITLE,
        "text": TEXT,
    }
    assert await ids(office, "/v1/reports", staff) == [alone["id"], made["id"]]
    assert await ids(office, "/v1/reports", unit) == [made["id"]]
    assert await ids(office, f"/v1/reports?bulletin={bulletin}", staff) == [made["id"]]
    assert await ids(office, f"/v1/reports?unit={OTHER_UNIT}", staff) == [alone["id"]]
    assert (await office.call("GET", f"/v1/reports?unit={OTHER_UNIT}", unit))[0] == 404
    assert (await office.call("GET", f"/v1/reports/{alone['id']}", unit))[0] == 404
    for _ in range(2):
        assert (await office.call("POST", f"/v1/reports/{made['id']}/read", staff))[0] == 200
    assert (await get(office, f"/v1/reports/{made['id']}", unit))["read_at"] is not None
    assert await ids(office, "/v1/reports?unread=true", staff) == [alone["id"]]
    assert await ids(office, "/v1/reports?unread=false", staff) == [made["id"]]
    status, answer = await office.call("POST", f"/v1/reports/{made['id']}/read", unit)
    assert (status, answer["code"]) == (403, "insufficient-scope")


async def test_a_report_is_of_a_unit_and_answers_only_what_the_unit_was_sent(office: Notify) -> None:
    bulletin = await publish(office)
    for answered in (bulletin, "bulletin-none"):
        body = {**BODY, "bulletin": answered}
        status, answer = await office.call("POST", "/v1/reports", of(office, OTHER_UNIT), body)
        assert (status, answer["code"]) == (422, "unknown-bulletin")
    for role, code in (("dispatcher", "insufficient-scope"), ("admin", "units-only")):
        for path in ("/v1/reports", f"/v1/bulletins/{bulletin}/read"):
            status, answer = await office.call("POST", path, office.token(role), BODY)  # type: ignore[arg-type]
            assert (status, answer["code"]) == (403, code)


async def test_a_repeat_with_the_same_key_is_the_same_bulletin_and_the_same_report(office: Notify) -> None:
    for path, token, body in (
        ("/v1/bulletins", office.token("admin"), {**BODY, "to_all": True}),
        ("/v1/reports", of(office), BODY),
    ):
        replies = await asyncio.gather(
            *(office.call("POST", path, token, body, Idempotency_Key="the-same") for _ in range(10))
        )
        assert {status for status, _ in replies} == {201}
        assert len({answer["id"] for _, answer in replies}) == 1
        assert len(await ids(office, path, token)) == 1


async def test_a_unit_hears_of_what_concerns_it_without_words_and_without_others(office: Notify) -> None:
    id = await publish(office, units=[UNIT, OTHER_UNIT])
    _, report = await office.call("POST", "/v1/reports", of(office, OTHER_UNIT), BODY)
    await office.call("POST", f"/v1/bulletins/{id}/read", of(office))
    staff = office.token("admin")
    await office.call("POST", f"/v1/reports/{report['id']}/read", staff)
    await office.call("POST", f"/v1/bulletins/{id}/withdraw", staff, {"reason": "replaced"})
    told = {unit: (await get(office, "/v1/events", of(office, unit)))["items"] for unit in (UNIT, OTHER_UNIT)}
    types = {unit: [event["type"] for event in events] for unit, events in told.items()}
    both = ["bulletin-published", "bulletin-withdrawn"]
    assert types == {UNIT: both, OTHER_UNIT: [both[0], "report-read", both[1]]}
    assert told[UNIT][0]["subject"] == id
    assert told[UNIT][0]["data"] == {"community": "shaba", "units": [UNIT], "to_all": False, "urgent": False}
    assert OTHER_UNIT not in str(told[UNIT])


async def test_a_unit_is_told_of_a_bulletin_at_its_endpoint(office: Notify, partner: Partner) -> None:
    _, secret = await office.endpoint(partner.url)
    id = await publish(office, to_all=True)
    await until(lambda: bool(partner.received))
    told = partner.received[0].verified(secret)
    assert (told["type"], told["subject"]) == ("bulletin-published", id)
    assert OTHER_UNIT.encode() not in partner.received[0].body


async def test_many_clients_of_a_unit_at_once_leave_one_receipt(office: Notify) -> None:
    id = await publish(office)
    path = f"/v1/bulletins/{id}/read"
    replies = await asyncio.gather(*(office.call("POST", path, of(office)) for _ in range(20)))
    assert {status for status, _ in replies} == {200}
    events = [event.type for commit in await office.service.store.read(0, 100) for event in commit.events]
    assert events == ["bulletin-published", "bulletin-read"]


async def test_words_are_nowhere_in_the_database_and_in_no_event(office: Notify, database: Database) -> None:
    words: dict[str, Json] = {"title": {"en": "a secret title"}, "text": {"en": "a secret text"}}
    id = await publish(office, **words)
    assert (await office.call("POST", "/v1/reports", of(office), words))[0] == 201
    assert await ids(office, "/v1/bulletins", of(office)) == [id]
    raw = b""
    for name in await database.list_collection_names():
        raw += b"".join([bson.encode(document) async for document in database[name].find({})])
    assert id.encode() in raw
    assert b"a secret" not in raw


async def kept(database: Database) -> list[dict[str, Any]]:
    """All that is kept of bulletins and reports."""
    places = [database[name].find({}).sort("_id", 1) for name in ("bulletins", "reports")]
    return [document for place in places for document in await place.to_list(None)]


async def test_what_is_kept_is_the_same_after_the_log_was_followed_twice_and_from_anew(
    settings: NotifySettings, database: Database
) -> None:
    async with notify(settings) as running:
        staff = running.token("admin")
        await running.hears([Spoken().say("unit-registered", UNIT, name="-", kind="-")])
        made = [await publish(running, to_all=True), await publish(running)]
        _, report = await running.call("POST", "/v1/reports", of(running), {**BODY, "bulletin": made[1]})
        for path, token, body in (
            (f"/v1/bulletins/{made[0]}/read", of(running), None),
            (f"/v1/bulletins/{made[0]}/withdraw", staff, {"reason": "personal-data"}),
            (f"/v1/bulletins/{made[1]}/read", of(running), None),
            (f"/v1/reports/{report['id']}/read", staff, None),
        ):
            assert (await running.call("POST", path, token, body))[0] == 200
        assert len(await ids(running, "/v1/bulletins", staff)) == 2
        before = await kept(database)
        assert [document["version"] for document in before] == [3, 2, 2]
    for anew in (False, True):
        for name in ("positions-bulletins", *(("bulletins", "reports") if anew else ())):
            await database.drop_collection(name)
        async with notify(settings) as running:
            assert len(await ids(running, "/v1/bulletins", staff)) == 2
            assert await kept(database) == before


async def test_it_is_all_there_after_a_restart(settings: NotifySettings) -> None:
    async with notify(settings) as first:
        await first.hears([Spoken().say("unit-registered", UNIT, name="-", kind="-")])
        id = await publish(first)
        await first.call("POST", f"/v1/bulletins/{id}/read", of(first))
        before = await get(first, f"/v1/bulletins/{id}/receipts", first.token("admin"))
    async with notify(settings) as second:
        assert await get(second, f"/v1/bulletins/{id}/receipts", second.token("admin")) == before
        assert before["unread"] == []


async def test_two_processes_show_the_same(settings: NotifySettings) -> None:
    async with notify(settings) as first, notify(settings, leads=False) as second:
        await first.hears([Spoken().say("unit-registered", UNIT, name="-", kind="-")])
        id = await publish(first)
        assert (await second.call("POST", f"/v1/bulletins/{id}/read", of(second)))[0] == 200
        for running in (first, second):
            receipts = await get(running, f"/v1/bulletins/{id}/receipts", running.token("admin"))
            assert [receipt["unit"] for receipt in receipts["read"]] == [UNIT]
