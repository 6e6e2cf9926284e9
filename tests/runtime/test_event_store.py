"""The event store's promises, each on the real store and on its twin in memory."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest

from shared.kernel.commit import Answer, Commit, Draft
from shared.runtime.log import CommitExists, CommitLog, DocumentRefused, StreamMoved
from shared.runtime.mongo import Database
from shared.runtime.store import EventStore
from tests.support.drafts import draft
from tests.support.memory_log import MemoryLog


@pytest.fixture(params=["real", "memory"])
async def log(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[CommitLog]:
    if request.param == "memory":
        yield MemoryLog()
        return
    store = EventStore(database)
    await store.start()
    yield store
    await store.stop()


async def outcome(log: CommitLog, wanted: Draft) -> Commit | Exception:
    try:
        return await log.append(wanted)
    except (CommitExists, StreamMoved, DocumentRefused) as refusal:
        return refusal


async def assert_gapless(log: CommitLog, length: int) -> None:
    commits = await log.read(0, length + 10)
    assert [commit.pos for commit in commits] == list(range(1, length + 1))
    assert [commit.at for commit in commits] == sorted(commit.at for commit in commits)
    assert await log.head() == length


async def test_an_empty_log_has_head_zero(log: CommitLog) -> None:
    await assert_gapless(log, 0)
    assert await log.stream("request-1") == []
    assert await log.by_id("nothing") is None


async def test_what_is_appended_reads_back_equal(log: CommitLog) -> None:
    wanted = draft(("request-1", 1), ("calendar-1", 1), data={"n": 2**53 - 1, "name": "邻里", "none": None})
    commit = await log.append(wanted)
    assert commit.pos == 1
    assert await log.by_id(wanted.id) == commit
    assert await log.read(0, 5) == [commit]
    assert await log.stream("calendar-1") == [wanted.events[1]]


async def test_a_command_that_nobody_can_repeat_is_found_by_its_versions_alone(log: CommitLog) -> None:
    commit = await log.append(replace(draft(("request-1", 1), ("calendar-1", 1)), once=False))
    assert await log.by_version("calendar-1", 1) == commit
    assert await log.by_version("calendar-1", 2) is None
    assert await log.by_id(commit.id) is None
    assert await log.read(0, 5) == [commit]
    assert isinstance(await outcome(log, replace(draft(("request-1", 1)), once=False)), StreamMoved)


@pytest.mark.parametrize("length", [15, 16, 17, 80, 81, 200])
async def test_a_long_stream_is_read_whole(log: CommitLog, length: int) -> None:
    sizes = itertools.cycle([1, 2, 5])  # so that commits lie across whatever is asked for at once
    version = 0
    drafts = []
    while version < length:
        versions = range(version + 1, min(version + next(sizes), length) + 1)
        drafts.append(draft(*(("request-1", each) for each in versions)))
        version = versions[-1]
    await asyncio.gather(*(log.append(wanted) for wanted in drafts))
    assert [event.version for event in await log.stream("request-1")] == list(range(1, length + 1))


async def test_of_200_at_once_on_one_stream_one_wins_each_version(log: CommitLog) -> None:
    async def writer(number: int) -> int:
        tries = 0
        while True:
            tries += 1
            version = len(await log.stream("request-1")) + 1
            result = await outcome(log, draft(("request-1", version)))
            if isinstance(result, Commit):
                return tries
            assert isinstance(result, StreamMoved)

    first = await asyncio.gather(*(outcome(log, draft(("request-0", 1))) for _ in range(200)))
    assert sum(isinstance(result, Commit) for result in first) == 1
    assert sum(isinstance(result, StreamMoved) for result in first) == 199
    await asyncio.gather(*(writer(number) for number in range(20)))
    assert [event.version for event in await log.stream("request-1")] == list(range(1, 21))
    await assert_gapless(log, 21)


async def test_one_id_fifty_times_at_once_is_one_commit(log: CommitLog) -> None:
    answer = Answer(201, {"id": "request-1"}, "/v1/requests/request-1", 1)

    def attempt(number: int) -> Draft:
        return draft((f"request-{number}", 1), id="the-same", answer=answer)

    results = await asyncio.gather(*(outcome(log, attempt(number)) for number in range(50)))
    commits = {
        result.commit.id if isinstance(result, CommitExists) else result.id
        for result in results
        if isinstance(result, Commit | CommitExists)
    }
    assert commits == {"the-same"}
    assert sum(isinstance(result, Commit) for result in results) == 1
    stored = await log.by_id("the-same")
    assert stored is not None
    assert stored.answer == answer
    await assert_gapless(log, 1)


async def test_a_commit_that_violates_everything_is_known_by_its_id(log: CommitLog) -> None:
    first = await log.append(draft(("request-1", 1), id="a"))
    result = await outcome(log, draft(("request-1", 1), id="a"))
    assert isinstance(result, CommitExists)
    assert result.commit == first


async def test_one_moved_stream_refuses_the_whole_commit(log: CommitLog) -> None:
    await log.append(draft(("calendar-1", 1)))
    result = await outcome(log, draft(("request-1", 1), ("calendar-1", 1)))
    assert isinstance(result, StreamMoved)
    assert await log.stream("request-1") == []
    await assert_gapless(log, 1)


@pytest.mark.parametrize("bad", [{"n": 2**70}, {"text": "\ud800"}], ids=["huge-integer", "lone-surrogate"])
async def test_a_bad_document_fails_alone_inside_a_group(log: CommitLog, bad: dict[str, int | str]) -> None:
    drafts = [draft((f"request-{n}", 1), data=bad if n == 7 else None) for n in range(20)]  # type: ignore[arg-type]
    results = await asyncio.gather(*(outcome(log, wanted) for wanted in drafts))
    assert [n for n, result in enumerate(results) if isinstance(result, DocumentRefused)] == [7]
    await assert_gapless(log, 19)


async def test_a_conflict_inside_a_group_leaves_no_gap(log: CommitLog) -> None:
    await log.append(draft(("request-5", 1), id="taken"))
    drafts = [draft((f"request-{n}", 1), id="taken" if n == 11 else None) for n in range(20)]
    results = await asyncio.gather(*(outcome(log, wanted) for wanted in drafts))
    failed = {n: type(result) for n, result in enumerate(results) if not isinstance(result, Commit)}
    assert failed == {5: StreamMoved, 11: CommitExists}
    await assert_gapless(log, 19)


async def test_reading_is_bounded_and_exact(log: CommitLog) -> None:
    for number in range(7):
        await log.append(draft((f"request-{number}", 1)))
    assert [commit.pos for commit in await log.read(2, 3)] == [3, 4, 5]
    assert [commit.pos for commit in await log.read(5, 100)] == [6, 7]
    assert await log.read(7, 100) == []


async def test_a_cancelled_caller_does_not_cancel_its_append(database: Database) -> None:
    store = EventStore(database)
    await store.start()
    wanted = draft(("request-1", 1))
    caller = asyncio.create_task(store.append(wanted))
    await asyncio.sleep(0)  # the caller joins the queue
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await store.stop()
    assert await store.by_id(wanted.id) is not None


async def test_a_document_over_the_limit_is_refused_before_it_joins(database: Database) -> None:
    store = EventStore(database)
    await store.start()
    with pytest.raises(DocumentRefused):
        await store.append(draft(("request-1", 1), data={"text": "x" * 5_000_000}))
    assert await store.head() == 0
    await store.stop()


async def test_a_head_far_away_is_found(database: Database) -> None:
    store = EventStore(database)
    await store.start()
    await asyncio.gather(*(store.append(draft((f"request-{n}", 1), id=str(uuid4()))) for n in range(333)))
    await store.stop()
    assert await EventStore(database).head() == 333
