"""What changes on the board, told as it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from tests.http.test_agreements import client_of, let_in, signed, taken_on
from tests.http.test_board import grid_of_its_own, triaged
from tests.support.client import Client, access_token
from tests.support.community import HEALTH, MEALS, Community
from tests.support.event_stream import Heard

PATIENCE_S = 15.0


async def said_of(heard: Heard, event: str, id: str) -> tuple[Any, str | None]:
    """What is said of the request `id` in the next `event` of it."""
    while True:
        name, data, place = await heard.next()
        assert name != "reset"
        if (name, data.get("id")) == (event, id):
            return data, place


@asynccontextmanager
async def stream(client: Client, last_event_id: str | None = None, **query: str) -> AsyncIterator[Heard]:
    headers = {"Authorization": f"Bearer {client.token}"}
    if last_event_id is not None:
        headers["Last-Event-ID"] = last_event_id
    url = f"{client.base}/v1/board/stream"
    async with client.session.get(url, headers=headers, params=query) as response:
        assert response.status == 200, await response.text()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Heard(response)


async def test_what_changes_is_told_and_so_is_what_is_gone(shaba: Community) -> None:
    grid, desk = await grid_of_its_own(shaba), shaba.staff["dispatch"]
    async with stream(desk, grid=grid) as heard:
        await shaba.request()  # elsewhere
        id, _ = await triaged(shaba, grid, "urgent")
        while True:
            event, data, place = await heard.next()
            assert (event, data["id"], data["grid"]) == ("changed", id, grid)
            if data["status"] == "triaged":
                break
        assert place is not None
        assert data == (await desk.get("/v1/requests", grid=grid)).body["items"][0]
        await desk.post(f"/v1/requests/{id}/reject", {"reason": "out-of-scope"})
        assert (await heard.next())[:2] == ("gone", {"id": id})


async def test_a_stream_goes_on_from_the_boards_position_and_from_its_last_event(shaba: Community) -> None:
    grid, desk = await grid_of_its_own(shaba), shaba.staff["dispatch"]
    await triaged(shaba, grid, "stat")
    position = (await desk.get("/v1/board", grid=grid)).body["position"]
    one, _ = await triaged(shaba, grid, "urgent")
    async with stream(desk, grid=grid, after=position) as heard:
        _, place = await said_of(heard, "changed", one)
    two, _ = await triaged(shaba, grid, "urgent")
    async with stream(desk, place, grid=grid, after="nonsense") as heard:
        await said_of(heard, "changed", two)


@pytest.mark.parametrize("place", ["000000000000.0000", "999999999999.0000", "nonsense"])
async def test_an_unknown_position_means_to_load_the_board_anew(shaba: Community, place: str) -> None:
    grid = await grid_of_its_own(shaba)
    await triaged(shaba, grid, "stat")
    async with stream(shaba.staff["dispatch"], place, grid=grid) as heard:
        event, data, now = await heard.next()
        assert (event, data["code"]) == ("reset", "load-the-board")
        assert now is not None
        id = await shaba.request(grid=grid)
        await said_of(heard, "changed", id)


async def test_a_unit_is_told_of_its_own_and_of_nobody_else(shaba: Community) -> None:
    async with stream(shaba.health["dispatch"]) as heard:
        await shaba.staff["dispatch"].post(
            "/v1/requests", {"service": MEALS, "grid": "shaba-03", "channel": "telephone"}
        )
        id = await shaba.request(resident=await shaba.resident())
        while True:
            event, data, _ = await heard.next()
            assert event == "gone" or (data["units"] == [HEALTH] and "resident" not in data)
            if data["id"] == id:
                break
    refused = await shaba.school["dispatch"].get("/v1/board/stream", unit=HEALTH)
    assert refused.status == 404


async def ended(heard: Heard) -> str:
    """Why the stream is over: it is, within five seconds."""
    async with asyncio.timeout(5):
        while True:
            event, data, _ = await heard.next()
            if event == "over":
                with pytest.raises(EOFError):
                    await heard.next()
                return str(data["code"])


async def test_a_revoked_clients_stream_ends_within_five_seconds(shaba: Community) -> None:
    registry = shaba.admin["registry"]
    made = await registry.post("/v1/clients", {"name": f"leaver {uuid4().hex}", "role": "dispatcher"})
    client, secret = str(made.body["client_id"]), str(made.body["client_secret"])
    token = await access_token(shaba.session, shaba.stack.services["registry"], client, secret)
    theirs = Client(shaba.stack.services["dispatch"], shaba.session, token)
    async with stream(theirs) as heard:
        assert (await registry.post(f"/v1/clients/{client}/revoke")).status == 200
        assert await ended(heard) == "token-revoked"


async def test_the_stream_of_a_unit_whose_agreement_ended_ends_within_five_seconds(shaba: Community) -> None:
    unit = await taken_on(shaba)
    agreement = await signed(shaba, unit)
    theirs = (await let_in(shaba, await client_of(shaba, unit)))["dispatch"]
    async with stream(theirs) as heard:
        path = f"/v1/agreements/{agreement}/end"
        reply = await shaba.admin["registry"].post(path, {"reason": "closed"})
        assert reply.status == 200, reply.body
        assert await ended(heard) == "no-agreement-in-force"
