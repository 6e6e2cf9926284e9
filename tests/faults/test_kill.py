"""kill -9 of any part in the middle of a load: what was answered is recorded once, and told at least once."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from deploy.stack import PARTS, Stack, ephemeral
from tests.support.client import Client
from tests.support.community import HEALTH, HEALTH_HELP, Community, community
from tests.support.receiver import Receiver, receiving
from tests.support.waiting import until

WORKERS = 8
BEFORE = AFTER = 200
BODY = {"service": HEALTH_HELP, "grid": "shaba-03", "channel": "telephone", "text": "请尽快上门"}


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


async def entries(auditor: Client, **query: str) -> list[dict[str, Any]]:
    """All entries of the log, page by page."""
    found: list[dict[str, Any]] = []
    page: dict[str, str] = {}
    while True:
        reply = await auditor.get("/v1/entries", limit="500", **page, **query)
        assert reply.status == 200, reply.body
        found += reply.body["items"]
        if not reply.body["items"] or reply.body["next"] is None:
            return found
        page = {"after": str(reply.body["next"])}


async def assert_all_is_recorded_and_told(
    shaba: Community, receiver: Receiver, accepted: set[str], seconds: float = 30
) -> None:
    """The ids answered 2xx are just those in audit, once each and in order; each was told at least once."""

    async def created() -> list[str]:
        of_type = await entries(shaba.auditor["audit"], type="request-created")
        return [entry["event"]["subject"] for entry in of_type]

    async def all_recorded() -> bool:
        return accepted <= set(await created())

    await until(all_recorded, seconds)
    recorded = [id for id in await created() if id in accepted or id not in KNOWN]
    assert Counter(recorded) == Counter(accepted)
    await until(lambda: accepted <= receiver.created(), seconds)
    versions = defaultdict(list)
    for entry in await entries(shaba.auditor["audit"]):
        versions[entry["event"]["subject"]].append(entry["event"]["streamversion"])
    for stream, found in versions.items():
        assert found == list(range(1, len(found) + 1)), stream
    verdict = await shaba.auditor["audit"].post("/v1/verify")
    assert verdict.body["intact"] is True, verdict.body
    KNOWN.update(accepted)


KNOWN: set[str] = set()
"""The requests of the tests before, which are in the same log."""


@asynccontextmanager
async def partner(shaba: Community) -> AsyncIterator[Receiver]:
    """The health centre's system, listening to everything."""
    async with receiving() as receiver:
        body = {"unit": HEALTH, "url": receiver.url, "events": ["*"]}
        reply = await shaba.health["notify"].post("/v1/endpoints", body)
        assert reply.status == 201, reply.body
        receiver.secret = str(reply.body["secret"])
        yield receiver


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
