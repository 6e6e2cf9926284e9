"""A community's own working days: declared, shown, taken back, by those whose community it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

import pytest

from services.dispatch.domain.working_time import LOCAL, NATIONAL, WorkingCalendar
from shared.kernel.times import parse_time, to_milliseconds
from tests.support.client import Client, Reply
from tests.support.community import HEALTH, Community
from tests.support.people import events_since

DAYS = "/v1/communities/community-shaba/working-days"
CLOSED = {"working": False, "reason": "premises"}
_YEARS = count(2101)


@pytest.fixture
async def date(shaba: Community) -> AsyncIterator[str]:
    """A day that no other test speaks of."""
    day = f"{next(_YEARS)}-03-02"
    yield day
    await withdraw(shaba.admin["registry"], day)


async def declare(client: Client, date: str, body: object = CLOSED, **headers: str) -> Reply:
    return await client.call("PUT", f"{DAYS}/{date}", body, headers=headers)


async def withdraw(client: Client, date: str) -> Reply:
    return await client.call("DELETE", f"{DAYS}/{date}")


async def items(client: Client) -> dict[str, dict[str, object]]:
    reply = await client.get(DAYS)
    assert reply.status == 200
    assert [each["date"] for each in reply.body["items"]] == sorted(
        each["date"] for each in reply.body["items"]
    )
    return {each["date"]: each for each in reply.body["items"]}


async def test_a_day_is_declared_shown_declared_otherwise_and_taken_back(shaba: Community, date: str) -> None:
    admin = shaba.admin["registry"]
    said = await declare(admin, date)
    assert (said.status, said.body) == (200, {"date": date, **CLOSED})
    assert (await items(admin))[date] == said.body
    worked = {"working": True, "reason": "make-up-day"}
    other = await declare(admin, date, worked)
    assert (other.status, other.body) == (200, {"date": date, **worked})
    assert (await items(shaba.staff["registry"]))[date] == other.body
    gone = await withdraw(admin, date)
    assert (gone.status, gone.body) == (200, {"date": date, "declared": False})
    assert date not in await items(admin)
    stream = [each for each in await events_since(admin, said) if each["subject"] == "working-days-shaba"]
    assert [each["type"] for each in stream] == [
        "working-day-declared",
        "working-day-declared",
        "working-day-withdrawn",
    ]


async def test_what_is_so_already_is_no_event(shaba: Community, date: str) -> None:
    admin = shaba.admin["registry"]
    first = await declare(admin, date)
    again = await declare(admin, date)
    assert (again.status, again.body) == (200, first.body)
    assert "linli-position" not in again.headers
    assert "linli-position" in (await withdraw(admin, date)).headers
    assert "linli-position" not in (await withdraw(admin, date)).headers


async def test_one_key_is_one_command_and_if_match_is_heeded(shaba: Community, date: str) -> None:
    admin, key = shaba.admin["registry"], str(uuid4())
    replies = await asyncio.gather(*(declare(admin, date, **{"Idempotency-Key": key}) for _ in range(10)))
    assert {(reply.status, reply.raw) for reply in replies} == {(200, replies[0].raw)}
    version = (await admin.get(DAYS)).headers["etag"]
    assert version == replies[0].headers["etag"]
    stale = await declare(admin, date, {**CLOSED, "reason": "weather"}, **{"If-Match": '"0"'})
    assert (stale.status, stale.body["code"]) == (412, "version-mismatch")
    fresh = await declare(admin, date, {**CLOSED, "reason": "weather"}, **{"If-Match": version})
    assert fresh.status == 200


@pytest.mark.parametrize("wrong", ["2026-02-30", "2026-13-01", "20261205", "today", "1766880000"])
async def test_a_date_is_one_of_the_calendar(shaba: Community, wrong: str) -> None:
    for method in ("PUT", "DELETE"):
        body = CLOSED if method == "PUT" else None
        reply = await shaba.admin["registry"].call(method, f"{DAYS}/{wrong}", body)
        assert (reply.status, reply.body["code"]) == (422, "invalid-request")
        assert [each["field"] for each in reply.body["errors"]] == ["path/date"]
        assert wrong.encode() not in reply.raw


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"working": False},
        {"working": "no", "reason": "premises"},
        {"working": 0, "reason": "premises"},
        {"working": False, "reason": "Mrs Li is ill"},
        {**CLOSED, "note": "x"},
    ],
)
async def test_a_reason_is_a_code_and_the_body_is_read_strictly(shaba: Community, body: object) -> None:
    reply = await declare(shaba.admin["registry"], "2100-03-02", body)
    assert (reply.status, reply.body["code"]) == (422, "invalid-request")
    assert "2100-03-02" not in await items(shaba.admin["registry"])


async def test_only_administrators_of_the_community_declare_and_its_units_may_read(
    shaba: Community, date: str
) -> None:
    for client in (shaba.staff["registry"], shaba.auditor["registry"], shaba.health["registry"]):
        for reply in (await declare(client, date), await withdraw(client, date)):
            assert (reply.status, reply.body["code"]) == (403, "insufficient-scope")
    assert date not in await items(shaba.health["registry"])
    admin = shaba.admin["registry"]
    elsewhere = "/v1/communities/community-nothing/working-days"
    for reply in (
        await admin.get(elsewhere),
        await admin.call("PUT", f"{elsewhere}/{date}", CLOSED),
        await admin.call("DELETE", f"{elsewhere}/{date}"),
        await admin.get("/v1/communities/grid-shaba-03/working-days"),
    ):
        assert (reply.status, reply.body["code"]) == (404, "not-found")


async def test_audit_says_what_was_declared_at_any_time(shaba: Community, date: str) -> None:
    said = await declare(shaba.admin["registry"], date)
    after = {"Linli-After": said.headers["linli-position"]}
    reply = await shaba.auditor["audit"].call("GET", "/v1/streams/working-days-shaba/state", headers=after)
    assert reply.status == 200, reply.body
    assert reply.body["state"]["days"][date] == CLOSED
    assert reply.body["complete"] is True


async def office_help(shaba: Community) -> str:
    """A new service with two days of office hours to respond in."""
    body = {
        "name": {"zh": "代办", "en": "Errands"},
        "category": "community-service",
        "lead_unit": HEALTH,
        "response_minutes": 2 * 540,
        "working_hours": "office",
    }
    made = await shaba.admin["registry"].post("/v1/services", body)
    assert made.status == 201, made.body
    await shaba.dispatch_has(made)
    return str(made.body["id"])


@dataclass
class Asked:
    """A request, and between which moments it was made."""

    id: str
    first: datetime
    last: datetime


async def asked(shaba: Community, service: str) -> Asked:
    """A new request, triaged."""
    first = to_milliseconds(datetime.now(UTC))
    id = await shaba.request(service=service)
    last = datetime.now(UTC)
    reply = await shaba.staff["dispatch"].post(f"/v1/requests/{id}/triage", {"priority": "routine"})
    assert reply.status == 200, reply.body
    return Asked(id, first, last)


async def test_what_is_due_from_now_on_heeds_the_days_and_what_is_due_already_does_not_move(
    shaba: Community,
) -> None:
    admin, service = shaba.admin["registry"], await office_help(shaba)
    today = datetime.now(LOCAL).date()
    following = (today + timedelta(days=days) for days in count(1))
    day = next(each for each in following if NATIONAL.is_working_day(each))
    before = await asked(shaba, service)
    try:
        await shaba.dispatch_has(await declare(admin, day.isoformat()))
        meanwhile = await asked(shaba, service)
    finally:
        await shaba.dispatch_has(await withdraw(admin, day.isoformat()))
    afterwards = await asked(shaba, service)
    closed = WorkingCalendar(closed=frozenset({day}))
    for made, calendar in ((before, NATIONAL), (meanwhile, closed), (afterwards, NATIONAL)):
        body = (await shaba.staff["dispatch"].get(f"/v1/requests/{made.id}")).body
        earliest, latest = (calendar.after(each, 2 * 540, "office") for each in (made.first, made.last))
        assert earliest <= parse_time(body["due"]) <= latest
    assert closed.after(meanwhile.first, 2 * 540, "office") > NATIONAL.after(
        meanwhile.last, 2 * 540, "office"
    )
