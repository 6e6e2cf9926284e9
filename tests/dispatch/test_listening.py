"""What a listener of the board is sent, and when it is sent away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from starlette.types import Message

from services.dispatch.api.board_stream import Told
from services.dispatch.choosing import Choice
from services.dispatch.listeners import Listeners
from services.dispatch.views import Requests
from shared.kernel.cloudevent import sequence
from shared.runtime.http.event_stream import EventStream
from shared.runtime.http.problems import Problem
from tests.dispatch.test_requests_view import HISTORY, as_heard, stream_read

HERE = Choice(communities=frozenset({"shaba"}))
PATIENCE_S = 5.0


async def good() -> None:
    """The token is."""


def told_of(requests: Requests, choice: Choice = HERE) -> tuple[Told, Listeners]:
    listeners = Listeners(lambda: sequence(0, 0))
    requests.listen(listeners.happened)
    told = Told(
        requests, listeners, "client-1", choice, None, lambda row: {"id": row.id, "version": row.version}
    )
    return told, listeners


async def next_of(events: AsyncIterator[bytes]) -> str:
    async with asyncio.timeout(PATIENCE_S):
        return (await anext(events)).decode()


async def test_a_row_that_changed_often_is_told_once_as_it_is() -> None:
    requests = Requests(stream_read)
    told, _ = told_of(requests)
    events = told.events(good)
    assert (await next_of(events)).startswith(": linli\nretry: ")
    await requests.follow([*as_heard(HISTORY[:3]), *as_heard(HISTORY[:2], "request-2")])
    first, second = await next_of(events), await next_of(events)
    assert first == 'event: changed\ndata: {"id":"request-1","version":3}\n\n'
    assert second.startswith('event: changed\ndata: {"id":"request-2","version":2}\nid: ')


async def test_what_is_on_the_board_no_longer_is_gone() -> None:
    requests = Requests(stream_read)
    told, _ = told_of(requests, replace(HERE, statuses=frozenset({"received"})))
    events = told.events(good)
    await next_of(events)
    await requests.follow(as_heard(HISTORY[:1]))
    assert "event: changed" in await next_of(events)
    await requests.follow(as_heard(HISTORY[:2]))
    assert (await next_of(events)).startswith('event: gone\ndata: {"id":"request-1"}\nid: ')


@pytest.mark.parametrize("lost", [True, False])
async def test_who_is_lost_or_has_no_good_token_is_told_and_sent_away(lost: bool) -> None:
    async def verify() -> None:
        if not lost:
            raise Problem(401, "token-revoked", "ask for another")

    told, listeners = told_of(Requests(stream_read))
    events = told.events(verify)
    await next_of(events)
    assert len(listeners) == 1
    if lost:
        listeners.lose_all()
    last = await next_of(events)
    assert ("event: reset" in last, "token-revoked" in last) == (lost, not lost)
    with pytest.raises(StopAsyncIteration):
        await next_of(events)
    assert len(listeners) == 0


async def test_who_goes_away_is_told_nothing_more() -> None:
    told, listeners = told_of(Requests(stream_read))
    events = told.events(good)
    await next_of(events)
    await events.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert len(listeners) == 0


async def test_without_news_there_is_a_comment_now_and_then() -> None:
    told, _ = told_of(Requests(stream_read))
    events = replace(told, heartbeat_s=0.0).events(good)
    await next_of(events)
    assert [await next_of(events) for _ in range(2)] == [": ping\n\n"] * 2


class Impatient(EventStream):
    """Cuts off at once."""

    stuck_s = 0.05


async def test_who_takes_nothing_is_cut_off() -> None:
    sent: list[str] = []

    async def send(message: Message) -> None:
        sent.append(message["type"])
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async def events() -> AsyncIterator[bytes]:
        while True:
            yield b": x\n\n"

    async with asyncio.timeout(PATIENCE_S):
        await Impatient(events()).stream_response(send)
    assert sent == ["http.response.start", "http.response.body"]
