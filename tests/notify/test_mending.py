"""Seeing and mending: what went wrong is looked at, sent again, or let go, by the unit's own client."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from aiohttp import web

from shared.kernel.cloudevent import CloudEvent
from shared.kernel.times import later
from shared.runtime.settings import NotifySettings
from tests.support.notifying import OTHER_UNIT, UNIT, Notify, Partner, Spoken, notify
from tests.support.waiting import until

LONG_AGO = "2026-01-01T00:00:00.000Z"


async def asked(running: Notify, path: str, body: object = None, **headers: str) -> Any:
    """The answer of a command of the unit's own client, which is done."""
    status, answer = await running.call("POST", f"/v1/endpoints/{path}", running.token(), body, **headers)
    assert status == 200, answer
    return answer


async def health(running: Notify, endpoint: str) -> Any:
    status, answer = await running.call("GET", f"/v1/endpoints/{endpoint}/health", running.token())
    assert status == 200, answer
    return answer


async def made(running: Notify, endpoint: str, event: str) -> list[dict[str, Any]]:
    """The attempts of one delivery."""
    path = f"/v1/endpoints/{endpoint}/deliveries/{event}"
    status, answer = await running.call("GET", path, running.token())
    assert status == 200, answer
    attempts: list[dict[str, Any]] = answer["made"]
    return attempts


async def states_are(running: Notify, *states: str) -> bool:
    return await running.states() == sorted(states)


def refusing(partner: Partner, times: int, status: int = 503) -> None:
    partner.answers.extend(web.Response(status=status, text="not now") for _ in range(times))


async def gives_up(running: Notify, partner: Partner, spoken: Spoken) -> str:
    """One event that is given up, and one behind it that is taken; the first one's id."""
    before = await running.states()
    refusing(partner, 3)
    [event] = spoken.volunteers(1)
    await running.hears([event])
    await until(lambda: states_are(running, *before, "exhausted"))
    await running.hears(spoken.volunteers(1))
    await until(lambda: states_are(running, *before, "exhausted", "delivered"))
    return event.id


async def test_what_was_given_up_is_sent_again_when_it_is_asked_for(
    running: Notify, partner: Partner
) -> None:
    endpoint, secret = await running.endpoint(partner.url)
    spoken = Spoken()
    lost = [await gives_up(running, partner, spoken) for _ in range(3)]
    for _ in range(2):
        answer = await asked(running, f"{endpoint}/recover", {"since": LONG_AGO}, Idempotency_Key="once")
        assert answer == {"id": endpoint, "since": LONG_AGO}
    await until(lambda: states_are(running, *["delivered"] * 6))
    assert sorted(id for id in partner.ids if id in lost) == sorted(lost * 4)
    for webhook in partner.received:
        webhook.verified(secret)
    attempts = await made(running, endpoint, lost[0])
    assert [attempt["attempt"] for attempt in attempts] == [1, 2, 3, 4]
    assert [attempt["status"] for attempt in attempts] == [503, 503, 503, 204]
    assert [attempt["answer"] for attempt in attempts] == ["not now"] * 3 + [""]


async def test_what_is_recovered_has_its_whole_schedule_before_it(running: Notify, partner: Partner) -> None:
    endpoint, _ = await running.endpoint(partner.url)
    lost = await gives_up(running, partner, Spoken())
    refusing(partner, 3)
    await asked(running, f"{endpoint}/recover", {"since": LONG_AGO})
    await until(lambda: partner.ids.count(lost) == 6)
    await until(lambda: states_are(running, "exhausted", "delivered"))
    await asked(running, f"{endpoint}/recover", {"since": LONG_AGO})
    await until(lambda: states_are(running, "delivered", "delivered"))
    assert partner.ids.count(lost) == 7


async def _has_attempts(running: Notify, attempts: int) -> bool:
    return [delivery["attempts"] for delivery in await running.deliveries()] == [attempts]


async def test_only_what_was_given_up_since_then_is_recovered(running: Notify, partner: Partner) -> None:
    endpoint, _ = await running.endpoint(partner.url)
    spoken = Spoken()
    first, second = [await gives_up(running, partner, spoken) for _ in range(2)]
    since = later(str((await made(running, endpoint, first))[-1]["at"]), 0.001)
    await asked(running, f"{endpoint}/recover", {"since": since})
    await until(lambda: states_are(running, "exhausted", *["delivered"] * 3))
    [left] = await running.deliveries("state=exhausted")
    assert left["event"] == first
    assert partner.ids.count(second) == 4


async def test_what_was_delivered_is_sent_once_more_with_the_same_id(
    running: Notify, partner: Partner
) -> None:
    endpoint, secret = await running.endpoint(partner.url)
    [event] = Spoken().volunteers(1)
    await running.hears([event])
    await until(lambda: states_are(running, "delivered"))
    path = f"{endpoint}/deliveries/{event.id}/resend"
    for _ in range(2):
        answer = await asked(running, path, Idempotency_Key="once")
        assert answer == {"endpoint": endpoint, "event": event.id, "number": 1, "state": "pending"}
    await until(lambda: _has_attempts(running, 2))
    await until(lambda: states_are(running, "delivered"))
    assert partner.ids == [event.id] * 2
    assert [webhook.verified(secret)["id"] for webhook in partner.received] == [event.id] * 2
    attempts = await made(running, endpoint, event.id)
    assert [(attempt["attempt"], attempt["status"]) for attempt in attempts] == [(1, 204), (2, 204)]
    assert attempts[0]["at"] < attempts[1]["at"]
    await asked(running, path)
    await until(lambda: _has_attempts(running, 3))


async def test_a_message_that_the_endpoint_was_not_told_of_can_be_sent_to_it(
    running: Notify, partner: Partner
) -> None:
    spoken = Spoken()
    [before] = spoken.volunteers(1)
    await running.hears([before])
    endpoint, _ = await running.endpoint(partner.url, events=["unit-retired"])
    [other] = spoken.volunteers(1)
    await running.hears([other])
    assert await running.deliveries() == []
    for event in (before, other):
        await asked(running, f"{endpoint}/deliveries/{event.id}/resend")
    await until(lambda: states_are(running, "delivered", "delivered"))
    assert sorted(partner.ids) == sorted([before.id, other.id])


async def test_what_waits_for_its_retry_is_cancelled(settings: NotifySettings, partner: Partner) -> None:
    async with notify(settings.model_copy(update={"retry_schedule": [3600.0]})) as running:
        endpoint, _ = await running.endpoint(partner.url)
        refusing(partner, 1)
        [event] = Spoken().volunteers(1)
        await running.hears([event])
        await until(lambda: _has_attempts(running, 1))
        path = f"{endpoint}/deliveries/{event.id}"
        for key in ("once", "once", "another"):
            answer = await asked(running, f"{path}/cancel", Idempotency_Key=key)
            assert answer["state"] == "cancelled"
        await until(lambda: states_are(running, "cancelled"))
        [delivery] = await running.deliveries()
        assert (delivery["attempts"], delivery["next_at"]) == (1, None)
        # What was let go is not what was given up.
        await asked(running, f"{endpoint}/recover", {"since": LONG_AGO})
        await asked(running, f"{path}/resend")
        await until(lambda: states_are(running, "delivered"))
        assert partner.ids == [event.id] * 2


async def lets_go_while_it_is_paused(running: Notify, partner: Partner, events: list[CloudEvent]) -> str:
    """Of five events that wait two are cancelled, and one is asked for by hand; the endpoint."""
    endpoint, _ = await running.endpoint(partner.url)
    await asked(running, f"{endpoint}/pause")
    await running.hears(events)
    assert await running.states() == ["pending"] * 5
    for event in (events[1], events[3], events[1]):
        await asked(running, f"{endpoint}/deliveries/{event.id}/cancel")
    await until(lambda: states_are(running, *["cancelled"] * 2, *["pending"] * 3))
    await asked(running, f"{endpoint}/deliveries/{events[4].id}/resend")
    assert (await health(running, endpoint))["held"] == "paused"
    return endpoint


async def sends_the_rest_once(
    running: Notify, partner: Partner, endpoint: str, events: list[CloudEvent]
) -> None:
    await asked(running, f"{endpoint}/resume", {"backlog": "send"})
    await until(lambda: states_are(running, *["cancelled"] * 2, *["delivered"] * 3))
    assert sorted(partner.ids) == sorted(events[number].id for number in (0, 2, 4))


async def test_what_was_never_tried_is_cancelled_while_the_endpoint_is_paused(
    running: Notify, partner: Partner
) -> None:
    events = Spoken().volunteers(5)
    endpoint = await lets_go_while_it_is_paused(running, partner, events)
    await sends_the_rest_once(running, partner, endpoint, events)


async def test_what_was_cancelled_stays_so_after_a_restart(
    settings: NotifySettings, partner: Partner
) -> None:
    events = Spoken().volunteers(5)
    async with notify(settings) as running:
        endpoint = await lets_go_while_it_is_paused(running, partner, events)
    async with notify(settings) as running:
        await sends_the_rest_once(running, partner, endpoint, events)


async def test_what_is_on_its_way_as_it_is_cancelled_is_not_tried_again(
    running: Notify, partner: Partner
) -> None:
    endpoint, _ = await running.endpoint(partner.url)
    partner.free.clear()
    refusing(partner, 1)
    [event] = Spoken().volunteers(1)
    await running.hears([event])
    await until(lambda: len(partner.received) == 1)
    await asked(running, f"{endpoint}/deliveries/{event.id}/cancel")
    await until(lambda: states_are(running, "cancelled"))
    partner.free.set()
    await until(lambda: _has_attempts(running, 1))
    assert await running.states() == ["cancelled"]
    [attempt] = await made(running, endpoint, event.id)
    assert (attempt["status"], attempt["answer"]) == (503, "not now")
    await asked(running, f"{endpoint}/deliveries/{event.id}/resend")
    await until(lambda: states_are(running, "delivered"))
    assert len(partner.received) == 2


async def test_what_arrived_as_it_was_cancelled_was_delivered(running: Notify, partner: Partner) -> None:
    endpoint, _ = await running.endpoint(partner.url)
    partner.free.clear()
    [event] = Spoken().volunteers(1)
    await running.hears([event])
    await until(lambda: len(partner.received) == 1)
    await asked(running, f"{endpoint}/deliveries/{event.id}/cancel")
    partner.free.set()
    await until(lambda: states_are(running, "delivered"))
    path = f"/v1/endpoints/{endpoint}/deliveries/{event.id}/cancel"
    status, answer = await running.call("POST", path, running.token())
    assert (status, answer["code"]) == (409, "already-delivered")


async def test_what_is_asked_for_while_it_is_on_its_way_is_not_forgotten(
    running: Notify, partner: Partner
) -> None:
    endpoint, _ = await running.endpoint(partner.url)
    partner.free.clear()
    [event] = Spoken().volunteers(1)
    await running.hears([event])
    await until(lambda: len(partner.received) == 1)
    await asked(running, f"{endpoint}/deliveries/{event.id}/resend")
    await until(lambda: states_are(running, "pending"))
    partner.free.set()
    await until(lambda: states_are(running, "delivered"))


async def test_nobody_mends_what_is_anothers(running: Notify, partner: Partner) -> None:
    endpoint, _ = await running.endpoint(partner.url)
    [event] = Spoken().volunteers(1)
    await running.hears([event])
    await until(lambda: states_are(running, "delivered"))
    one = f"/v1/endpoints/{endpoint}/deliveries/{event.id}"
    calls: list[tuple[Literal["GET", "POST"], str, object]] = [
        ("POST", f"{one}/resend", None),
        ("POST", f"{one}/cancel", None),
        ("POST", f"/v1/endpoints/{endpoint}/recover", {"since": LONG_AGO}),
        ("POST", f"/v1/endpoints/{endpoint}/test", {}),
        ("GET", f"/v1/endpoints/{endpoint}/health", None),
        ("GET", one, None),
    ]
    for method, path, body in calls:
        status, answer = await running.call(method, path, running.token(unit=OTHER_UNIT), body)
        assert (status, answer["code"]) == (404, "not-found"), path
        if method == "POST":
            assert (await running.call("POST", path, running.token("dispatcher"), body))[0] == 403
        wrong = path.replace(endpoint, "endpoint-none")
        assert (await running.call(method, wrong, running.token(), body))[0] == 404
    assert partner.ids == [event.id]


async def test_a_message_of_anothers_box_is_not_there(running: Notify, partner: Partner) -> None:
    endpoint, _ = await running.endpoint(partner.url)
    [event] = Spoken().volunteers(1, [OTHER_UNIT])
    await running.hears([event])
    for id in (event.id, "nothing", "digest-000000000001-000000000002"):
        for way in ("resend", "cancel"):
            path = f"/v1/endpoints/{endpoint}/deliveries/{id}/{way}"
            status, answer = await running.call("POST", path, running.token())
            assert (status, answer["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    "id", ["01900000-0000-7000-8000-000000000001", "urgent-01900000-0000-7000-8000-000000000001"]
)
async def test_what_is_older_than_what_is_kept_is_said_to_be_so(running: Notify, id: str) -> None:
    endpoint, _ = await running.endpoint("https://partner.example/")
    for way in ("resend", "cancel"):
        path = f"/v1/endpoints/{endpoint}/deliveries/{id}/{way}"
        status, answer = await running.call("POST", path, running.token())
        assert (status, answer["code"]) == (409, "message-not-kept")


async def test_health_adds_up_to_all_that_was_to_be_told(running: Notify, partner: Partner) -> None:
    endpoint, _ = await running.endpoint(partner.url, events=["volunteer-registered"])
    assert await health(running, endpoint) == {
        "id": endpoint,
        "status": "active",
        "held": None,
        "failing_since": None,
        "attempts": 0,
        "success_rate": None,
        "latency_ms_median": None,
        "latency_ms_p95": None,
        "backlog": 0,
        "backlog_is": "exact",
        "oldest_waiting_at": None,
        "states": {"delivered": 0, "exhausted": 0, "cancelled": 0, "retrying": 0, "untried": 0},
    }
    spoken = Spoken()
    refusing(partner, 3, 400)
    await running.hears(spoken.volunteers(1))
    await until(lambda: states_are(running, "exhausted"))
    await running.hears([*spoken.volunteers(2), spoken.say("unit-retired", "unit-1", units=[UNIT])])
    await until(lambda: states_are(running, "exhausted", "delivered", "delivered"))
    await asked(running, f"{endpoint}/pause")
    waiting = spoken.volunteers(4)
    await running.hears(waiting)
    await asked(running, f"{endpoint}/deliveries/{waiting[0].id}/cancel")
    await asked(running, f"{endpoint}/deliveries/{waiting[3].id}/resend")
    wanted = {"delivered": 2, "exhausted": 1, "cancelled": 1, "retrying": 1, "untried": 2}

    async def told() -> bool:
        return bool((await health(running, endpoint))["states"] == wanted)

    await until(told)
    found = await health(running, endpoint)
    assert (found["status"], found["held"]) == ("paused", "paused")
    assert (found["backlog"], found["backlog_is"]) == (3, "exact")
    oldest = await running.deliveries("state=pending")
    assert found["oldest_waiting_at"] == min(delivery["created_at"] for delivery in oldest)
    await until(lambda: _attempts_are(running, endpoint, 5))
    found = await health(running, endpoint)
    assert found["success_rate"] == "0.400"
    assert found["latency_ms_median"] <= found["latency_ms_p95"]


async def _attempts_are(running: Notify, endpoint: str, count: int) -> bool:
    return bool((await health(running, endpoint))["attempts"] == count)


async def test_an_endpoint_that_fails_is_held_and_says_since_when(running: Notify, partner: Partner) -> None:
    endpoint, _ = await running.endpoint(partner.url)
    refusing(partner, 400)
    await running.hears(Spoken().volunteers(9))

    async def held() -> bool:
        return bool((await health(running, endpoint))["held"] == "failing")

    await until(held)
    found = await health(running, endpoint)
    assert found["failing_since"] is not None
    assert found["success_rate"] == "0.000"
    assert sum(found["states"].values()) == 9


async def test_deliveries_of_every_state_come_in_pages_and_can_be_asked_for_by_each(
    running: Notify, partner: Partner
) -> None:
    endpoint, _ = await running.endpoint(partner.url)
    spoken = Spoken()
    refusing(partner, 3, 400)
    await running.hears(spoken.volunteers(1))
    await until(lambda: states_are(running, "exhausted"))
    await running.hears(spoken.volunteers(4))
    await until(lambda: states_are(running, "exhausted", *["delivered"] * 4))
    await asked(running, f"{endpoint}/pause")
    waiting = spoken.volunteers(5)
    await running.hears(waiting)
    await asked(running, f"{endpoint}/deliveries/{waiting[0].id}/cancel")
    await asked(running, f"{endpoint}/deliveries/{waiting[1].id}/resend")
    states = ["cancelled", *["delivered"] * 4, "exhausted", *["pending"] * 4]
    await until(lambda: states_are(running, *states))
    seen: list[tuple[str, str]] = []
    following: Any = ""
    while following is not None:
        path = "/v1/deliveries?limit=3" + (f"&cursor={following}" if following else "")
        _, page = await running.call("GET", path, running.token())
        seen += [(item["state"], item["event"]) for item in page["items"]]
        following = page["next"]
    assert len({event for _, event in seen}) == len(seen) == 10
    ordered = ["pending"] * 4 + ["exhausted"] + ["delivered"] * 4 + ["cancelled"]
    assert [state for state, _ in seen] == ordered
    assert [event for _, event in seen[:4]] == [waiting[number].id for number in (2, 3, 4, 1)]
    for state in set(states):
        found = await running.deliveries(f"state={state}")
        assert [item["state"] for item in found] == [state] * states.count(state)
    event = spoken.commits[2].events[0].id
    [one] = await running.deliveries(f"event={event}")
    assert (one["event"], one["state"]) == (event, "delivered")
    assert await running.deliveries(f"event={event}&state=pending") == []
    moments = sorted(item["delivered_at"] for item in await running.deliveries("state=delivered"))
    since = await running.deliveries(f"state=delivered&since={moments[1]}")
    assert sorted(item["delivered_at"] for item in since) == [each for each in moments if each >= moments[1]]
    until_then = await running.deliveries(f"state=delivered&until={moments[1]}")
    assert len(until_then) == len([each for each in moments if each <= moments[1]])
    both = await running.deliveries(f"since={LONG_AGO}&until={LONG_AGO}")
    assert both == []


async def test_what_moves_on_between_two_pages_is_not_missed(running: Notify, partner: Partner) -> None:
    endpoint, _ = await running.endpoint(partner.url)
    await asked(running, f"{endpoint}/pause")
    events = Spoken().volunteers(9)
    await running.hears(events)
    _, page = await running.call("GET", "/v1/deliveries?limit=3", running.token())
    seen = [item["event"] for item in page["items"]]
    assert seen == [event.id for event in events[:3]]
    await asked(running, f"{endpoint}/resume", {"backlog": "send"})
    await until(lambda: states_are(running, *["delivered"] * 9))
    while (following := page["next"]) is not None:
        path = f"/v1/deliveries?limit=3&cursor={following}"
        _, page = await running.call("GET", path, running.token())
        seen += [item["event"] for item in page["items"]]
    assert set(seen) == {event.id for event in events}
