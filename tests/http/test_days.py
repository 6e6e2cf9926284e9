"""A volunteer's day, a unit's day, and their calendars for who has no token."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from icalendar import Calendar

from deploy.stack import Stack
from services.dispatch.domain.working_time import LOCAL
from shared.kernel.times import format_time, parse_time
from tests.http.test_agreements import client_of, let_in, signed, taken_on
from tests.support.client import Client, Reply
from tests.support.community import HEALTH, SCHOOL, Community
from tests.support.waiting import until


def noon(days: int) -> dict[str, str]:
    """The hour from noon on, China's time, so many days from now."""
    day = datetime.now(UTC).astimezone(LOCAL).date() + timedelta(days=days)
    start = datetime.combine(day, time(12), LOCAL)
    return {"start": format_time(start), "end": format_time(start + timedelta(hours=1))}


def day_of(when: dict[str, str]) -> str:
    return parse_time(when["start"]).astimezone(LOCAL).date().isoformat()


async def placed(shaba: Community, volunteer: str, when: dict[str, str]) -> tuple[str, Reply]:
    """A request with `volunteer` placed on it and a visit in the middle of the slot; the last answer."""
    id = await shaba.assigned(volunteer, when)
    reply = await shaba.staff["dispatch"].post(
        f"/v1/requests/{id}/visits", {"volunteer": volunteer, "slot": inside(when)}
    )
    assert reply.status == 201, reply.body
    return id, reply


def inside(when: dict[str, str]) -> dict[str, str]:
    ten = timedelta(minutes=10)
    return {
        "start": format_time(parse_time(when["start"]) + ten),
        "end": format_time(parse_time(when["end"]) - ten),
    }


async def seen(client: Client, path: str, reply: Reply, **query: str) -> Any:
    headers = {"Linli-After": reply.headers["linli-position"]}
    found = await client.call("GET", path, headers=headers, params=query)
    assert found.status == 200, found.body
    return found.body


async def test_a_day_says_who_is_where_when_and_for_what(shaba: Community) -> None:
    volunteer, when = await shaba.volunteer(), noon(9)
    id, last = await placed(shaba, volunteer, when)
    desk, day = shaba.staff["dispatch"], day_of(when)
    body = await seen(desk, f"/v1/volunteers/{volunteer}/day", last, date=day)
    assert body["date"] == day
    assert [(item["kind"], item["id"], item["status"], item["slot"]) for item in body["items"]] == [
        ("assignment", f"{id}.assignment-1", "accepted", when),
        ("visit", f"{id}.visit-1", "scheduled", inside(when)),
    ]
    for item in body["items"]:
        assert (item["request"], item["request_status"], item["grid"]) == (id, "assigned", "shaba-03")
        assert (item["volunteer"], item["unit"]) == (volunteer, HEALTH)
    for path, client in (("units", desk), ("units", shaba.health["dispatch"])):
        whole = (await client.get(f"/v1/{path}/{HEALTH}/day", date=day)).body["items"]
        assert [item for item in whole if item["request"] == id] == body["items"]
    assert (await shaba.health["dispatch"].get(f"/v1/volunteers/{volunteer}/day", date=day)).body == body
    assert (await desk.get(f"/v1/volunteers/{volunteer}/day", date="2020-01-01")).body["items"] == []
    assert (await desk.get(f"/v1/volunteers/{volunteer}/day")).body["date"] == today()
    cancelled = await desk.post(f"/v1/visits/{id}.visit-1/cancel", {"reason": "requester-asked"})
    left = await seen(desk, f"/v1/volunteers/{volunteer}/day", cancelled, date=day)
    assert [item["kind"] for item in left["items"]] == ["assignment"]
    bad = await desk.get(f"/v1/volunteers/{volunteer}/day", date="tomorrow")
    assert (bad.status, bad.body["code"]) == (422, "invalid-request")


def today() -> str:
    return datetime.now(UTC).astimezone(LOCAL).date().isoformat()


@pytest.mark.parametrize("method", ["GET day", "POST calendar", "DELETE calendar"])
async def test_another_units_day_and_calendar_are_not_there(shaba: Community, method: str) -> None:
    volunteer = await shaba.volunteer()
    verb, what = method.split()
    for owner in (f"volunteers/{volunteer}", f"units/{HEALTH}", "volunteers/volunteer-x", "units/unit-x"):
        reply = await shaba.school["dispatch"].call(verb, f"/v1/{owner}/{what}")
        assert (reply.status, reply.body["code"]) == (404, "not-found"), owner
    for owner in ("volunteers/volunteer-x", "units/unit-x"):
        assert (await shaba.staff["dispatch"].call(verb, f"/v1/{owner}/{what}")).status == 404


async def opened(client: Client, owner: str) -> tuple[Reply, Client, str]:
    """An address; a client without a token, and what of it is behind the service's own."""
    reply = await client.post(f"/v1/{owner}/calendar", Idempotency_Key=str(uuid4()))
    assert reply.status == 201, reply.body
    address = str(reply.body["address"])
    assert address.startswith(client.base)
    assert reply.headers["cache-control"] == "no-store"
    return reply, Client(client.base, client.session), address.removeprefix(client.base)


def events_in(reply: Reply) -> dict[str, Any]:
    assert (reply.status, reply.headers["content-type"].partition(";")[0]) == (200, "text/calendar")
    return {str(event["uid"]): event for event in Calendar.from_ical(reply.raw).walk("VEVENT")}


async def test_a_calendar_has_each_duty_once_and_nothing_of_a_person(shaba: Community) -> None:
    volunteer, when = await shaba.volunteer(), noon(10)
    id, _ = await placed(shaba, volunteer, when)
    alone = await shaba.assigned(volunteer, noon(11))
    made, nobody, path = await opened(shaba.health["dispatch"], f"volunteers/{volunteer}")
    headers = {"Linli-After": made.headers["linli-position"]}
    await shaba.staff["dispatch"].call("GET", "/v1/requests?limit=1", headers=headers)
    events = events_in(await nobody.get(path))
    visit, assignment = f"{id}.visit-1@linli", f"{alone}.assignment-1@linli"
    assert events.keys() == {visit, assignment}
    assert format_time(events[visit].decoded("dtstart"))[:19] == inside(when)["start"][:19]
    assert (events[visit]["status"], events[visit]["location"]) == ("CONFIRMED", "shaba-03")
    whole = (await nobody.get(path)).raw.decode()
    assert not {"resident", "李梅", "3栋", "138"} & set(whole.split())
    assert "resident-" not in whole
    released = await shaba.staff["dispatch"].post(
        f"/v1/assignments/{alone}.assignment-1/release", {"reason": "other"}
    )
    assert released.status == 200, released.body
    await until(lambda: has(nobody, path, {visit}), 5)
    _, nobody, of_unit = await opened(shaba.staff["dispatch"], f"units/{HEALTH}")
    assert visit in events_in(await nobody.get(of_unit))


async def has(client: Client, path: str, uids: set[str]) -> bool:
    return events_in(await client.get(path)).keys() == uids


async def test_a_secret_is_shown_once_and_only_the_last_one_is_good(shaba: Community) -> None:
    volunteer, desk = await shaba.volunteer(), shaba.staff["dispatch"]
    key = str(uuid4())
    path = f"/v1/volunteers/{volunteer}/calendar"
    first = await desk.post(path, Idempotency_Key=key)
    again = await desk.post(path, Idempotency_Key=key)
    assert again.body == {**first.body, "address": None}
    old = str(first.body["address"]).removeprefix(desk.base)
    _, nobody, new = await opened(desk, f"volunteers/{volunteer}")
    assert (await nobody.get(new)).status == 200
    base = new.partition("?")[0]
    for wrong in (old, base, f"{base}?secret=", f"{base}?secret=x", new.replace(volunteer, HEALTH)):
        reply = await nobody.get(wrong)
        assert (reply.status, reply.body["code"]) == (404, "not-found"), wrong
    revoked = await desk.call("DELETE", path)
    assert (revoked.status, revoked.body["open"]) == (200, False)
    assert (await nobody.get(new)).status == 404
    assert (await desk.call("DELETE", path)).body == revoked.body


async def test_the_calendar_of_who_left_is_not_there(
    shaba: Community,
) -> None:
    registry, desk = shaba.admin["registry"], shaba.staff["dispatch"]
    volunteer = await shaba.volunteer()
    _, nobody, path = await opened(desk, f"volunteers/{volunteer}")
    assert (await nobody.get(path)).status == 200
    left = await registry.post(f"/v1/volunteers/{volunteer}/leave", {"reason": "left"})
    assert left.status == 200, left.body
    await shaba.dispatch_has(left)
    await until(lambda: is_gone(nobody, path), 3)


async def test_the_calendars_of_a_unit_are_gone_with_its_agreement(shaba: Community) -> None:
    unit = await taken_on(shaba)
    agreement = await signed(shaba, unit)
    theirs = (await let_in(shaba, await client_of(shaba, unit)))["dispatch"]
    volunteer = await shaba.volunteer(unit)
    paths = []
    for owner in (f"units/{unit}", f"volunteers/{volunteer}"):
        _, nobody, path = await opened(theirs, owner)
        assert (await nobody.get(path)).status == 200
        paths.append((nobody, path))
    ended = await shaba.admin["registry"].post(f"/v1/agreements/{agreement}/end", {"reason": "closed"})
    assert ended.status == 200, ended.body
    for nobody, path in paths:
        await until(partial(is_gone, nobody, path), 5)
    _, nobody, path = await opened(shaba.staff["dispatch"], f"units/{unit}")
    assert await is_gone(nobody, path)
    _, nobody, path = await opened(shaba.staff["dispatch"], f"volunteers/{volunteer}")
    assert (await nobody.get(path)).status == 200


async def is_gone(client: Client, path: str) -> bool:
    return (await client.get(path)).status == 404


async def test_neither_log_nor_events_have_the_secret(shaba: Community, running_stack: Stack) -> None:
    volunteer = await shaba.volunteer(SCHOOL)
    made, nobody, path = await opened(shaba.school["dispatch"], f"volunteers/{volunteer}")
    secret = path.partition("=")[2]
    assert len(secret) > 40
    assert (await nobody.get(path)).status == 200
    assert (await nobody.get(path.replace("?", "/x?"))).status == 404
    assert (await nobody.get(f"{path}&more=1")).status == 422
    pos = int(made.headers["linli-position"].partition("@")[2])
    told = await shaba.admin["dispatch"].get("/v1/events", after=str(pos - 1), limit="1")
    assert told.body["items"][0]["type"] == "calendar-feed-opened"
    assert secret.encode() not in told.raw
    assert secret not in running_stack.folder.log("dispatch").read_text(encoding="utf-8")
    theirs = await shaba.school["dispatch"].get("/v1/events", after=str(pos - 1), limit="1")
    assert theirs.body["items"][0]["data"]["volunteer"] == volunteer
    assert "details" not in theirs.body["items"][0]["data"]


async def test_the_calendar_is_put_in_the_audit_log_as_it_is_decided(shaba: Community) -> None:
    volunteer = await shaba.volunteer()
    await opened(shaba.staff["dispatch"], f"volunteers/{volunteer}")
    path = f"/v1/streams/feed-{volunteer}/state"

    async def is_known() -> bool:
        return (await shaba.auditor["audit"].get(path)).status == 200

    await until(is_known)
    assert (await shaba.auditor["audit"].get(path)).body["state"]["volunteer"] == volunteer
