"""The engine: from an event to the receiver, whatever the receiver does and whenever notify ends."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from time import monotonic

import pytest
from aiohttp import web

from services.notify.engine.fresh import IN_MEMORY
from services.notify.engine.lane import IN_FLIGHT
from services.notify.engine.outcomes import EVERY_S
from shared.kernel.times import parse_time
from shared.runtime.mongo import Database
from shared.runtime.settings import NotifySettings
from tests.support.notifying import OTHER_UNIT, UNIT, Notify, Partner, Spoken, notify, partner_system
from tests.support.waiting import until


async def all_delivered(running: Notify, count: int) -> bool:
    return await running.states() == ["delivered"] * count


async def test_an_event_is_delivered_once_and_its_signature_verifies(
    running: Notify, partner: Partner
) -> None:
    endpoint, secret = await running.endpoint(partner.url)
    [event] = Spoken().volunteers(1)
    await running.hears([event])
    await until(lambda: all_delivered(running, 1))
    [webhook] = partner.received
    body = webhook.verified(secret)
    assert webhook.id == event.id == body["id"]
    assert webhook.headers["content-type"] == "application/cloudevents+json"
    assert body["data"] == {
        "community": "shaba",
        "skills": [],
        "team": "residents",
        "unit": UNIT,
        "units": [UNIT],
    }
    assert not {"authid", "traceparent"} & body.keys()
    [delivery] = await running.deliveries()
    assert delivery == {
        "event": event.id,
        "type": "volunteer-registered",
        "endpoint": endpoint,
        "unit": UNIT,
        "number": 1,
        "state": "delivered",
        "attempts": 1,
        "next_at": None,
        "last_status": 204,
        "last_error": None,
        "delivered_at": delivery["delivered_at"],
        "created_at": delivery["created_at"],
    }
    assert parse_time(str(delivery["created_at"])) <= parse_time(str(delivery["delivered_at"]))


async def test_an_idle_notify_delivers_without_waiting_for_its_report(
    running: Notify, partner: Partner
) -> None:
    await running.endpoint(partner.url)
    began = monotonic()
    await running.hears(Spoken().volunteers(1))
    await until(lambda: bool(partner.received))
    assert monotonic() - began < EVERY_S


async def test_a_failure_is_tried_again_with_the_same_id_and_a_signature_of_its_own(
    running: Notify, partner: Partner
) -> None:
    endpoint, secret = await running.endpoint(partner.url)
    partner.answers.extend([web.Response(status=500), web.Response(status=503)])
    [event] = Spoken().volunteers(1)
    await running.hears([event])
    await until(lambda: all_delivered(running, 1))
    assert partner.ids == [event.id] * 3
    for webhook in partner.received:
        webhook.verified(secret)
    told = [
        (
            outcome["message"],
            outcome["endpoint"],
            outcome["attempt"],
            outcome["outcome"],
            outcome.get("status"),
        )
        for outcome in await running.outcomes()
    ]
    assert told == [
        (event.id, endpoint, 1, "failed", 500),
        (event.id, endpoint, 2, "failed", 503),
        (event.id, endpoint, 3, "delivered", 204),
    ]
    assert [("next_at" in outcome) for outcome in await running.outcomes()] == [True, True, False]


async def test_a_receiver_that_never_accepts_is_given_up_after_the_schedule(
    running: Notify, partner: Partner
) -> None:
    await running.endpoint(partner.url)
    partner.answers.extend(web.Response(status=400) for _ in range(9))
    await running.hears(Spoken().volunteers(1))
    await until(lambda: _states_are(running, ["exhausted"]))
    assert len(partner.received) == 3
    [delivery] = await running.deliveries("state=exhausted")
    assert (delivery["attempts"], delivery["last_status"], delivery["next_at"]) == (3, 400, None)
    assert [outcome["outcome"] for outcome in await running.outcomes()] == ["failed", "failed", "exhausted"]


async def test_a_redirect_is_a_failure_and_is_not_followed(running: Notify, partner: Partner) -> None:
    async with partner_system() as elsewhere:
        await running.endpoint(partner.url)
        partner.answers.append(web.Response(status=307, headers={"Location": elsewhere.url}))
        await running.hears(Spoken().volunteers(1))
        await until(lambda: all_delivered(running, 1))
        assert elsewhere.received == []
    assert len(partner.received) == 2


async def test_retry_after_is_respected(running: Notify, partner: Partner) -> None:
    await running.endpoint(partner.url)
    partner.answers.append(web.Response(status=503, headers={"Retry-After": "3600"}))
    await running.hears(Spoken().volunteers(1))
    await until(lambda: _has_attempts(running, 1))
    [delivery] = await running.deliveries("state=pending")
    wait = parse_time(str(delivery["next_at"])) - datetime.now(UTC)
    assert 3500 < wait.total_seconds() <= 3600


@pytest.mark.parametrize(("status", "state", "sent"), [(200, "delivered", 1), (503, "exhausted", 3)])
async def test_a_retry_after_beyond_all_time_is_no_more_than_any_other(
    running: Notify, partner: Partner, status: int, state: str, sent: int
) -> None:
    beyond = {"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}
    await running.endpoint(partner.url)
    partner.answers.extend(web.Response(status=status, headers=beyond) for _ in range(9))
    await running.hears(Spoken().volunteers(1))
    await until(lambda: _states_are(running, [state]))
    [delivery] = await running.deliveries()
    assert (delivery["attempts"], delivery["last_status"]) == (sent, status)
    assert len(partner.received) == sent


async def test_an_answer_without_end_is_read_no_further_than_needed(
    running: Notify, partner: Partner
) -> None:
    partner.endless = True
    await running.endpoint(partner.url)
    await running.hears(Spoken().volunteers(2))
    await until(lambda: all_delivered(running, 2))
    assert len(partner.received) == 2


async def test_a_receiver_that_hangs_holds_back_nobody_else(running: Notify, partner: Partner) -> None:
    async with partner_system(hangs=True) as hanging:
        await running.endpoint(hanging.url)
        await running.endpoint(partner.url, OTHER_UNIT)
        events = Spoken().volunteers(50, [UNIT, OTHER_UNIT])
        await running.hears(events)
        await until(lambda: len(partner.received) == 50 and len(hanging.received) >= IN_FLIGHT)
        assert len(hanging.received) == IN_FLIGHT
        assert sorted(partner.ids) == sorted(event.id for event in events)


async def test_no_answer_within_the_deadline_is_a_failure(settings: NotifySettings, partner: Partner) -> None:
    async with (
        notify(settings.model_copy(update={"deadline": 0.2})) as running,
        partner_system(True) as hanging,
    ):
        await running.endpoint(hanging.url)
        await running.hears(Spoken().volunteers(1))
        await until(lambda: _states_are(running, ["exhausted"]))
        told = [(outcome.get("status"), outcome["error"]) for outcome in await running.outcomes()]
        assert told == [(None, "timeout")] * 3
        [delivery] = await running.deliveries()
        assert (delivery["last_status"], delivery["last_error"]) == (None, "timeout")


async def test_more_than_fits_in_memory_is_sent_from_the_store(running: Notify) -> None:
    spoken, count = Spoken(), IN_MEMORY * 3
    async with partner_system(hangs=True) as partner:
        await running.endpoint(partner.url)
        for _ in range(3):
            await running.hears(spoken.volunteers(IN_MEMORY))
        partner.free.set()
        await until(lambda: all_delivered(running, count), 30)
        assert sorted(partner.ids) == sorted(commit.events[0].id for commit in spoken.commits)


async def test_each_unit_is_told_what_concerns_it_in_its_own_form(running: Notify, partner: Partner) -> None:
    async with partner_system() as other:
        _, secret = await running.endpoint(partner.url)
        _, other_secret = await running.endpoint(other.url, OTHER_UNIT, ["service-published"])
        spoken = Spoken()
        both = spoken.say(
            "service-published",
            "service-1",
            units=[UNIT, OTHER_UNIT],
            lead_unit=UNIT,
            supporting_units=[OTHER_UNIT],
        )
        second = spoken.volunteers(1, [OTHER_UNIT])
        neither = spoken.say("resident-registered", "resident-1", grid="shaba-01", tier="high")
        await running.hears([both, *second, neither, *spoken.volunteers(1)])
        await until(lambda: len(partner.received) == 2)
        await until(lambda: len(other.received) == 1)
        [told] = [webhook.verified(secret) for webhook in partner.received if webhook.id == both.id]
        [told_other] = [webhook.verified(other_secret) for webhook in other.received]
        assert told["id"] == told_other["id"] == both.id
        assert told["data"] == {"community": "shaba", "units": [UNIT], "lead_unit": UNIT}
        assert told_other["data"] == {"community": "shaba", "units": [OTHER_UNIT]}


async def test_a_new_endpoint_is_told_of_the_very_next_event(running: Notify, partner: Partner) -> None:
    spoken = Spoken()
    for number in range(5):
        await running.endpoint(partner.url)
        await running.hears(spoken.volunteers(1))
        expected = sum(range(1, number + 2))
        await until(lambda expected=expected: len(partner.received) == expected)  # type: ignore[misc]


async def test_a_fanout_that_is_done_again_makes_no_second_delivery(
    settings: NotifySettings, database: Database
) -> None:
    events = Spoken().volunteers(20)
    async with partner_system() as partner:
        async with notify(settings) as running:
            await running.endpoint(partner.url)
            await running.hears(events)
            await until(lambda: all_delivered(running, 20))
        # As after a crash behind the insertion and before the position moved.
        await database["positions-events"].delete_many({})
        async with notify(settings) as running:
            await running.hears(events)
            assert await running.states() == ["delivered"] * 20
            assert await database["deliveries"].count_documents({}) == 20
        assert len(partner.received) == 20


async def test_what_was_pending_is_sent_after_a_restart(settings: NotifySettings) -> None:
    spoken, count = Spoken(), IN_MEMORY * 2
    async with partner_system(hangs=True) as partner:
        async with notify(settings) as running:
            await running.endpoint(partner.url)
            await running.hears(spoken.volunteers(IN_MEMORY))
            await running.hears(spoken.volunteers(IN_MEMORY))
            await until(lambda: len(partner.received) == IN_FLIGHT)
            assert await running.states() == ["pending"] * count
        partner.free.set()
        async with notify(settings) as running:
            await until(lambda: all_delivered(running, count), 30)
            assert {commit.events[0].id for commit in spoken.commits} == set(partner.ids)
            assert len(partner.received) == count + IN_FLIGHT


async def test_an_outcome_that_is_in_the_log_is_not_sent_again_after_a_crash(
    settings: NotifySettings, database: Database, partner: Partner
) -> None:
    async with notify(settings) as running:
        await running.endpoint(partner.url)
        await running.hears(Spoken().volunteers(3))
        await until(lambda: len(partner.received) == 3)
    # As after a crash behind the log, and before the outcomes were set on their deliveries.
    for collection in ("deliveries", "progress", "positions-log"):
        await database[collection].delete_many({})
    async with notify(settings) as running:
        assert len(await running.outcomes()) == 3
        await until(lambda: all_delivered(running, 3))
    assert len(partner.received) == 3


async def test_a_retry_that_waits_is_made_after_a_restart(settings: NotifySettings, partner: Partner) -> None:
    patient = settings.model_copy(update={"retry_schedule": [2.0]})
    async with notify(patient) as running:
        await running.endpoint(partner.url)
        partner.answers.append(web.Response(status=500))
        await running.hears(Spoken().volunteers(1))
        await until(lambda: _has_attempts(running, 1))
    async with notify(patient) as running:
        await until(lambda: all_delivered(running, 1))
        [delivery] = await running.deliveries()
    assert delivery["attempts"] == 2
    assert len(partner.received) == 2


async def test_the_log_read_again_changes_nothing(
    settings: NotifySettings, database: Database, partner: Partner
) -> None:
    async with notify(settings) as running:
        endpoint, _ = await running.endpoint(partner.url)
        partner.answers.append(web.Response(status=500))
        await running.hears(Spoken().volunteers(3))
        await until(lambda: all_delivered(running, 3))
        before = await running.deliveries()
    await database["positions-log"].delete_many({})
    await database["endpoints"].delete_many({})
    async with notify(settings) as running:
        await until(lambda: _lists(running, endpoint))
        assert await running.deliveries() == before
    assert len(partner.received) == 4


async def test_what_was_answered_just_before_a_stop_is_not_sent_again(settings: NotifySettings) -> None:
    async with partner_system(hangs=True) as partner:
        async with notify(settings) as running:
            await running.endpoint(partner.url)
            await running.hears(Spoken().volunteers(IN_FLIGHT))
            await until(lambda: len(partner.received) == IN_FLIGHT)
            # The receiver answers while notify is stopping.
            stopping = running.service.background.stop
            asyncio.get_running_loop().call_later(0.3, partner.free.set)
            await stopping()
        async with notify(settings) as running:
            await until(lambda: all_delivered(running, IN_FLIGHT))
        assert len(partner.received) == IN_FLIGHT


async def test_an_endpoint_that_is_only_in_the_log_yet_is_told_all_the_same(
    settings: NotifySettings, database: Database, partner: Partner
) -> None:
    async with notify(settings) as running:
        await running.endpoint(partner.url)
    # As after a crash between the commit and the read model.
    await database["positions-log"].delete_many({})
    await database["endpoints"].delete_many({})
    async with notify(settings) as running:
        await running.hears(Spoken().volunteers(1))
        await until(lambda: len(partner.received) == 1)


async def test_nothing_of_notify_is_fanned_out(running: Notify, partner: Partner) -> None:
    await running.endpoint(partner.url)
    await running.hears(Spoken().volunteers(1))
    await until(lambda: all_delivered(running, 1))
    assert await running.outcomes() != []
    assert [json.loads(webhook.body)["source"] for webhook in partner.received] == ["/linli/registry"]


async def _states_are(running: Notify, states: list[str]) -> bool:
    return await running.states() == states


async def _lists(running: Notify, endpoint: str) -> bool:
    return (await running.call("GET", f"/v1/endpoints/{endpoint}", running.token()))[0] == 200


async def _has_attempts(running: Notify, attempts: int) -> bool:
    return [delivery["attempts"] for delivery in await running.deliveries()] == [attempts]


@pytest.mark.parametrize("units", [[], ["unit-nobody-listens"]])
async def test_an_event_that_concerns_no_endpoint_makes_no_delivery(
    running: Notify, database: Database, units: list[str]
) -> None:
    await running.hears([Spoken().say("service-published", "service-1", units=[*units])])
    assert await database["deliveries"].count_documents({}) == 0
