"""notify as a process of its own, on a real broker, killed and started again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from deploy.stack import Stack
from shared.events.notify import NotificationDelivered
from shared.runtime.mongo import Database
from shared.runtime.store import EventStore
from tests.support.notify_process import (
    Process,
    environment,
    free_port,
    register,
    registry,
    say,
    unit_client,
)
from tests.support.notifying import Partner
from tests.support.waiting import until


@pytest.fixture
async def process(
    servers: Stack, store_url: str, database: Database, tmp_path: Path
) -> AsyncIterator[Process]:
    """notify on this test's database."""
    settings = await environment(servers, store_url, database, tmp_path)
    found = Process({**settings, "LINLI_PORT": str(free_port())}, tmp_path)
    yield found
    await found.kill()


async def test_killed_in_the_middle_of_a_load_every_webhook_arrives_and_every_outcome_is_told(
    servers: Stack, database: Database, process: Process, partner: Partner, tmp_path: Path
) -> None:
    signer, authorized = unit_client(tmp_path)
    async with (
        aiohttp.ClientSession(headers=authorized) as session,
        registry(servers, database, signer) as store,
    ):
        await process.start(session)
        _, secret = await register(session, process, partner.url)
        due = await say(store, 300)
        await until(lambda: len(partner.received) >= 50)
        await process.kill()
        arrived = len(set(partner.ids))
        assert arrived < 300, "the kill found no load"
        due |= await say(store, 200)
        await process.start(session)
        await until(lambda: set(partner.ids) == due, 30)
        await until(lambda: _all_told(database, due), 30)
        for webhook in partner.received:
            webhook.verified(secret)

        assert await process.ends()
        for planted in (secret, "secret-path-of-the-url"):
            assert planted not in process.said()
    # Doubles are what was on its way, or not yet reported, when the kill came.
    assert len(partner.received) <= 500 + arrived


async def _all_told(database: Database, due: set[str]) -> bool:
    told: set[str] = set()
    for commit in await EventStore(database).read(0, 10_000):
        for event in commit.events:
            if event.type == NotificationDelivered.type:
                report = NotificationDelivered.model_validate(event.data)
                told |= {made.message for made in report.deliveries}
    states = await database["deliveries"].distinct("state")
    return told == due and states == ["delivered"]
