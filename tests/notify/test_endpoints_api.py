"""An endpoint's life through the interface: changed, paused, removed, by those whose it is alone."""

from __future__ import annotations

from typing import Any

import pytest

from services.notify.api.desk import Desk
from services.notify.channels.channel import Target
from services.notify.domain.endpoint import ENDPOINTS_PER_UNIT
from services.notify.signing import PUBLIC_PREFIX
from shared.events.registry import Role
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent
from tests.support.client import Client, Reply
from tests.support.notifying import OTHER_UNIT, UNIT, Notify, Partner, Spoken
from tests.support.waiting import until

VOLUNTEER, OTHERS_VOLUNTEER = "volunteer-1", "volunteer-2"
URL = "https://partner.example/hooks/a-secret-in-the-path"
ROBOT = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abc"
DING = "https://oapi.dingtalk.com/robot/send?access_token=abc"


async def call(
    running: Notify,
    method: str,
    path: str,
    body: object = None,
    unit: str = UNIT,
    role: Role = "unit",
    **headers: str,
) -> Reply:
    """A call by the unit's own client, unless it is another's."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    client = Client(running.url, running.session, running.token(role, unit))
    return await client.call(method, path, body, headers=named)


async def registered(running: Notify, unit: str = UNIT, **more: object) -> str:
    """A new endpoint's path."""
    reply = await call(running, "POST", "/v1/endpoints", body(unit=unit, **more), unit)
    assert reply.status == 201, reply.body
    return f"/v1/endpoints/{reply.body['id']}"


def body(**more: object) -> dict[str, object]:
    given = {"unit": UNIT, "url": URL, "events": ["*"], **more}
    return {name: value for name, value in given.items() if value is not None}


def volunteer_of(unit: str, id: str, registry: Spoken) -> CloudEvent:
    """Registry says that a unit has a volunteer."""
    return registry.say("volunteer-registered", id, unit=unit, units=[unit], team="residents", details="-")


async def shown(running: Notify, path: str) -> dict[str, Any]:
    reply = await call(running, "GET", path)
    assert reply.status == 200
    found: dict[str, Any] = reply.body
    return found


# Changing


async def test_what_is_changed_is_shown_and_the_rest_stays(running: Notify) -> None:
    path = await registered(running, grids=["shaba-01"], per_minute=60)
    before = await shown(running, path)
    change = {"events": ["visit-*", "request-*"], "ordered": True, "per_minute": None, "grids": []}
    reply = await call(running, "PATCH", path, change)
    assert (reply.status, reply.body) == (200, {"id": before["id"], "status": "active"})
    after = {"events": ["request-*", "visit-*"], "ordered": True, "per_minute": None, "grids": []}
    assert await shown(running, path) == {**before, **after}


async def test_what_is_so_already_changes_no_version(running: Notify) -> None:
    path = await registered(running)
    for _ in range(2):
        reply = await call(running, "PATCH", path, {"events": ["*", "request-*"], "digest_at": None})
        assert (reply.status, reply.headers["etag"]) == (200, '"1"')


async def test_a_new_url_is_delivered_to_and_the_old_one_not_any_more(
    running: Notify, partner: Partner
) -> None:
    path = await registered(running, url="http://127.0.0.1:9/")
    assert (await call(running, "PATCH", path, {"url": partner.url})).status == 200
    [event] = Spoken().volunteers(1)
    await running.hears([event])
    await until(lambda: partner.ids == [event.id])
    assert (await shown(running, path))["host"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"url": "http://partner.example/"}, "url-not-allowed"),
        ({"email": "duty@health.example"}, "address-not-allowed"),
        ({"url": URL, "email": "duty@health.example"}, "address-not-allowed"),
        ({"events": ["request-creatd"]}, "unknown-event-type"),
        ({"digest_minutes": 5}, "not-for-channel"),
        ({"robot_secret": "SEC1"}, "not-for-channel"),
        ({"url": URL, "robot_secret": "SEC1"}, "not-for-channel"),
        ({"events": None}, "invalid-request"),
        ({"events": []}, "invalid-request"),
        ({"grids": None}, "invalid-request"),
        ({"url": None}, "invalid-request"),
        ({"priorities": ["high"]}, "invalid-request"),
        ({"digest_at": "24:00"}, "invalid-request"),
        ({"channel": "email"}, "invalid-request"),
        ({"unit": OTHER_UNIT}, "invalid-request"),
    ],
)
async def test_what_is_wrong_changes_nothing(running: Notify, change: dict[str, Json], code: str) -> None:
    path = await registered(running)
    reply = await call(running, "PATCH", path, change)
    assert (reply.status, reply.body["code"]) == (422, code)
    assert await running.service.store.head() == 1


async def test_a_robot_is_told_twenty_a_minute_whatever_is_asked(running: Notify) -> None:
    path = await registered(running, channel="wecom", url=ROBOT)
    assert (await shown(running, path))["per_minute"] == 20
    for per_minute in (21, None):
        reply = await call(running, "PATCH", path, {"per_minute": per_minute})
        assert (reply.status, reply.body["code"]) == (422, "not-for-channel")
    assert (await call(running, "PATCH", path, {"per_minute": 5})).status == 200


async def test_a_robots_secret_goes_with_its_address(running: Notify) -> None:
    for wrong in (
        body(robot_secret="SEC1"),
        body(channel="wecom", url=ROBOT, robot_secret="SEC1"),
    ):
        reply = await call(running, "POST", "/v1/endpoints", wrong)
        assert (reply.status, reply.body["code"]) == (422, "not-for-channel")
    path = await registered(running, channel="dingtalk", url=DING, robot_secret="SEC1")
    assert (await target_of(running, path)).secrets == ("SEC1",)
    # Another robot has another secret, or none.
    await call(running, "PATCH", path, {"url": DING + "d", "robot_secret": "SEC2"})
    await until(lambda: secrets_are(running, path, ("SEC2",)))
    await call(running, "PATCH", path, {"url": DING})
    await until(lambda: secrets_are(running, path, ()))


async def target_of(running: Notify, path: str) -> Target:
    desk: Desk = running.app.state.desk
    endpoint = desk.endpoints.get(path.rpartition("/")[2])
    assert endpoint is not None
    return await desk.endpoints.target(endpoint)


async def secrets_are(running: Notify, path: str, secrets: tuple[str, ...]) -> bool:
    return (await target_of(running, path)).secrets == secrets


# Secrets


async def test_a_new_secret_is_shown_once_and_signs_beside_the_one_before(
    running: Notify, partner: Partner
) -> None:
    endpoint, first = await running.endpoint(partner.url)
    path = f"/v1/endpoints/{endpoint}/rotate"
    reply = await call(running, "POST", path, {}, Idempotency_Key="the-same")
    again = await call(running, "POST", path, {}, Idempotency_Key="the-same")
    assert reply.status == again.status == 200
    assert again.body == {**reply.body, "secret": None}
    second = reply.body["secret"]
    assert second != first
    await until(lambda: secrets_are(running, path.removesuffix("/rotate"), (second, first)))
    await running.hears(Spoken().volunteers(1))
    await until(lambda: len(partner.received) == 1)
    for secret in (first, second):
        partner.received[0].verified(secret)

    third = (await call(running, "POST", path, {"overlap_hours": 0})).body["secret"]
    await until(lambda: secrets_are(running, path.removesuffix("/rotate"), (third,)))


@pytest.mark.parametrize("hours", [-1, 168.5, 192, "inf"])
async def test_an_earlier_secret_signs_for_a_week_at_the_most(running: Notify, hours: object) -> None:
    path = await registered(running)
    reply = await call(running, "POST", f"{path}/rotate", {"overlap_hours": hours})
    assert (reply.status, reply.body["code"]) == (422, "invalid-request")
    assert (await call(running, "POST", f"{path}/rotate", {"overlap_hours": 168})).status == 200


async def test_too_many_secrets_and_none_at_all_are_refused(running: Notify) -> None:
    path = await registered(running)
    statuses = [(await call(running, "POST", f"{path}/rotate", {})).status for _ in range(4)]
    assert statuses == [200] * 4
    reply = await call(running, "POST", f"{path}/rotate", {})
    assert (reply.status, reply.body["code"]) == (409, "too-many-secrets")
    robot = await registered(running, channel="wecom", url=ROBOT)
    reply = await call(running, "POST", f"{robot}/rotate", {})
    assert (reply.status, reply.body["code"]) == (409, "no-secret")


async def test_of_an_asymmetric_secret_only_the_public_key_is_shown(running: Notify) -> None:
    path = await registered(running, signature="v1a")
    reply = await call(running, "POST", f"{path}/rotate", {})
    assert reply.body["secret"].startswith(PUBLIC_PREFIX)


# Pausing, resuming, removing


async def test_what_is_paused_is_kept_and_sent_or_skipped(running: Notify, partner: Partner) -> None:
    endpoint, _ = await running.endpoint(partner.url)
    path = f"/v1/endpoints/{endpoint}"
    source = Spoken()

    async def held_and_resumed(backlog: str) -> list[str]:
        paused = await call(running, "POST", f"{path}/pause", {})
        assert (paused.status, paused.body["status"]) == (200, "paused")
        await until(lambda: status_is(running, path, "paused"))
        kept = source.volunteers(2)
        await running.hears(kept)
        resumed = await call(running, "POST", f"{path}/resume", {"backlog": backlog})
        assert (resumed.status, resumed.body["status"]) == (200, "active")
        return [event.id for event in kept]

    told = await held_and_resumed("send")
    await until(lambda: partner.ids == told)
    await held_and_resumed("skip")
    [last] = source.volunteers(1)
    await running.hears([last])
    await until(lambda: partner.ids == [*told, last.id])


async def status_is(running: Notify, path: str, status: str) -> bool:
    return bool((await shown(running, path))["status"] == status)


async def test_a_second_pause_and_a_resuming_of_what_is_active_are_no_events(running: Notify) -> None:
    path = await registered(running)
    assert (await call(running, "POST", f"{path}/resume", {})).headers["etag"] == '"1"'
    for _ in range(2):
        assert (await call(running, "POST", f"{path}/pause", {})).headers["etag"] == '"2"'


async def test_what_was_removed_is_there_for_nobody(running: Notify) -> None:
    path = await registered(running)
    reply = await call(running, "DELETE", path)
    assert (reply.status, reply.body["status"]) == (200, "removed")
    await until(lambda: is_gone(running, path))
    for method, suffix in (("PATCH", ""), ("POST", "/rotate"), ("POST", "/pause"), ("POST", "/resume")):
        reply = await call(running, method, path + suffix, {})
        assert (reply.status, reply.body["code"]) == (404, "not-found")
    assert (await call(running, "GET", "/v1/endpoints")).body == {"items": [], "next": None}


async def is_gone(running: Notify, path: str) -> bool:
    return (await call(running, "GET", path)).status == 404


async def test_a_unit_that_is_full_may_register_again_when_it_has_removed_one(running: Notify) -> None:
    paths = [await registered(running) for _ in range(ENDPOINTS_PER_UNIT)]
    refused = await call(running, "POST", "/v1/endpoints", body())
    assert (refused.status, refused.body["code"]) == (409, "too-many-endpoints")
    assert (await call(running, "DELETE", paths[0])).status == 200
    await registered(running)


# Versions


COMMANDS: list[tuple[str, str, dict[str, Json]]] = [
    ("PATCH", "", {"ordered": True}),
    ("POST", "/rotate", {}),
    ("POST", "/pause", {}),
    ("DELETE", "", {}),
]


@pytest.mark.parametrize(("method", "suffix", "sent"), COMMANDS)
async def test_a_command_can_ask_for_a_version(
    running: Notify, method: str, suffix: str, sent: dict[str, Json]
) -> None:
    path = await registered(running)
    wrong = await call(running, method, path + suffix, sent, If_Match='"7"')
    assert (wrong.status, wrong.body["code"]) == (412, "version-mismatch")
    right = await call(running, method, path + suffix, sent, If_Match='"1"', Idempotency_Key="k")
    assert (right.status, right.headers["etag"]) == (200, '"2"')
    assert await running.service.store.head() == 2


# Whose it is


@pytest.mark.parametrize(("method", "suffix", "sent"), [*COMMANDS, ("POST", "/resume", {}), ("GET", "", {})])
async def test_another_units_endpoint_is_not_there(
    running: Notify, method: str, suffix: str, sent: dict[str, Json]
) -> None:
    path = await registered(running)
    reply = await call(running, method, path + suffix, sent if method != "GET" else None, OTHER_UNIT)
    assert (reply.status, reply.body["code"]) == (404, "not-found")
    assert await running.service.store.head() == 1


@pytest.mark.parametrize("volunteer", [OTHERS_VOLUNTEER, OTHER_UNIT, UNIT, "volunteer-nobody-heard-of"])
async def test_a_unit_reads_no_box_but_its_own_and_its_volunteers(running: Notify, volunteer: str) -> None:
    registry = Spoken()
    others = volunteer_of(OTHER_UNIT, OTHERS_VOLUNTEER, registry)
    await running.hears([others, volunteer_of(UNIT, VOLUNTEER, registry)])
    reply = await call(running, "POST", "/v1/endpoints", body(volunteer=volunteer))
    assert (reply.status, reply.body["code"]) == (422, "unknown-volunteer")
    await registered(running, volunteer=VOLUNTEER)


async def test_a_volunteer_who_left_is_not_told_anew(running: Notify) -> None:
    registry = Spoken()
    await running.hears([volunteer_of(UNIT, VOLUNTEER, registry)])
    await running.hears([registry.say("volunteer-left", VOLUNTEER, units=[UNIT], reason="left")])
    reply = await call(running, "POST", "/v1/endpoints", body(volunteer=VOLUNTEER))
    assert (reply.status, reply.body["code"]) == (422, "unknown-volunteer")


async def test_a_volunteer_is_told_by_its_units_endpoint_and_in_its_own_language(running: Notify) -> None:
    await running.hears([volunteer_of(UNIT, VOLUNTEER, Spoken())])
    by = await registered(running, language="zh", format="data")
    via = by.rpartition("/")[2]
    path = await registered(running, url=None, via=via, volunteer=VOLUNTEER, language="en")
    target = await target_of(running, path)
    assert (target.address, target.language, target.format) == (URL, "en", "cloudevents")
    assert target.secrets == (await target_of(running, by)).secrets
    reply = await call(running, "PATCH", path, {"url": URL})
    assert (reply.status, reply.body["code"]) == (422, "not-for-channel")


async def test_a_volunteer_whose_units_endpoint_was_removed_is_told_no_more(running: Notify) -> None:
    registry = Spoken()
    await running.hears([volunteer_of(UNIT, VOLUNTEER, registry)])
    by = await registered(running)
    path = await registered(running, url=None, via=by.rpartition("/")[2], volunteer=VOLUNTEER)
    assert (await call(running, "DELETE", by)).status == 200
    await until(lambda: is_gone(running, by))
    assert (await shown(running, path))["host"] is None
    offer: dict[str, Json] = {"unit": UNIT, "units": [UNIT], "volunteer": VOLUNTEER, "assignment": "a"}
    await running.hears([Spoken("dispatch").say("assignment-offered", "request-1", **offer)])
    await until(lambda: status_is(running, path, "disabled"))
    assert (await shown(running, path))["reason"] == "gone"
    await until(lambda: last_error_is(running, path, "no-address"))
    assert (await call(running, "DELETE", path)).status == 200


async def last_error_is(running: Notify, path: str, error: str) -> bool:
    [delivery] = await running.deliveries(f"endpoint={path.rpartition('/')[2]}")
    return bool(delivery["last_error"] == error)


async def test_a_volunteer_is_told_by_no_endpoint_but_the_units_own(running: Notify) -> None:
    registry = Spoken()
    await running.hears([volunteer_of(UNIT, id, registry) for id in (VOLUNTEER, "volunteer-3")])
    of_volunteer = await registered(running, volunteer=VOLUNTEER)
    of_other_unit = await registered(running, OTHER_UNIT)
    for path in (of_volunteer, of_other_unit, "/v1/endpoints/endpoint-none"):
        told = body(url=None, via=path.rpartition("/")[2], volunteer="volunteer-3")
        reply = await call(running, "POST", "/v1/endpoints", told)
        assert (reply.status, reply.body["code"]) == (422, "unknown-endpoint")
    own = await registered(running)
    reply = await call(running, "POST", "/v1/endpoints", body(url=None, via=own.rpartition("/")[2]))
    assert (reply.status, reply.body["code"]) == (422, "unknown-endpoint")


async def test_staff_register_for_units_of_their_communities_alone(running: Notify) -> None:
    registry = Spoken()
    elsewhere = registry.say(
        "unit-registered", "unit-elsewhere", community="dongchuan", name={}, kind="health"
    )
    await running.hears([elsewhere, registry.say("unit-registered", UNIT, name={}, kind="health")])
    reply = await call(running, "POST", "/v1/endpoints", body(unit="unit-elsewhere"), role="admin")
    assert (reply.status, reply.body["code"]) == (422, "unknown-unit")
    assert (await call(running, "POST", "/v1/endpoints", body(), role="admin")).status == 201
