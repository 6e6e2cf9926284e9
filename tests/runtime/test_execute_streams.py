"""One command against streams that others move: decided again, all of it, or refused."""

from __future__ import annotations

import asyncio

import pytest

from shared.kernel.commit import Answer
from shared.kernel.decider import Refused
from shared.runtime.execute import (
    ATTEMPTS,
    Executor,
    StreamBusy,
    Transaction,
    VersionMismatch,
)
from shared.runtime.store import EventStore
from tests.support.jar import FULL, JAR, Add, Work, call, on, on_a_fresh_jar, total


def overtaken(executor: Executor, by: Work, then: Work, times: int = 1) -> Work:
    """`then`, but the first `times` that it is tried, `by` is executed after its streams were read."""
    left = times

    async def work(transaction: Transaction) -> Answer:
        nonlocal left
        await transaction.load(JAR, "jar-1")
        if left:
            left -= 1
            await executor.execute(call(), by)
        return await then(transaction)

    return work


@pytest.mark.parametrize("version", [0, 2, 7])
async def test_if_match_of_another_version_changes_nothing(
    executor: Executor, store: EventStore, version: int
) -> None:
    await executor.execute(call(), on("jar-1", Add(1)))
    for work in (on("jar-1", Add(1)), on_a_fresh_jar(Add(1))):
        with pytest.raises(VersionMismatch):
            await executor.execute(call("key-1", if_match=version), work)
    assert await store.head() == 1


async def test_if_match_of_the_version_that_is_there_goes_through(executor: Executor) -> None:
    await executor.execute(call(), on("jar-1", Add(1)))
    outcome = await executor.execute(call("key-1", if_match=1), on("jar-1", Add(1)))
    assert outcome.answer.etag == 2


async def test_if_match_is_looked_at_again_when_somebody_was_quicker(executor: Executor) -> None:
    work = overtaken(executor, on("jar-1", Add(1)), on("jar-1", Add(1)))
    with pytest.raises(VersionMismatch):
        await executor.execute(call("key-1", if_match=0), work)


@pytest.mark.parametrize("count", [2, 5, ATTEMPTS])
async def test_commands_at_once_on_one_stream_all_get_done(
    executor: Executor, store: EventStore, count: int
) -> None:
    outcomes = await asyncio.gather(*(executor.execute(call(), on("jar-1", Add(1))) for _ in range(count)))
    assert sorted(int(str(outcome.answer.body["total"])) for outcome in outcomes) == [*range(1, count + 1)]
    assert [event.version for event in await store.stream("jar-1")] == [*range(1, count + 1)]


async def test_who_is_overtaken_all_but_the_last_time_gets_done(executor: Executor) -> None:
    quicker = on("jar-1", Add(1))
    work = overtaken(executor, quicker, on("jar-1", Add(1)), ATTEMPTS - 1)
    outcome = await executor.execute(call("key-1"), work)
    assert outcome.answer.body == {"id": "jar-1", "total": ATTEMPTS}


async def test_who_is_overtaken_every_time_is_told_so_and_has_changed_nothing(
    executor: Executor, store: EventStore
) -> None:
    quicker = on("jar-1", Add(1))
    with pytest.raises(StreamBusy):
        await executor.execute(call("key-1"), overtaken(executor, quicker, on("jar-1", Add(50)), ATTEMPTS))
    assert await total(store, "jar-1") == ATTEMPTS
    assert await store.by_id("key-1") is None


def on_two(first: Add, second: Add) -> Work:
    async def work(transaction: Transaction) -> Answer:
        one = await transaction.decide(JAR, "jar-1", first)
        other = await transaction.decide(JAR, "jar-2", second)
        return Answer(201, {"one": one, "other": other}, etag=transaction.version("jar-1"))

    return work


async def test_a_command_on_two_streams_is_one_commit(executor: Executor, store: EventStore) -> None:
    await executor.execute(call(), on_two(Add(1), Add(2)))
    (commit,) = await store.read(0, 10)
    assert [(event.stream, event.version) for event in commit.events] == [("jar-1", 1), ("jar-2", 1)]


async def test_if_match_speaks_of_the_first_stream_alone(executor: Executor, store: EventStore) -> None:
    await executor.execute(call(), on("jar-2", Add(1)))
    with pytest.raises(VersionMismatch):
        await executor.execute(call(if_match=1), on_two(Add(1), Add(2)))
    await executor.execute(call(if_match=0), on_two(Add(1), Add(2)))
    assert await total(store, "jar-2") == 3


async def test_a_command_on_two_streams_is_all_or_nothing(executor: Executor, store: EventStore) -> None:
    await executor.execute(call(), on("jar-2", Add(FULL)))
    with pytest.raises(Refused, match="full"):
        await executor.execute(call("key-1"), on_two(Add(1), Add(1)))
    assert await store.stream("jar-1") == []
    assert await store.head() == 1


@pytest.mark.parametrize("moved", ["jar-1", "jar-2"])
async def test_a_command_on_two_streams_of_which_one_moves_is_decided_again_whole(
    executor: Executor, store: EventStore, moved: str
) -> None:
    left = 1

    async def work(transaction: Transaction) -> Answer:
        nonlocal left
        answer = await on_two(Add(1), Add(2))(transaction)
        if left:
            left -= 1
            await executor.execute(call(), on(moved, Add(10)))
        return answer

    await executor.execute(call("key-1"), work)
    commit = await store.by_id("key-1")
    assert commit is not None
    assert {event.stream: event.version for event in commit.events} == {
        "jar-1": 1,
        "jar-2": 1,
        moved: 2,
    }
    assert await total(store, "jar-1") + await total(store, "jar-2") == 13


async def test_what_was_decided_before_is_seen_in_the_same_command(executor: Executor) -> None:
    async def work(transaction: Transaction) -> Answer:
        await transaction.decide(JAR, "jar-1", Add(FULL - 1))
        with pytest.raises(Refused, match="full"):
            await transaction.decide(JAR, "jar-1", Add(2))
        total = await transaction.decide(JAR, "jar-1", Add(1))
        return Answer(201, {"total": total}, etag=transaction.version("jar-1"))

    outcome = await executor.execute(call(), work)
    assert (outcome.answer.body, outcome.answer.etag) == ({"total": FULL}, 2)
