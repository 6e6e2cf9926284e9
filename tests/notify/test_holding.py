"""What is held, why, and what becomes of it: nothing is sent that must not be, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from time import time
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import WebhookVerificationError

from services.notify.domain.breaker import FAILURES_TO_OPEN, GIVEN_UP_AFTER_S
from services.notify.engine.fresh import IN_MEMORY
from services.notify.engine.lane import IN_FLIGHT
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.times import parse_time
from shared.runtime.mongo import Database
from shared.runtime.settings import NotifySettings
from tests.support.notifying import UNIT, Notify, Partner, Spoken, notify, partner_system
from tests.support.waiting import until

THIRD_UNIT = "unit-without-agreement"


async def register(running: Notify, url: str, unit: str = UNIT, **more: Json) -> tuple[str, str]:
    """An endpoint with what `more` says; its id and secret."""
    body = {"unit": unit, "url": url, "events": ["*"], **more}
    status, answer = await running.call("POST", "/v1/endpoints", running.token(unit=unit), body)
    assert status == 201, answer
    return str(answer["id"]), str(answer["secret"])


async def do(running: Notify, endpoint: str, verb: str, body: object = None) -> dict[str, Any]:
    """Pause, resume and the like."""
    status, answer = await running.call("POST", f"/v1/endpoints/{endpoint}/{verb}", running.token(), body)
    assert status == 200, answer
    found: dict[str, Any] = answer
    return found


async def amend(running: Notify, endpoint: str, **changes: Json) -> None:
    status, answer = await running.call("PATCH", f"/v1/endpoints/{endpoint}", running.token(), changes)
    assert status == 200, answer


async def shown(running: Notify, endpoint: str) -> dict[str, Any]:
    status, answer = await running.call("GET", f"/v1/endpoints/{endpoint}", running.token())
    assert status == 200, answer
    found: dict[str, Any] = answer
    return found


async def held(running: Notify, database: Database, endpoint: str) -> str | None:
    """Why nothing is sent there, as the process that sends has saved it."""
    found = await database["progress"].find_one({"_id": endpoint})
    return None if found is None else found["held"]


async def is_held(running: Notify, database: Database, endpoint: str, why: str | None) -> bool:
    return await held(running, database, endpoint) == why


async def states_are(running: Notify, **counts: int) -> bool:
    states = await running.states()
    return {state: states.count(state) for state in states} == counts


def ids(events: Sequence[CloudEvent]) -> list[str]:
    return [event.id for event in events]


async def test_while_it_is_paused_nothing_is_sent_and_all_is_kept_and_sent_on_return_oldest_first(
    running: Notify, database: Database, partner: Partner
) -> None:
    endpoint, _ = await register(running, partner.url, ordered=True)
    await do(running, endpoint, "pause")
    await until(lambda: is_held(running, database, endpoint, "paused"))
    events, spoken = [], Spoken()
    for _ in range(3):
        events += spoken.volunteers(IN_MEMORY // 2)
        await running.hears(events[-IN_MEMORY // 2 :])
    assert await states_are(running, pending=len(events))
    assert partner.received == []
    await do(running, endpoint, "resume", {"backlog": "send"})
    await until(lambda: states_are(running, delivered=len(events)), 30)
    assert partner.ids == ids(events)


async def test_what_is_skipped_on_return_is_never_sent_whether_it_was_tried_or_not(
    settings: NotifySettings, database: Database, partner: Partner
) -> None:
    async with notify(settings.model_copy(update={"retry_schedule": [2.0]})) as running:
        endpoint, _ = await register(running, partner.url)
        partner.answers.append(web.Response(status=500))
        spoken = Spoken()
        tried = spoken.volunteers(1)
        await running.hears(tried)
        await until(lambda: _has_outcomes(running, 1))
        await do(running, endpoint, "pause")
        await until(lambda: is_held(running, database, endpoint, "paused"))
        before = len(partner.received)
        await running.hears(spoken.volunteers(5))
        await do(running, endpoint, "resume", {"backlog": "skip"})
        wanted = spoken.volunteers(3)
        await running.hears(wanted)
        await until(lambda: states_are(running, cancelled=1, delivered=3))
        assert sorted(partner.ids[before:]) == sorted(ids(wanted))
        last = await database["deliveries"].find_one({"message": tried[0].id})
        assert last is not None
        # Not even when it would have been due.
        due = parse_time(last["at"]).timestamp() + 2.0 * 1.2
        await until(lambda: time() > due + 0.2)
        assert sorted(partner.ids[before:]) == sorted(ids(wanted))


async def test_410_disables_at_once_and_the_unit_s_other_endpoint_is_told_of_it(
    running: Notify, database: Database, partner: Partner
) -> None:
    async with partner_system() as other:
        endpoint, _ = await register(running, partner.url, ordered=True)
        _, secret = await register(running, other.url, events=["endpoint-disabled"])
        partner.answers.append(web.Response(status=410))
        spoken = Spoken()
        await running.hears(first := spoken.volunteers(3))
        await until(lambda: bool(other.received))
        told = other.received[0].verified(secret)
        assert (told["type"], told["subject"]) == ("endpoint-disabled", endpoint)
        assert told["data"] == {"community": "shaba", "reason": "gone", "unit": UNIT, "units": [UNIT]}
        found = await shown(running, endpoint)
        assert (found["status"], found["reason"]) == ("disabled", "gone")
        await running.hears(more := spoken.volunteers(3))
        await until(lambda: is_held(running, database, endpoint, "disabled"))
        assert len(partner.received) == 1

        await do(running, endpoint, "resume", {"backlog": "send"})
        everything = {*ids(first), *ids(more), other.received[0].id}
        await until(lambda: everything <= set(partner.ids))
        await until(lambda: states_are(running, delivered=len(everything) + 1))
        assert len(partner.received) == len(everything) + 1
        assert (await shown(running, endpoint))["status"] == "active"


async def test_a_receiver_that_is_down_gets_probes_alone_and_afterwards_everything_once(
    running: Notify, database: Database, partner: Partner
) -> None:
    endpoint, _ = await register(running, partner.url)
    down = 12
    partner.answers.extend(web.Response(status=503) for _ in range(down))
    events = Spoken().volunteers(60)
    await running.hears(events)
    await until(lambda: len(partner.received) >= FAILURES_TO_OPEN + IN_FLIGHT + 1)
    await until(lambda: is_held(running, database, endpoint, "failing"))
    assert "exhausted" not in await running.states()
    await until(lambda: states_are(running, delivered=60), 40)
    failed = [outcome for outcome in await running.outcomes() if outcome["outcome"] != "delivered"]
    assert [outcome["outcome"] for outcome in failed] == ["failed"] * down
    assert len(partner.received) == 60 + down
    assert sorted(set(partner.ids)) == sorted(ids(events))
    # Of the schedule of two steps, only what was on its way before it opened has used any.
    probes = failed[FAILURES_TO_OPEN + IN_FLIGHT - 1 :]
    assert probes
    assert all(int(str(probe["step"])) <= 1 for probe in probes)
    moments = [str(probe["at"]) for probe in probes]
    assert all(earlier < later for earlier, later in pairwise(moments)), "one at a time"


async def test_an_endpoint_that_nothing_reached_for_five_days_is_disabled_and_not_a_day_sooner(
    settings: NotifySettings, database: Database, partner: Partner
) -> None:
    partner.answers.extend(web.Response(status=500) for _ in range(50))
    async with notify(settings) as running:
        early, _ = await register(running, partner.url, events=["volunteer-registered"])
        late, _ = await register(running, partner.url, events=["volunteer-registered"])
        # So that there is something to save.
        await running.hears(Spoken().volunteers(1))
        await until(lambda: _is_failing(database, early))
        await until(lambda: _is_failing(database, late))
    for endpoint, days in ((early, 4.9), (late, 5.0)):
        since = time() - days / 5 * GIVEN_UP_AFTER_S
        facts = {"failing_since": since, "held": "failing"}
        await database["progress"].update_one({"_id": endpoint}, {"$set": facts})
    spoken = Spoken()
    spoken.volunteers(1)
    async with notify(settings) as running:
        await running.hears(spoken.volunteers(1))
        await until(lambda: _has_status(running, late, "disabled"))
        assert (await shown(running, late))["reason"] == "failing"
        assert (await shown(running, early))["status"] == "active"
        partner.answers.clear()
        await do(running, late, "resume", {"backlog": "send"})
        await until(lambda: _all_told(running, 6))
        await until(lambda: _is_not_failing(database, late))
        assert (await shown(running, late))["status"] == "active"


async def _has_status(running: Notify, endpoint: str, status: str) -> bool:
    return bool((await shown(running, endpoint))["status"] == status)


async def _all_told(running: Notify, count: int) -> bool:
    """All came to their end: told, or given up before."""
    states = await running.states()
    return len(states) == count and not {"pending"} & set(states)


async def _is_failing(database: Database, endpoint: str) -> bool:
    found = await database["progress"].find_one({"_id": endpoint})
    return found is not None and found["failing_since"] is not None


async def _is_not_failing(database: Database, endpoint: str) -> bool:
    found = await database["progress"].find_one({"_id": endpoint})
    return found is not None and found["failing_since"] is None


async def test_without_an_agreement_in_force_all_is_held_and_sent_when_one_comes(
    running: Notify, database: Database, partner: Partner
) -> None:
    agreements = Spoken()
    hear = running.service.keys.reactions()
    await hear["agreement-signed"](agreements.agreement(THIRD_UNIT))
    endpoint, _ = await register(running, partner.url, THIRD_UNIT)
    end = agreements.say("agreement-ended", f"agreement-of-{THIRD_UNIT}", units=[THIRD_UNIT])
    await hear["agreement-ended"](replace(end, version=2))
    events = Spoken().volunteers(4, [THIRD_UNIT])
    await running.hears(events)
    await until(lambda: is_held(running, database, endpoint, "no-agreement"))
    assert partner.received == []
    again = replace(agreements.agreement(THIRD_UNIT), stream="agreement-2")
    await hear["agreement-signed"](again)
    await until(lambda: len(partner.received) == 4)
    assert sorted(partner.ids) == sorted(ids(events))


async def test_an_ordered_endpoint_is_told_one_at_a_time_in_order_also_over_failures(
    running: Notify, partner: Partner
) -> None:
    await register(running, partner.url, ordered=True)
    statuses = [204, 500, 204, 204, 503, 500, 204, *[500] * 2]
    partner.answers.extend(web.Response(status=status) for status in statuses)
    events = Spoken().volunteers(40)
    await running.hears(events)
    await until(lambda: _all_told(running, 40), 30)
    assert _without_repeats(partner.ids) == ids(events)


async def test_an_ordered_endpoint_that_was_down_is_told_in_order(running: Notify, partner: Partner) -> None:
    await register(running, partner.url, ordered=True)
    partner.answers.extend(web.Response(status=503, headers={"Retry-After": "0.01"}) for _ in range(7))
    events = Spoken().volunteers(20)
    await running.hears(events)
    await until(lambda: _all_told(running, 20), 30)
    assert _without_repeats(partner.ids) == ids(events)


def _without_repeats(ids: Sequence[str]) -> list[str]:
    return [id for number, id in enumerate(ids) if number == 0 or ids[number - 1] != id]


async def test_no_more_go_in_a_minute_than_are_allowed_also_when_that_is_changed(
    running: Notify, database: Database, partner: Partner
) -> None:
    endpoint, _ = await register(running, partner.url, per_minute=7)
    await running.hears(Spoken().volunteers(30))
    await until(lambda: states_are(running, delivered=7, pending=23))
    await amend(running, endpoint, per_minute=9)
    await until(lambda: states_are(running, delivered=9, pending=21))
    await amend(running, endpoint, per_minute=None)
    await until(lambda: states_are(running, delivered=30))
    assert len(partner.received) == 30


async def test_while_secrets_rotate_both_verify_and_afterwards_only_the_new_one(
    running: Notify, partner: Partner
) -> None:
    endpoint, first = await register(running, partner.url)
    second = (await do(running, endpoint, "rotate", {"overlap_hours": 24}))["secret"]
    spoken = Spoken()
    await running.hears(spoken.volunteers(1))
    await until(lambda: len(partner.received) == 1)
    for secret in (first, second):
        partner.received[0].verified(secret)
    third = (await do(running, endpoint, "rotate", {"overlap_hours": 0}))["secret"]
    await running.hears(spoken.volunteers(1))
    await until(lambda: len(partner.received) == 2)
    partner.received[1].verified(third)
    for secret in (first, second):
        with pytest.raises(WebhookVerificationError):
            partner.received[1].verified(secret)


async def test_a_new_address_is_used_at_once_also_where_the_old_one_was_held(
    running: Notify, database: Database, partner: Partner
) -> None:
    async with partner_system() as moved:
        endpoint, secret = await register(running, partner.url)
        partner.answers.extend(web.Response(status=503, headers={"Retry-After": "3600"}) for _ in range(9))
        events = Spoken().volunteers(20)
        await running.hears(events)
        await until(lambda: is_held(running, database, endpoint, "failing"))
        before = len(partner.received)
        await amend(running, endpoint, url=moved.url)
        await until(lambda: len(moved.received) >= 20 - before)
        assert len(partner.received) == before
        moved.received[0].verified(secret)


async def test_an_endpoint_that_was_removed_gets_nothing_more(
    running: Notify, database: Database, partner: Partner
) -> None:
    async with partner_system() as other:
        endpoint, _ = await register(running, partner.url)
        await register(running, other.url)
        await do(running, endpoint, "pause")
        spoken = Spoken()
        await running.hears(spoken.volunteers(3))
        status, _ = await running.call("DELETE", f"/v1/endpoints/{endpoint}", running.token())
        assert status == 200
        await until(lambda: _is_gone(running, endpoint))
        await running.hears(spoken.volunteers(3))
        await until(lambda: len(other.received) == 6)
        assert partner.received == []


async def _is_gone(running: Notify, endpoint: str) -> bool:
    return (await running.call("GET", f"/v1/endpoints/{endpoint}", running.token()))[0] == 404


async def test_types_with_wildcards_and_filters_narrow_what_is_told(
    running: Notify, partner: Partner
) -> None:
    async with partner_system() as other:
        await register(running, partner.url, events=["request-*", "*-published"], grids=["shaba-01"])
        await register(
            running, other.url, events=["request-*"], services=["service-a"], priorities=["urgent"]
        )
        spoken = Spoken("dispatch")

        def request(**facts: Json) -> CloudEvent:
            return spoken.say("request-created", f"request-{len(spoken.commits)}", units=[UNIT], **facts)

        here = request(grid="shaba-01", service="service-b", priority="normal")
        elsewhere = request(grid="shaba-02", service="service-a", priority="urgent")
        both = request(grid="shaba-01", service="service-a", priority="urgent")
        published = Spoken().say("service-published", "service-1", units=[UNIT], lead_unit=UNIT)
        other_type = Spoken().say("unit-amended", UNIT, units=[UNIT])
        await running.hears([here, elsewhere, both, published, other_type])
        await until(lambda: len(partner.received) == 3 and len(other.received) == 2)
        assert sorted(partner.ids) == sorted(ids([here, both, published]))
        assert sorted(other.ids) == sorted(ids([elsewhere, both]))


async def test_what_an_endpoint_no_longer_wants_is_not_sent_from_what_waits(
    running: Notify, partner: Partner
) -> None:
    async with partner_system(hangs=True) as slow:
        endpoint, _ = await register(running, slow.url)
        await running.hears(Spoken().volunteers(20))
        await until(lambda: len(slow.received) == IN_FLIGHT)
        await amend(running, endpoint, events=["service-published"])
        await until(lambda: _listens_to(running, endpoint, ["service-published"]))
        slow.free.set()
        await until(lambda: states_are(running, delivered=IN_FLIGHT))
        assert len(slow.received) == IN_FLIGHT


async def _listens_to(running: Notify, endpoint: str, events: list[str]) -> bool:
    return bool((await shown(running, endpoint))["events"] == events)


async def test_a_volunteer_s_endpoint_is_told_of_its_own_and_a_unit_s_of_the_unit_s(
    running: Notify, partner: Partner
) -> None:
    async with partner_system() as mei:
        facts: dict[str, Json] = {"team": "residents", "skills": [], "details": "-"}
        known = Spoken().say("volunteer-registered", "volunteer-mei", units=[UNIT], unit=UNIT, **facts)
        await running.hears([known])
        await register(running, partner.url)
        await register(running, mei.url, volunteer="volunteer-mei")
        spoken = Spoken("dispatch")
        made = [
            spoken.say(
                "assignment-offered",
                "request-1",
                units=[UNIT],
                volunteer=f"volunteer-{name}",
                visit="visit-1",
            )
            for name in ("mei", "bo", "mei")
        ]
        await running.hears(made)
        await until(lambda: len(mei.received) == 2)
        assert sorted(mei.ids) == sorted(ids([made[0], made[2]]))
        assert {json.loads(webhook.body)["recipient"] for webhook in mei.received} == {"volunteer-mei"}
        assert {json.loads(webhook.body)["recipient"] for webhook in partner.received} <= {UNIT}


async def test_the_bare_data_is_sent_where_that_is_asked_for(running: Notify, partner: Partner) -> None:
    _, secret = await register(running, partner.url, format="data")
    await running.hears(Spoken().volunteers(1))
    await until(lambda: len(partner.received) == 1)
    [webhook] = partner.received
    assert webhook.headers["content-type"] == "application/json"
    assert webhook.verified(secret) == json.loads(webhook.body)
    assert json.loads(webhook.body)["units"] == [UNIT]


async def test_cancelled_while_it_is_on_its_way_it_is_not_sent_again(
    running: Notify, database: Database
) -> None:
    async with partner_system(hangs=True) as slow:
        slow.answers.append(web.Response(status=500))
        endpoint, _ = await register(running, slow.url)
        spoken = Spoken()
        [event] = spoken.volunteers(1)
        await running.hears([event])
        await until(lambda: len(slow.received) == 1)
        await do(running, endpoint, f"deliveries/{event.id}/cancel")
        await until(lambda: states_are(running, cancelled=1))
        slow.free.set()
        await until(lambda: _has_outcomes(running, 1))
        # What comes next shows that it would have been sent by now.
        [other] = spoken.volunteers(1)
        await running.hears([other])
        await until(lambda: states_are(running, cancelled=1, delivered=1))
        assert slow.ids == [event.id, other.id]
        await do(running, endpoint, f"deliveries/{event.id}/resend")
        await until(lambda: states_are(running, delivered=2))
        assert slow.ids == [event.id, other.id, event.id]


async def _has_outcomes(running: Notify, count: int) -> bool:
    return len(await running.outcomes()) == count


async def test_what_is_asked_for_again_as_soon_as_it_was_told_is_told_again(
    running: Notify, partner: Partner
) -> None:
    endpoint, _ = await register(running, partner.url)
    spoken = Spoken()
    for round in range(1, 6):
        [event] = spoken.volunteers(1)
        await running.hears([event])
        await until(lambda round=round: _has_outcomes(running, 2 * round - 1))  # type: ignore[misc]
        await do(running, endpoint, f"deliveries/{event.id}/resend")
        await until(lambda event=event: partner.ids.count(event.id) == 2)  # type: ignore[misc]
        await until(lambda round=round: states_are(running, delivered=round))  # type: ignore[misc]
