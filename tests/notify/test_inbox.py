"""A unit fetches what is in its box: by number, and by consumers whose place is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st

from services.notify.api.inbox import Boxes
from services.notify.consumers import MOST, Consumers
from services.notify.domain.subscription import matches_any
from services.notify.inbox import MOST_OF_ONE, Inbox, Missed
from services.notify.letters import Letter, place
from services.notify.messages import Messages
from services.registry.domain.roles import SCOPES
from services.registry.signing import Grant
from shared.kernel.times import format_time
from shared.runtime.mongo import Database, connect
from shared.runtime.mongo import database as open_database
from shared.runtime.settings import NotifySettings
from tests.support.client import Client, Reply
from tests.support.notifying import NOWHERE, OTHER_UNIT, UNIT, Notify, Partner, Spoken, notify
from tests.support.waiting import until

MESSAGES = "/v1/messages"
FETCHER = "/v1/consumers/case-system"


def client(running: Notify, unit: str = UNIT) -> Client:
    """A unit's own client."""
    return Client(running.url, running.session, running.token(unit=unit))


def staff(running: Notify, *communities: str) -> Client:
    """An administrator of these communities."""
    grant = Grant("client-office", "client-office", "admin", SCOPES["admin"], communities, None)
    return Client(running.url, running.session, running.signer.token(grant, NOWHERE)[0])


def numbers(reply: Reply) -> list[int]:
    assert reply.status == 200, reply.body
    return [item["unitsequence"] for item in reply.body["items"]]


def refusal(reply: Reply) -> tuple[int, str]:
    return reply.status, str(reply.body.get("code"))


async def test_messages_are_those_that_webhooks_have_in_order(running: Notify, partner: Partner) -> None:
    await running.endpoint(partner.url)
    await running.hears(Spoken().volunteers(3))
    await until(lambda: len(partner.received) == 3)
    reply = await client(running).get(MESSAGES)
    for webhook in partner.received:
        assert webhook.body in reply.raw
    assert numbers(reply) == [1, 2, 3]
    told = reply.body["items"]
    assert {item["recipient"] for item in told} == {UNIT}
    assert [item.get("previous") for item in told] == [
        None,
        *(f"registry@{item['sequence']}" for item in told[:-1]),
    ]
    page = {name: value for name, value in reply.body.items() if name != "items"}
    assert page == {"next": None, "position": 3, "done": True, "missed": None}


async def test_pages_lead_from_one_to_the_next_over_what_a_filter_hides(running: Notify) -> None:
    spoken = Spoken()
    shown = [*spoken.volunteers(2), spoken.agreement(UNIT), *spoken.volunteers(3), spoken.agreement(UNIT)]
    await running.hears(shown)
    mine = client(running)
    first = await mine.get(MESSAGES, types="agreement-*", limit="1")
    assert (numbers(first), first.body["done"]) == ([3], False)
    assert first.body["position"] == 6
    assert 'rel="next"' in first.headers["link"]
    second = await mine.get(MESSAGES, types="agreement-*", limit="1", cursor=first.body["next"])
    assert (numbers(second), second.body["next"], second.body["done"]) == ([7], None, True)
    assert numbers(await mine.get(MESSAGES, types="agreement-*,volunteer-*", after="5")) == [6, 7]
    nothing = await mine.get(MESSAGES, types="visit-*")
    assert (numbers(nothing), nothing.body["position"], nothing.body["done"]) == ([], 7, True)


async def test_who_waits_hears_at_once_and_in_vain_at_the_end(running: Notify) -> None:
    spoken, mine = Spoken(), client(running)
    await running.hears(spoken.volunteers(1))
    waiting = asyncio.create_task(mine.get(MESSAGES, after="1", wait="20", types="agreement-signed"))
    await until(lambda: running_boxes(running).waiting == 1)
    began = monotonic()
    await running.hears(spoken.volunteers(1))  # hidden: it goes on waiting
    await running.hears([spoken.agreement(UNIT)])
    assert numbers(await waiting) == [3]
    assert monotonic() - began < 5
    vain = await mine.get(MESSAGES, after="3", wait="1")
    assert (numbers(vain), vain.body["position"], vain.body["done"]) == ([], 3, True)
    assert running_boxes(running).waiting == 0


def running_boxes(running: Notify) -> Inbox:
    """The boxes of a running notify."""
    boxes: Boxes = running.app.state.boxes
    return boxes.inbox


async def test_who_waits_in_a_process_that_does_not_lead_hears_as_well(
    running: Notify, settings: NotifySettings
) -> None:
    async with notify(settings, leads=False) as beside:
        assert not beside.service.leads
        waiting = asyncio.create_task(client(beside).get(MESSAGES, wait="20"))
        await until(lambda: running_boxes(beside).waiting == 1)
        began = monotonic()
        await running.hears(Spoken().volunteers(1))
        assert numbers(await waiting) == [1]
        assert monotonic() - began < 5


async def test_who_waited_and_may_come_in_no_longer_is_told_nothing(running: Notify) -> None:
    spoken, mine = Spoken(), client(running)
    agreement = spoken.agreement(UNIT)
    waiting = asyncio.create_task(mine.get(MESSAGES, wait="2"))
    await until(lambda: running_boxes(running).waiting == 1)
    await running.service.keys.reactions()["agreement-ended"](agreement)
    assert refusal(await waiting) == (403, "no-agreement-in-force")


async def test_a_client_has_so_many_calls_waiting_and_no_more(running: Notify) -> None:
    mine = client(running)
    waiting = [asyncio.create_task(mine.get(MESSAGES, wait="20")) for _ in range(MOST_OF_ONE)]
    await until(lambda: running_boxes(running).waiting == MOST_OF_ONE)
    assert refusal(await mine.get(MESSAGES, wait="20")) == (429, "too-many-streams")
    assert numbers(await mine.get(MESSAGES)) == []
    for task in waiting:
        task.cancel()
    # Who has gone takes up no room.
    await until(lambda: running_boxes(running).waiting == 0)
    await running.hears(Spoken().volunteers(1))
    assert numbers(await mine.get(MESSAGES, wait="20")) == [1]


async def test_what_was_kept_no_longer_is_said_and_not_skipped_silently(running: Notify) -> None:
    mine, spoken = client(running), Spoken()
    assert (await mine.call("PUT", FETCHER)).status == 200
    await running.hears(spoken.volunteers(3))
    old = format_time(datetime.now(UTC))
    await until(lambda: format_time(datetime.now(UTC)) > old)
    old = format_time(datetime.now(UTC))
    await running.hears(spoken.volunteers(2))
    messages = Messages(running.service.database)
    assert await messages.empty(UNIT, old) == 3
    for path in (MESSAGES, f"{FETCHER}/messages"):
        reply = await mine.get(path)
        assert (numbers(reply), reply.body["missed"]) == ([4, 5], {"after": 0, "until": 3})
    assert (await mine.get(MESSAGES, after="1")).body["missed"] == {"after": 1, "until": 3}
    assert (await mine.get(MESSAGES, after="3")).body["missed"] is None
    assert await messages.empty(UNIT, "2999-01-01T00:00:00.000Z") == 2
    emptied = await mine.get(MESSAGES, after="4")
    assert (numbers(emptied), emptied.body["missed"]) == ([], {"after": 4, "until": 5})
    assert (await mine.get(MESSAGES, after="5")).body["missed"] is None
    await running.hears(spoken.volunteers(1))
    assert numbers(await mine.get(MESSAGES, after="5")) == [6]


async def test_a_number_that_is_not_there_yet_is_refused(running: Notify) -> None:
    mine = client(running)
    await running.hears(Spoken().volunteers(2))
    assert (await mine.call("PUT", FETCHER)).status == 200
    for reply in (
        await mine.get(MESSAGES, after="3"),
        await mine.get("/v1/stream", after="3"),
        await mine.post(f"{FETCHER}/position", {"number": 3}),
    ):
        assert refusal(reply) == (409, "position-ahead")
        assert reply.body["end"] == 2


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"types": "visit-complete"}, "unknown-event-type"),
        ({"types": "visit-completed,"}, "invalid-request"),
        ({"after": "-1"}, "invalid-request"),
        ({"after": "1000000000000"}, "invalid-request"),
        ({"wait": "21"}, "invalid-request"),
        ({"limit": "501"}, "invalid-request"),
        ({"moon": "1"}, "invalid-request"),
        ({"unit": "unit-a/b"}, "invalid-request"),
        ({"cursor": "%%%"}, "invalid-cursor"),
        ({"cursor": "bW9vbg=="}, "invalid-cursor"),
    ],
)
async def test_what_is_wrong_is_refused(running: Notify, query: dict[str, str], code: str) -> None:
    reply = await client(running).get(MESSAGES, **query)
    assert refusal(reply)[1] == code
    assert reply.status in (400, 422)


async def test_everybody_has_its_own_box_alone(running: Notify) -> None:
    spoken = Spoken()
    known = [spoken.say("unit-registered", unit, name="-", kind="-") for unit in (UNIT, OTHER_UNIT)]
    await running.hears([*known, *spoken.volunteers(1, [UNIT]), *spoken.volunteers(2, [OTHER_UNIT])])
    theirs = client(running, OTHER_UNIT)
    assert len(numbers(await client(running).get(MESSAGES))) == 1
    assert len(numbers(await theirs.get(MESSAGES))) == 2
    assert refusal(await theirs.get(MESSAGES, unit=UNIT)) == (404, "not-found")
    office, elsewhere = staff(running, "shaba"), staff(running, "elsewhere")
    assert refusal(await office.get(MESSAGES)) == (422, "unit-missing")
    assert len(numbers(await office.get(MESSAGES, unit=OTHER_UNIT))) == 2
    assert refusal(await office.get(MESSAGES, unit="unit-moon")) == (404, "not-found")
    assert refusal(await elsewhere.get(MESSAGES, unit=UNIT)) == (404, "not-found")
    assert refusal(await elsewhere.get("/v1/stream", unit=UNIT)) == (404, "not-found")


async def test_a_volunteers_client_has_the_volunteers_box_if_its_token_may_read(running: Notify) -> None:
    volunteer = "volunteer-mei"
    facts: dict[str, Any] = {"units": [UNIT], "unit": UNIT, "volunteer": volunteer}
    await running.hears([Spoken("dispatch").say("assignment-offered", "request-1", **facts)])
    scopes = frozenset({"notify:read"})
    grant = Grant("client-mei", "client-mei", "volunteer", scopes, ("shaba",), UNIT, volunteer=volunteer)
    mine = Client(running.url, running.session, running.signer.token(grant, NOWHERE)[0])
    reply = await mine.get(MESSAGES, types="assignment-*")
    assert [item["recipient"] for item in reply.body["items"]] == [volunteer]
    assert refusal(await mine.get(MESSAGES, types="agreement-signed")) == (422, "unknown-event-type")


async def position(mine: Client, **where: Any) -> Reply:
    return await mine.post(f"{FETCHER}/position", where)


async def test_a_consumer_gives_again_what_was_not_acknowledged(running: Notify) -> None:
    mine = client(running)
    await running.hears(Spoken().volunteers(3))
    made = await mine.call("PUT", FETCHER)
    assert (made.status, made.body["position"], made.body["behind"]) == (200, 0, 3)
    first = await mine.get(f"{FETCHER}/messages", limit="2")
    assert (numbers(first), first.body["after"], first.body["position"]) == ([1, 2], 0, 2)
    # The program ended before it said that it has them.
    assert numbers(await mine.get(f"{FETCHER}/messages", limit="2")) == [1, 2]
    moved = await position(mine, number=2, expected=0)
    assert (moved.body["position"], moved.body["behind"]) == (2, 1)
    again = await position(mine, number=2, expected=0)  # the answer was lost, and it is said again
    assert (again.status, again.body) == (200, moved.body)
    assert numbers(await mine.get(f"{FETCHER}/messages")) == [3]


async def test_a_consumer_that_is_moved_back_sees_again(running: Notify) -> None:
    mine, spoken = client(running), Spoken()
    await running.hears(spoken.volunteers(2))
    before = format_time(datetime.now(UTC))
    await until(lambda: format_time(datetime.now(UTC)) > before)
    between = format_time(datetime.now(UTC))
    await running.hears(spoken.volunteers(2))
    assert (await mine.call("PUT", FETCHER, {"start": "now"})).body["position"] == 4
    assert numbers(await mine.get(f"{FETCHER}/messages")) == []
    assert (await position(mine, number=1)).body["position"] == 1
    assert numbers(await mine.get(f"{FETCHER}/messages")) == [2, 3, 4]
    assert (await position(mine, time=between)).body["position"] == 2
    assert numbers(await mine.get(f"{FETCHER}/messages")) == [3, 4]
    assert (await position(mine, time="2020-01-01T00:00:00Z")).body["position"] == 0
    assert (await position(mine, time="2999-01-01T00:00:00Z")).body["position"] == 4
    for wrong in ({}, {"number": 1, "time": between}, {"number": -1}, {"number": "1"}, {"moon": 1}):
        assert refusal(await mine.post(f"{FETCHER}/position", wrong)) == (422, "invalid-request")


async def test_of_two_programs_with_one_name_none_undoes_what_the_other_did(running: Notify) -> None:
    mine = client(running)
    await running.hears(Spoken().volunteers(6))
    await mine.call("PUT", FETCHER)
    assert (await position(mine, number=4, expected=0)).status == 200
    assert (await position(mine, number=0)).status == 200  # somebody wants all of it again
    late = await position(mine, number=5, expected=4)
    assert refusal(late) == (409, "position-moved")
    assert late.body["number"] == 0
    replies = await asyncio.gather(*(position(mine, number=number, expected=0) for number in range(1, 7)))
    assert sorted(reply.status for reply in replies) == [200, 409, 409, 409, 409, 409]


async def test_a_consumer_waits_too(running: Notify) -> None:
    mine = client(running)
    await mine.call("PUT", FETCHER)
    waiting = asyncio.create_task(mine.get(f"{FETCHER}/messages", wait="20"))
    await until(lambda: running_boxes(running).waiting == 1)
    await running.hears(Spoken().volunteers(1))
    assert numbers(await waiting) == [1]


async def test_consumers_are_their_units_own_and_there_are_not_too_many(running: Notify) -> None:
    mine, theirs = client(running), client(running, OTHER_UNIT)
    assert (await mine.call("PUT", FETCHER)).status == 200
    for reply in (
        await theirs.get(FETCHER),
        await theirs.get(f"{FETCHER}/messages"),
        await position(theirs, number=0),
        await theirs.call("DELETE", FETCHER),
        await theirs.get(FETCHER, unit=UNIT),
    ):
        assert refusal(reply) == (404, "not-found")
    assert (await theirs.get("/v1/consumers")).body == {"items": [], "next": None}
    names = [f"n-{number}" for number in range(MOST + 3)]
    replies = await asyncio.gather(*(mine.call("PUT", f"/v1/consumers/{name}") for name in names))
    assert (409, "too-many-consumers") in {refusal(reply) for reply in replies}
    there = [item["name"] for item in (await mine.get("/v1/consumers")).body["items"]]
    assert there == sorted(there)
    assert len(there) <= MOST
    assert (await mine.call("PUT", FETCHER)).status == 200  # one that is there is no new one
    assert (await mine.call("DELETE", FETCHER)).body == {"name": "case-system", "status": "deleted"}
    assert (
        refusal(await mine.get(FETCHER)) == refusal(await mine.call("DELETE", FETCHER)) == (404, "not-found")
    )
    for name in ("Case", "-x", "x" * 41, "a%7Cb"):
        assert (await mine.call("PUT", f"/v1/consumers/{name}")).status == 422, name


async def test_a_message_is_not_passed_over_that_is_not_there_yet(database: Database) -> None:
    messages = Messages(database)
    await messages.open()
    inbox = Inbox(messages)
    await messages.put(letters(UNIT, TYPES))
    second = await database["messages"].find_one_and_delete({"place": place(UNIT, 2)})
    page = await inbox.page(UNIT, 0, 10)
    assert ([message.number for message in page.messages], page.position, page.done) == ([1], 1, True)
    await database["messages"].insert_one(second)
    page = await inbox.page(UNIT, 1, 10)
    assert [message.number for message in page.messages] == [2, 3, 4]
    # Taken away while it is read: first the number up to which is written down.
    await database["boxes"].update_one({"_id": UNIT}, {"$set": {"floor": 2}}, upsert=True)
    await database["messages"].delete_one({"place": place(UNIT, 2)})
    page = await inbox.page(UNIT, 0, 10)
    assert ([message.number for message in page.messages], page.position, page.done) == ([1], 1, False)
    page = await inbox.page(UNIT, 1, 10)
    assert ([message.number for message in page.messages], page.missed) == ([3, 4], Missed(1, 2))


TYPES = ["visit-planned", "visit-completed", "request-created", "agreement-signed"]


def letters(box: str, types: Sequence[str]) -> list[Letter]:
    """New messages of these types."""
    return [Letter(box, uuid4().hex, type, "request-1", {}, {}, "dispatch", "-") for type in types]


@dataclass(frozen=True)
class Fetch:
    """What happens at one turn: messages come, then so many are asked for; the program may end before it has
    said that it has them, and somebody may move it back by so many."""

    come: list[str]
    limit: int
    ends: bool
    back: int


FETCHES = st.lists(
    st.builds(
        Fetch,
        come=st.lists(st.sampled_from(TYPES), max_size=9),
        limit=st.integers(1, 7),
        ends=st.booleans(),
        back=st.sampled_from([0, 0, 0, 1, 3, 100]),
    ),
    max_size=12,
)
PATTERNS = st.sampled_from([(), ("*",), ("visit-*",), ("request-created", "visit-planned"), ("duty-*",)])


@trials(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fetches=FETCHES, types=PATTERNS, window=st.integers(1, 5))
def test_whatever_the_limits_types_and_breaks_all_is_seen_once_and_in_order(
    store_url: str, fetches: list[Fetch], types: tuple[str, ...], window: int
) -> None:
    asyncio.run(fetched(store_url, fetches, types, window))


async def fetched(store_url: str, fetches: list[Fetch], types: tuple[str, ...], window: int) -> None:
    store = connect(store_url)
    database = open_database(store, f"test_{uuid4().hex[:12]}")
    try:
        await fetches_see_all(database, fetches, types, window)
    finally:
        await store.drop_database(database.name)
        store.close()


async def fetches_see_all(
    database: Database, fetches: list[Fetch], types: tuple[str, ...], window: int
) -> None:
    """By number each is seen once; by a consumer each up to where it stands, in order, and again whatever it
    had not acknowledged or was moved back over."""
    messages, consumers = Messages(database), Consumers(database)
    await messages.open()
    inbox, now = Inbox(messages, window, looked_at=3 * window), datetime.now(UTC)
    await consumers.create(UNIT, "mine", 0, now)
    put: list[str] = []
    by_number, by_consumer, at = list[int](), list[int](), 0

    def expected(until: int) -> list[int]:
        shown = enumerate(put[:until], 1)
        return [number for number, type in shown if not types or matches_any(types, type)]

    for fetch in [*fetches, *([Fetch([], 7, False, 0)] * 60)]:
        await messages.put(letters(UNIT, fetch.come))
        put += fetch.come
        page = await inbox.page(UNIT, at, fetch.limit, types)
        assert len(page.messages) <= fetch.limit
        by_number += [message.number for message in page.messages]
        at = page.position
        assert by_number == expected(at)
        consumer = await consumers.get(UNIT, "mine")
        assert consumer is not None
        page = await inbox.page(UNIT, consumer.number, fetch.limit, types)
        if fetch.ends:
            continue
        by_consumer += [message.number for message in page.messages]
        assert by_consumer == expected(page.position)
        back = max(page.position - fetch.back, 0)
        await consumers.move(UNIT, "mine", back, consumer.number, now)
        by_consumer = expected(back)
    assert by_number == by_consumer == expected(len(put))
