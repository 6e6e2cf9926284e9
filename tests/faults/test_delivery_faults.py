"""Deliveries, whatever dies or stands still: nothing is lost, and doubles are only what a kill explains."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import aiohttp
import pytest

from deploy.stack import Stack
from services.notify.engine.lane import IN_FLIGHT
from shared.runtime.lease import STALE_S
from shared.runtime.mongo import Database
from shared.runtime.store import EventStore
from tests.support.notify_process import Process, environment, free_port, register, registry, say, unit_client
from tests.support.notifying import UNIT, Partner, partner_system
from tests.support.reckoning import attempts_on_record, reckoned
from tests.support.waiting import until

AWAY_S = 20.0


@dataclass
class Scene:
    """Two processes of notify that may run, a source that is heard by the broker, and an endpoint."""

    processes: list[Process]
    session: aiohttp.ClientSession
    store: EventStore
    database: Database
    partner: Partner
    endpoint: str = ""
    due: set[str] = field(default_factory=set)
    excused: int = 0
    """Doubles that kills explain: what had arrived and was on no record when they came."""

    async def begin(self) -> None:
        """Start the first process, and register the endpoint."""
        await self.processes[0].start(self.session)
        self.endpoint, _ = await register(self.session, self.processes[0], self.partner.url)

    async def say(self, count: int) -> None:
        self.due |= await say(self.store, count)

    async def kill(self, process: Process) -> None:
        """kill -9."""
        await process.kill()
        self.excused += len(self.partner.received) + IN_FLIGHT - await attempts_on_record(self.database)

    async def all_arrived(self) -> bool:
        return set(self.partner.ids) == self.due

    async def all_told(self) -> bool:
        told = {"endpoint": self.endpoint, "state": "delivered"}
        return await self.database["deliveries"].count_documents(told) == len(self.due)

    async def ends_well(self, seconds: float = 30) -> None:
        """All that was said arrived, all of it is on record as delivered, and doubles are excused."""
        await until(self.all_arrived, seconds)
        await until(self.all_told, seconds)
        assert await reckoned(self.database, self.endpoint, UNIT) == Counter(delivered=len(self.due))
        assert len(self.partner.received) - len(self.due) <= self.excused


@pytest.fixture
async def scene(servers: Stack, store_url: str, database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    signer, authorized = unit_client(tmp_path)
    settings = await environment(servers, store_url, database, tmp_path)
    processes = [
        Process({**settings, "LINLI_PORT": str(free_port())}, tmp_path, name) for name in ("first", "second")
    ]
    async with (
        aiohttp.ClientSession(headers=authorized) as session,
        registry(servers, database, signer) as store,
        partner_system() as partner,
    ):
        try:
            yield Scene(processes, session, store, database, partner)
        finally:
            for process in processes:
                await process.kill()


@contextmanager
def standing_still(stack: Stack, part: str) -> Iterator[None]:
    """SIGSTOP a server of this run's own stack, and SIGCONT."""
    [pid] = [status.pid for status in stack.status() if status.name == part]
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_killed_after_it_was_sent_and_before_it_was_recorded_it_is_sent_again_with_the_same_id(
    scene: Scene,
) -> None:
    scene.partner.free.clear()  # it holds its answers
    await scene.begin()
    await scene.say(IN_FLIGHT + 3)
    await until(lambda: len(scene.partner.received) == IN_FLIGHT)
    held = list(scene.partner.ids)
    await scene.kill(scene.processes[0])
    assert await attempts_on_record(scene.database) == 0
    scene.partner.free.set()
    await scene.processes[0].start(scene.session)
    await scene.ends_well()
    assert {id: scene.partner.ids.count(id) for id in held} == dict.fromkeys(held, 2)
    assert len(scene.partner.received) == len(scene.due) + IN_FLIGHT


async def test_killed_at_random_moments_under_load_nothing_is_lost(scene: Scene) -> None:
    chance = random.Random(20261124)
    await scene.begin()
    for _ in range(4):
        arrived = len(set(scene.partner.ids))
        await scene.say(60)
        wanted = arrived + chance.randrange(1, 60)
        await until(lambda wanted=wanted: len(set(scene.partner.ids)) >= wanted)  # type: ignore[misc]
        await scene.kill(scene.processes[0])
        await scene.processes[0].start(scene.session)
    await scene.ends_well()


async def test_a_store_that_stands_still_for_twenty_seconds_loses_nothing(
    scene: Scene, servers: Stack
) -> None:
    await scene.begin()
    await scene.processes[1].start(scene.session)
    await scene.say(300)
    await until(lambda: len(scene.partner.received) > 20)
    with standing_still(servers, "store"):
        since = monotonic()
        await until(lambda: monotonic() - since > AWAY_S, AWAY_S + 5)
    await scene.say(20)
    await scene.ends_well(60)
    lead = await scene.database["leases"].find_one({"_id": "lead"})
    assert lead is not None
    assert lead["epoch"] == 1, "while nobody could say that it lives, nobody took its place"


async def test_a_broker_that_is_gone_holds_up_nothing_that_was_heard_and_loses_nothing(
    scene: Scene, servers: Stack
) -> None:
    await scene.begin()
    await scene.say(30)
    await until(scene.all_arrived)
    servers.kill("rabbitmq")
    try:
        await scene.say(30)
    finally:
        servers.start("rabbitmq")
    await scene.ends_well(60)


async def test_of_two_processes_the_other_takes_over_within_seconds_of_a_kill(scene: Scene) -> None:
    first, second = scene.processes
    await scene.begin()
    await second.start(scene.session)
    await scene.say(200)
    await until(lambda: len(scene.partner.received) > 20)
    await scene.kill(first)
    since, before = monotonic(), len(scene.partner.received)
    await until(lambda: len(scene.partner.received) > before + IN_FLIGHT)
    assert monotonic() - since < STALE_S + 5
    await first.start(scene.session)
    await scene.say(50)
    await scene.ends_well()


async def test_a_leader_that_stood_still_for_six_seconds_loses_nothing_and_leaves_it_to_the_other(
    scene: Scene,
) -> None:
    first, second = scene.processes
    await scene.begin()
    await second.start(scene.session)
    await scene.say(200)
    await until(lambda: len(scene.partner.received) > 20)
    first.send(signal.SIGSTOP)
    scene.excused += len(scene.partner.received) + IN_FLIGHT - await attempts_on_record(scene.database)
    since = monotonic()
    await until(lambda: monotonic() - since > 6)
    await scene.say(100)
    first.send(signal.SIGCONT)
    await scene.say(50)
    # What it goes on with until it has seen that it is not the leader any more.
    scene.excused += 300
    await scene.ends_well()
