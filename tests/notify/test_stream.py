"""What comes into a box, told as it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic

import pytest

from services.notify.api.inbox import Boxes
from services.notify.api.stream import Told
from services.notify.inbox import LOOK_S, MOST_OF_ONE, Inbox
from services.notify.messages import Messages
from services.registry.domain.roles import SCOPES
from services.registry.signing import Grant
from shared.runtime.background import Background
from shared.runtime.http.problems import Problem
from shared.runtime.mongo import Database, connect
from shared.runtime.mongo import database as open_database
from shared.runtime.settings import NotifySettings
from tests.notify.test_inbox import TYPES, client, letters, refusal
from tests.support.client import Client
from tests.support.event_stream import Heard
from tests.support.notifying import NOWHERE, OTHER_UNIT, UNIT, Notify, Spoken, notify
from tests.support.proxy import Proxy
from tests.support.waiting import until

PATIENCE_S = 15.0


async def numbers(heard: Heard, count: int) -> list[int]:
    """Those of the next so many messages."""
    found = []
    for _ in range(count):
        event, data, id = await heard.next()
        assert (event, id) == ("message", str(data["unitsequence"]))
        found.append(data["unitsequence"])
    return found


@asynccontextmanager
async def stream(mine: Client, last_event_id: str | None = None, **query: str) -> AsyncIterator[Heard]:
    headers = {"Authorization": f"Bearer {mine.token}"}
    if last_event_id is not None:
        headers["Last-Event-ID"] = last_event_id
    async with mine.session.get(f"{mine.base}/v1/stream", headers=headers, params=query) as response:
        assert response.status == 200, await response.text()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Heard(response)


async def test_what_comes_is_told_and_nothing_of_before(running: Notify) -> None:
    spoken = Spoken()
    await running.hears(spoken.volunteers(2))
    async with stream(client(running)) as heard, stream(client(running, OTHER_UNIT)) as theirs:
        [event] = spoken.volunteers(1)
        await running.hears([event, *spoken.volunteers(1, [OTHER_UNIT])])
        _, data, id = await heard.next()
        assert (data["id"], data["recipient"], id) == (event.id, UNIT, "3")
        assert await numbers(theirs, 1) == [1]
    messages = (await client(running).get("/v1/messages", after="2")).body["items"]
    assert messages == [data]


async def test_a_stream_goes_on_from_its_last_event(running: Notify) -> None:
    spoken = Spoken()
    await running.hears(spoken.volunteers(3))
    async with stream(client(running), after="0") as heard:
        assert await numbers(heard, 2) == [1, 2]
    await running.hears(spoken.volunteers(1))
    async with stream(client(running), "2", after="0") as heard:
        assert await numbers(heard, 2) == [3, 4]
    for wrong in ("moon", "-1", "1.5"):
        reply = await client(running).call("GET", "/v1/stream", headers={"Last-Event-ID": wrong})
        assert refusal(reply) == (422, "invalid-request")


async def test_a_backlog_longer_than_a_page_is_told_whole(running: Notify) -> None:
    await running.hears(Spoken().volunteers(250))
    async with stream(client(running), after="0") as heard:
        assert await numbers(heard, 250) == [*range(1, 251)]


async def test_a_stream_is_of_the_types_that_were_asked_for(running: Notify) -> None:
    spoken = Spoken()
    async with stream(client(running), types="agreement-*") as heard:
        await running.hears([*spoken.volunteers(2), spoken.agreement(UNIT)])
        assert await numbers(heard, 1) == [3]
    assert refusal(await client(running).get("/v1/stream", types="moon")) == (422, "unknown-event-type")


async def test_what_was_kept_no_longer_is_said(running: Notify) -> None:
    spoken = Spoken()
    await running.hears(spoken.volunteers(3))
    assert await Messages(running.service.database).empty(UNIT, "2999-01-01T00:00:00.000Z") == 3
    await running.hears(spoken.volunteers(1))
    async with stream(client(running), "1") as heard:
        assert await heard.next() == ("missed", {"after": 1, "until": 3}, "3")
        assert await numbers(heard, 1) == [4]


async def took(running: Notify, listening: Notify, spoken: Spoken) -> float:
    """The shortest time from an event to the listener, of several."""
    best = 60.0
    async with stream(client(listening)) as heard:
        for _ in range(8):
            events = spoken.volunteers(1)
            began = monotonic()
            await running.hears(events)
            await numbers(heard, 1)
            best = min(best, monotonic() - began)
    return best


async def test_where_messages_are_put_in_they_are_told_without_looking_for_them(running: Notify) -> None:
    assert await took(running, running, Spoken()) < LOOK_S / 2


async def test_a_process_that_does_not_lead_tells_within_half_a_second(
    running: Notify, settings: NotifySettings
) -> None:
    async with notify(settings, leads=False) as beside:
        assert not beside.service.leads
        spoken = Spoken()
        assert await took(running, beside, spoken) < 0.5
        async with stream(client(beside)) as heard, stream(client(running)) as there:
            await running.hears(spoken.volunteers(120))
            found = await numbers(heard, 120)
            assert found == sorted(found) == await numbers(there, 120)


async def test_a_stream_goes_on_when_its_process_takes_the_lead(settings: NotifySettings) -> None:
    spoken = Spoken()
    async with AsyncExitStack() as ends:
        leader = await ends.enter_async_context(notify(settings))
        async with notify(settings, leads=False) as beside, stream(client(beside)) as heard:
            await leader.hears(spoken.volunteers(3))
            assert await numbers(heard, 3) == [1, 2, 3]
            await ends.aclose()
            await until(lambda: beside.service.leads, 30)
            await beside.hears(spoken.volunteers(3))
            assert await numbers(heard, 3) == [4, 5, 6]


async def ended(heard: Heard) -> str:
    """Why the stream is over: it is, within five seconds."""
    async with asyncio.timeout(5):
        event, data, _ = await heard.next()
        assert event == "over"
        with pytest.raises(EOFError):
            await heard.next()
        return str(data["code"])


async def test_a_stream_ends_within_five_seconds_of_the_agreement(running: Notify) -> None:
    spoken = Spoken()
    agreement = spoken.agreement(UNIT)
    async with stream(client(running)) as heard:
        await running.service.keys.reactions()["agreement-ended"](agreement)
        assert await ended(heard) == "no-agreement-in-force"


async def test_a_stream_ends_when_its_token_is_good_no_longer(running: Notify) -> None:
    grant = Grant("client-unit", "client-unit", "unit", SCOPES["unit"], ("shaba",), UNIT)
    token, _ = running.signer.token(grant, NOWHERE, lifetime=1)
    async with stream(Client(running.url, running.session, token)) as heard:
        event, data, _ = await heard.next()
    assert (event, data["code"]) == ("over", "token-expired")


def boxes_of(running: Notify) -> Inbox:
    boxes: Boxes = running.app.state.boxes
    return boxes.inbox


async def test_a_client_has_so_many_streams_and_no_more(running: Notify) -> None:
    mine = client(running)
    async with AsyncExitStack() as streams:
        for _ in range(MOST_OF_ONE):
            await streams.enter_async_context(stream(mine))
        await until(lambda: not boxes_of(running).has_room_for("client-unit"))
        refused = await mine.get("/v1/stream")
        assert refusal(refused) == (429, "too-many-streams")
        assert refused.headers["retry-after"] == "60"
    await until(lambda: boxes_of(running).has_room_for("client-unit"))
    assert boxes_of(running).waiting == 0


async def good() -> None:
    """The token is."""


async def test_a_heartbeat_moves_on_over_what_is_hidden(database: Database) -> None:
    messages = Messages(database)
    await messages.open()
    inbox = Inbox(messages)
    await messages.put(letters(UNIT, TYPES))
    told = Told(inbox, "client-1", UNIT, 0, ("duty-*",), heartbeat_s=0.0).events(good)
    first = await anext(told)
    assert b"retry: 2000" in first
    assert b"data" not in first
    assert await anext(told) == f": ping\nid: {len(TYPES)}\n\n".encode()
    await told.aclose()  # type: ignore[attr-defined]
    assert inbox.waiting == 0


async def test_who_reads_a_long_backlog_is_asked_for_its_token_meanwhile(database: Database) -> None:
    messages = Messages(database)
    await messages.open()
    await messages.put(letters(UNIT, TYPES * 5))
    asked = 0

    async def good_twice() -> None:
        nonlocal asked
        asked += 1
        if asked > 2:
            raise Problem(401, "token-expired", "get another")

    told = Told(Inbox(messages), "client-1", UNIT, 0, check_s=0.0).events(good_twice)
    said = [event async for event in told]
    assert [event.partition(b"id: ")[2] for event in said[1:3]] == [b"1\n\n", b"2\n\n"]
    assert b"event: over" in said[3]
    assert len(said) == 4


async def test_a_store_that_is_away_ends_no_stream_and_loses_nothing(
    store_url: str, database: Database
) -> None:
    here = Messages(database)
    await here.open()
    looking = Background()
    async with Proxy(store_url, b"none") as proxy:
        away = connect(proxy.url)
        inbox = Inbox(Messages(open_database(away, database.name)))
        looking.start("look", inbox.run)
        told = Told(inbox, "client-1", UNIT, 0).events(good)
        await anext(told)
        await here.put(letters(UNIT, TYPES[:1]))
        assert b"id: 1\n" in await anext(told)
        proxy.mode = "refuse"
        proxy.drop()
        await here.put(letters(UNIT, TYPES[1:]))
        second = asyncio.ensure_future(anext(told))
        await asyncio.wait([second], timeout=3)
        assert not second.done()
        proxy.mode = "pass"
        assert b"id: 2\n" in await asyncio.wait_for(second, PATIENCE_S)
        await looking.stop()
        away.close()
