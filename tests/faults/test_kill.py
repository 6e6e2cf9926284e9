"""kill -9 of any part in the middle of a load: what was answered is recorded once, and told at least once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import aiohttp
import pytest

from deploy.stack import PARTS, Stack, ephemeral
from tests.support.accepted import BODY, assert_all_is_recorded_and_told, partner
from tests.support.client import Client
from tests.support.community import community
from tests.support.waiting import until

WORKERS = 8
BEFORE = AFTER = 200


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    schedule = {"LINLI_RETRY_SCHEDULE": ",".join(["1"] * 60)}
    with ephemeral(PARTS, {"notify": schedule}) as running:
        yield running


@dataclass
class Load:
    """Workers that post requests until they are stopped; each repeats its call until it is answered 2xx."""

    client: Client
    accepted: list[str] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    stopping: bool = False

    async def work(self) -> None:
        while not self.stopping:
            self.in_flight += 1
            self.accepted.append(await self._until_accepted(str(uuid4())))
            self.in_flight -= 1

    async def _until_accepted(self, key: str) -> str:
        async with asyncio.timeout(60):
            while True:
                try:
                    reply = await self.client.post("/v1/requests", BODY, Idempotency_Key=key)
                except (aiohttp.ClientError, TimeoutError) as error:
                    self.failures[type(error).__name__] += 1
                    await asyncio.sleep(0.05)
                    continue
                if reply.status == 201:
                    return str(reply.body["id"])
                assert reply.status == 503, (reply.status, reply.body)
                self.failures["503"] += 1
                await asyncio.sleep(0.05)


@asynccontextmanager
async def load(client: Client) -> AsyncIterator[Load]:
    running = Load(client)
    async with asyncio.TaskGroup() as group:
        for _ in range(WORKERS):
            group.create_task(running.work())
        try:
            yield running
        finally:
            running.stopping = True


@pytest.mark.parametrize("part", PARTS)
async def test_a_killed_part_loses_nothing(stack: Stack, part: str) -> None:
    async with community(stack.up()) as shaba, partner(shaba) as receiver:
        async with load(shaba.staff["dispatch"]) as running:
            await until(lambda: len(running.accepted) >= BEFORE, 60)
            found_load = running.in_flight
            await asyncio.to_thread(stack.kill, part)
            at_kill = len(running.accepted)
            await asyncio.to_thread(stack.start, part)
            await until(lambda: len(running.accepted) >= at_kill + AFTER, 60)
        assert found_load > 0, "the kill found no load"
        if part == "dispatch":  # of the store, callers notice no more than a long answer
            assert running.failures, "nobody noticed the kill"
        await assert_all_is_recorded_and_told(shaba, receiver, set(running.accepted))


async def test_dispatch_needs_nobody_and_everybody_catches_up_within_ten_seconds(stack: Stack) -> None:
    others = ("rabbitmq", "registry", "notify", "audit")
    async with community(stack.up()) as shaba, partner(shaba) as receiver:
        for part in others:
            await asyncio.to_thread(stack.kill, part)
        accepted = set()
        for _ in range(50):
            reply = await shaba.staff["dispatch"].post("/v1/requests", BODY)
            assert reply.status == 201, reply.body
            accepted.add(str(reply.body["id"]))
        for part in others:
            await asyncio.to_thread(stack.start, part)
        await assert_all_is_recorded_and_told(shaba, receiver, accepted, seconds=10)
