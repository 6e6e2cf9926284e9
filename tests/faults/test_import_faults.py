"""The store goes away in the middle of a table: that is said, and the same table sent again does the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from json import loads

import aiohttp
import pytest

from deploy.stack import Stack, StackFile, ephemeral
from tests.load.imports import residents
from tests.support.client import Client, access_token

ROWS = 3000
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with ephemeral(("rabbitmq", "store", "registry")) as running:
        yield running


async def registry_of(session: aiohttp.ClientSession, described: StackFile) -> Client:
    base, admin = described.services["registry"], described.admin
    token = await access_token(session, base, admin.client_id, admin.client_secret)
    return Client(base, session, token)


async def test_a_table_enters_once_though_the_store_went_away_in_the_middle(stack: Stack) -> None:
    described = stack.up()
    data = residents(ROWS).encode()
    async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE_S):
        registry = await registry_of(session, described)
        headers = {"Authorization": f"Bearer {registry.token}", "Content-Type": "text/csv"}
        path = registry.base + "/v1/imports/residents"
        async with session.post(path, data=data, headers=headers) as response:
            said = [loads(await response.content.readline()) for _ in range(3)]
            assert [each["type"] for each in said] == ["begun", "progress", "progress"]
            await asyncio.to_thread(stack.kill, "store")
            said += [loads(line) async for line in response.content]
        last = said[-1]
        assert (last["type"], last["finished"], last["code"]) == ("finished", False, "store-unavailable")
        assert last["entered"] < ROWS
        await asyncio.to_thread(stack.start, "store")
        async with session.post(path, data=data, headers=headers) as response:
            last = [loads(line) async for line in response.content][-1]
        assert (last["finished"], last["refused"]) == (True, 0)
        assert last["entered"] + last["unchanged"] == ROWS
        assert last["unchanged"] >= 400
