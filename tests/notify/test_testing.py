"""A test of an endpoint: a signed example, at once, that leaves no trace in boxes and counts."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from services.notify.api.desk import TESTS
from services.notify.api.testing import example
from services.notify.domain.subscription import TOLD, TOLD_TO_VOLUNTEERS
from services.notify.templates.texts import text
from shared.events.notify import Language
from shared.kernel.canonical import encode
from shared.runtime.mongo import Database
from shared.runtime.settings import NotifySettings
from tests.support.notifying import UNIT, Notify, Partner, Spoken, notify, partner_system
from tests.support.waiting import until


async def sent_to(running: Notify, endpoint: str, **body: str) -> Any:
    """What came of a test by the unit's own client."""
    status, answer = await running.call("POST", f"/v1/endpoints/{endpoint}/test", running.token(), body)
    assert status == 200, answer
    return answer


async def test_an_example_is_signed_says_that_it_is_one_and_is_about_the_unit_itself(
    running: Notify, partner: Partner
) -> None:
    endpoint, secret = await running.endpoint(partner.url)
    answer = await sent_to(running, endpoint, type="visit-completed")
    [webhook] = partner.received
    body = webhook.verified(secret)
    assert answer == {
        "id": webhook.id,
        "type": "visit-completed",
        "accepted": True,
        "status": 204,
        "error": None,
        "took_ms": answer["took_ms"],
        "answer": "",
    }
    assert webhook.id.startswith("test-")
    assert (body["id"], body["test"], body["type"]) == (webhook.id, True, "visit-completed")
    assert (body["source"], body["recipient"]) == ("/linli/dispatch", UNIT)
    assert not {"unitsequence", "previous"} & body.keys()
    data: Any = body["data"]
    assert (data["units"], data["unit"]) == ([UNIT], UNIT)


@pytest.mark.parametrize("name", sorted(TOLD))
def test_there_is_an_example_of_every_type_that_units_are_told_of(name: str) -> None:
    document = example(UNIT, None, "test-1", name)
    assert (document["type"], document["test"]) == (name, True)


@pytest.mark.parametrize("name", sorted(TOLD_TO_VOLUNTEERS))
def test_an_example_for_a_volunteer_is_about_that_volunteer(name: str) -> None:
    document = example(UNIT, "volunteer-mei", "test-1", name)
    data: Any = document["data"]
    assert (document["recipient"], data["volunteer"]) == ("volunteer-mei", "volunteer-mei")
    assert data["units"] == [UNIT]


@pytest.mark.parametrize(("language", "words"), [("zh", "测试"), ("en", "Test")])
def test_who_reads_of_a_test_reads_that_it_is_one(language: Language, words: str) -> None:
    body = encode(example(UNIT, None, "test-1", "request-created"))
    said = text([body], 0, language)
    assert words in said.title
    assert words in said.lines[0]


async def test_without_a_type_it_is_the_first_that_the_endpoint_is_told_of(
    running: Notify, partner: Partner
) -> None:
    endpoint, _ = await running.endpoint(partner.url, events=["visit-*", "request-created"])
    assert (await sent_to(running, endpoint))["type"] == "request-created"
    # Any other can be tried as well.
    assert (await sent_to(running, endpoint, type="unit-retired"))["accepted"]


@pytest.mark.parametrize("name", ["request-creatd", "*", "notification-failed", "endpoint-registered"])
async def test_a_type_that_units_are_not_told_of_is_refused(
    running: Notify, partner: Partner, name: str
) -> None:
    endpoint, _ = await running.endpoint(partner.url)
    path = f"/v1/endpoints/{endpoint}/test"
    status, answer = await running.call("POST", path, running.token(), {"type": name})
    assert (status, answer["code"]) == (422, "unknown-event-type")
    assert partner.received == []


async def test_what_the_receiver_says_is_shown_and_is_on_no_record(
    running: Notify, partner: Partner, database: Database
) -> None:
    endpoint, secret = await running.endpoint(partner.url)
    head = await running.service.store.head()
    partner.answers.append(web.Response(status=401, text="wrong signature"))
    answer = await sent_to(running, endpoint)
    assert (answer["accepted"], answer["status"], answer["error"]) == (False, 401, "status")
    assert answer["answer"] == "wrong signature"
    assert await running.deliveries() == []
    assert await running.service.store.head() == head
    assert await database["messages"].count_documents({}) == 0
    # What is real is told as if nothing had been.
    await running.hears(Spoken().volunteers(1))
    await until(lambda: len(partner.received) == 2)
    assert partner.received[1].verified(secret)["unitsequence"] == 1


async def test_a_paused_endpoint_can_be_tested_and_a_removed_one_cannot(
    running: Notify, partner: Partner
) -> None:
    endpoint, _ = await running.endpoint(partner.url)
    path = f"/v1/endpoints/{endpoint}"
    assert (await running.call("POST", f"{path}/pause", running.token()))[0] == 200
    assert (await sent_to(running, endpoint))["accepted"]
    assert (await running.call("DELETE", path, running.token()))[0] == 200

    async def gone() -> bool:
        return (await running.call("POST", f"{path}/test", running.token(), {}))[0] == 404

    await until(gone)


async def test_what_may_not_be_reached_is_not_reached_by_a_test(
    settings: NotifySettings, partner: Partner
) -> None:
    async with partner_system() as elsewhere, notify(settings) as running:
        endpoint, _ = await running.endpoint(partner.url)
        partner.answers.append(web.Response(status=307, headers={"Location": elsewhere.url}))
        answer = await sent_to(running, endpoint)
        assert (answer["status"], answer["error"]) == (307, "redirect")
        assert elsewhere.received == []
    async with notify(settings.model_copy(update={"allow_networks": []})) as running:
        answer = await sent_to(running, endpoint)
        assert (answer["accepted"], answer["status"], answer["error"]) == (False, None, "blocked")
    assert len(partner.received) == 1


async def test_a_receiver_that_hangs_is_not_waited_for_longer_than_by_the_engine(
    settings: NotifySettings,
) -> None:
    async with (
        partner_system(hangs=True) as hanging,
        notify(settings.model_copy(update={"deadline": 0.3})) as running,
    ):
        endpoint, _ = await running.endpoint(hanging.url)
        answer = await sent_to(running, endpoint)
        assert (answer["accepted"], answer["status"], answer["error"]) == (False, None, "timeout")
        assert answer["took_ms"] >= 300


async def test_a_unit_has_so_many_tests_in_a_minute_over_all_its_endpoints(
    running: Notify, partner: Partner
) -> None:
    endpoints = [(await running.endpoint(partner.url))[0] for _ in range(2)]
    for number in range(TESTS):
        await sent_to(running, endpoints[number % 2])
    path = f"/v1/endpoints/{endpoints[0]}/test"
    status, answer = await running.call("POST", path, running.token(), {})
    assert (status, answer["code"]) == (429, "too-many-requests")
    assert len(partner.received) == TESTS


async def test_nothing_is_sent_to_a_unit_without_an_agreement(running: Notify, partner: Partner) -> None:
    endpoint, _ = await running.endpoint(partner.url)
    over = Spoken().say("agreement-expired", f"agreement-of-{UNIT}", units=[UNIT], unit=UNIT)
    await running.service.keys.reactions()[over.type](over)
    path = f"/v1/endpoints/{endpoint}/test"
    status, answer = await running.call("POST", path, running.token("admin"), {})
    assert (status, answer["code"]) == (409, "unit-without-agreement")
    assert partner.received == []


async def test_a_channel_that_this_deployment_no_longer_has_is_said_to_be_missing(
    settings: NotifySettings,
) -> None:
    mail = {"smtp_url": SecretStr("smtp://127.0.0.1:1"), "smtp_from": "linli@example.org"}
    async with notify(settings.model_copy(update=mail)) as running:
        body = {"unit": UNIT, "events": ["*"], "channel": "email", "email": "duty@example.org"}
        status, made = await running.call("POST", "/v1/endpoints", running.token(), body)
        assert status == 201, made
        answer = await sent_to(running, str(made["id"]))
        assert (answer["accepted"], answer["status"], answer["error"]) == (False, None, "refused")
    async with notify(settings) as running:
        path = f"/v1/endpoints/{made['id']}/test"
        status, answer = await running.call("POST", path, running.token(), {})
        assert (status, answer["code"]) == (409, "channel-not-available")
