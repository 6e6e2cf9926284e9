"""What the event store promises when connections, servers and writers die."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from shared.runtime.log import CommitExists
from shared.runtime.mongo import Database, StoreUnavailable, connect
from shared.runtime.mongo import database as open_database
from shared.runtime.store import EventStore
from tests.support.drafts import draft
from tests.support.proxy import Mode, Proxy
from tests.support.waiting import until

MARKER = "cut-here"


@asynccontextmanager
async def through_proxy(
    url: str, database: Database, deadline: float = 5.0
) -> AsyncIterator[tuple[Proxy, EventStore]]:
    """An event store on `database` whose connection goes through a proxy."""
    async with Proxy(url, MARKER.encode()) as proxy:
        client = connect(proxy.url)
        store = EventStore(open_database(client, database.name), deadline=deadline)
        await store.start()
        yield proxy, store
        await store.stop()
        client.close()


@pytest.mark.parametrize("mode", ["cut-after-write", "cut-before-write"])
async def test_an_unknown_outcome_becomes_one_commit(store_url: str, database: Database, mode: Mode) -> None:
    async with through_proxy(store_url, database) as (proxy, store):
        await store.append(draft(("request-0", 1)))
        proxy.mode = mode
        group = [draft((f"request-{n}", 1), data={"text": MARKER}) for n in range(1, 9)]
        commits = await asyncio.gather(*(store.append(wanted) for wanted in group))
        assert proxy.cuts == 1
        assert [commit.pos for commit in commits] == list(range(2, 10))
        read = await store.read(0, 100)
    assert [commit.id for commit in read[1:]] == [wanted.id for wanted in group]


@pytest.mark.parametrize("mode", ["cut-after-write", "cut-before-write"])
async def test_a_place_lost_while_the_outcome_was_unknown_is_given_up(
    store_url: str, database: Database, mode: Mode
) -> None:
    rival = EventStore(database)
    await rival.start()
    async with through_proxy(store_url, database) as (proxy, store):
        await store.append(draft(("request-0", 1)))
        proxy.mode, proxy.limit = mode, 3
        ours = asyncio.create_task(store.append(draft(("request-1", 1), id="ours", data={"text": MARKER})))
        theirs = await asyncio.gather(*(rival.append(draft((f"rival-{n}", 1))) for n in range(20)))
        commit = await ours
    await rival.stop()
    taken = {1, commit.pos, *(other.pos for other in theirs)}
    assert taken == set(range(1, 23))


async def test_until_the_outcome_is_known_the_caller_is_told_so(store_url: str, database: Database) -> None:
    async with through_proxy(store_url, database, deadline=0.3) as (proxy, store):
        await store.append(draft(("request-0", 1)))
        proxy.mode = "refuse"
        proxy.drop()
        sent = draft(("request-1", 1), id="sent")
        with pytest.raises(StoreUnavailable):
            await store.append(sent)
        unsent = draft(("request-2", 1), id="unsent")
        with pytest.raises(StoreUnavailable):
            await store.append(unsent)
        proxy.mode = "pass"
        direct = EventStore(database)
        await until(lambda: in_log(direct, "sent"))
        store.deadline = 5.0
        with pytest.raises(CommitExists):
            await store.append(draft(("request-1", 1), id="sent"))
        assert await store.by_id("unsent") is None  # it never was on its way, so it was taken back
        assert (await store.append(unsent)).pos == 3


async def in_log(store: EventStore, commit_id: str) -> bool:
    return await store.by_id(commit_id) is not None


async def start_appender(url: str, database: Database, prefix: str, count: int) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.appender", url, database.name, prefix, str(count), "16"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert await acknowledged(process, 1) == ["ready"]
    return process


def go(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"go\n")


async def acknowledged(process: asyncio.subprocess.Process, most: int) -> list[str]:
    """The next ids that the process prints, `most` at the most."""
    assert process.stdout is not None
    lines: list[str] = []
    while len(lines) < most and (line := await process.stdout.readline()).endswith(b"\n"):
        lines.append(line.decode().strip())
    return lines


async def test_two_processes_share_a_log_without_gap_or_loss(store_url: str, database: Database) -> None:
    processes = [await start_appender(store_url, database, name, 1000) for name in ("a", "b")]
    for process in processes:
        go(process)
    printed = await asyncio.gather(*(acknowledged(process, 3000) for process in processes))
    assert [await process.wait() for process in processes] == [0, 0]
    commits = await EventStore(database).read(0, 3000)
    assert [commit.pos for commit in commits] == list(range(1, 2001))
    assert {commit.id for commit in commits} == {*printed[0], *printed[1]}
    turns = sum(a.id[0] != b.id[0] for a, b in pairwise(commits))
    assert turns > 4  # neither had to wait for the other to end


@pytest.mark.parametrize("acknowledged_before", [1, 17, 64, 65, 150])
async def test_a_killed_writer_leaves_whole_commits_and_no_gap(
    store_url: str, database: Database, acknowledged_before: int
) -> None:
    process = await start_appender(store_url, database, "a", 100_000)
    go(process)
    before = await acknowledged(process, acknowledged_before)
    process.kill()
    before += await acknowledged(process, 100_000)
    await process.wait()
    successor = EventStore(database)
    await successor.start()
    await successor.append(draft(("after", 1), id="after"))
    await successor.stop()
    commits = await successor.read(0, 100_000)
    places = [document["_id"] async for document in database["commits"].find({}, {"_id": 1})]
    assert sorted(places) == [commit.pos for commit in commits] == list(range(1, len(commits) + 1))
    assert {*before, "after"} <= {commit.id for commit in commits}
    assert len({commit.id for commit in commits}) == len(commits)
