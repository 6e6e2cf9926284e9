"""One command, done once: whatever comes at the same time, or again, or too late."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from shared.kernel.commit import Answer
from shared.kernel.decider import Refused
from shared.runtime.execute import (
    Executor,
    KeyReused,
    Outcome,
    Transaction,
)
from shared.runtime.sealed import Erased, SealedDetails
from shared.runtime.store import EventStore
from tests.support.jar import FULL, Add, FillTo, Work, call, on, on_a_fresh_jar, total


@pytest.mark.parametrize(
    "work",
    [on("jar-1", Add(1)), on("jar-1", FillTo(1)), on_a_fresh_jar(Add(1))],
    ids=["add", "fill", "fresh"],
)
async def test_one_key_fifty_times_at_once_is_one_commit_and_fifty_equal_answers(
    executor: Executor, store: EventStore, work: Work
) -> None:
    outcomes = await asyncio.gather(*(executor.execute(call("key-1"), work) for _ in range(50)))
    assert await store.head() == 1
    assert {outcome.pos for outcome in outcomes} == {1}
    assert all(outcome.answer == outcomes[0].answer for outcome in outcomes)
    assert outcomes[0].answer.status == 201
    assert [outcome.replayed for outcome in outcomes].count(False) == 1


async def test_a_repeat_that_finds_nothing_left_to_do_gets_the_first_answer(executor: Executor) -> None:
    first = (call("key-1"), on("jar-1", FillTo(5)))

    async def late(transaction: Transaction) -> Answer:
        await executor.execute(*first)  # the first try lands after this one has looked for it
        return await on("jar-1", FillTo(5))(transaction)

    outcome = await executor.execute(call("key-1"), late)
    assert outcome == Outcome(Answer(201, {"id": "jar-1", "total": 5}, "/v1/jars/jar-1", 1), 1, replayed=True)


async def test_a_repeat_that_would_be_refused_gets_the_first_answer(executor: Executor) -> None:
    first = (call("key-1"), on("jar-1", Add(FULL)))

    async def late(transaction: Transaction) -> Answer:
        await executor.execute(*first)
        return await on("jar-1", Add(FULL))(transaction)

    outcome = await executor.execute(call("key-1"), late)
    assert (outcome.answer.status, outcome.replayed) == (201, True)


async def test_one_key_for_another_body_is_refused(executor: Executor, store: EventStore) -> None:
    await executor.execute(call("key-1", "one"), on("jar-1", Add(1)))
    with pytest.raises(KeyReused):
        await executor.execute(call("key-1", "other"), on("jar-1", Add(2)))
    assert await total(store, "jar-1") == 1


async def test_one_key_for_two_bodies_at_once_does_one_of_them(executor: Executor, store: EventStore) -> None:
    outcomes = await asyncio.gather(
        executor.execute(call("key-1", "one"), on("jar-1", Add(1))),
        executor.execute(call("key-1", "other"), on("jar-2", Add(1))),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes].count(KeyReused) == 1
    assert await store.head() == 1


async def test_a_command_repeated_after_the_stream_moved_on_gets_its_first_answer(
    executor: Executor, store: EventStore
) -> None:
    first = await executor.execute(call("key-1", if_match=0), on("jar-1", Add(1)))
    await executor.execute(call(), on("jar-1", Add(10)))
    again = await executor.execute(call("key-1", if_match=0), on("jar-1", Add(1)))
    assert again == replace(first, replayed=True)
    assert await total(store, "jar-1") == 11


async def test_a_command_repeated_after_its_caller_went_away_is_done_once(
    executor: Executor, store: EventStore
) -> None:
    gone = asyncio.create_task(executor.execute(call("key-1"), on("jar-1", Add(1))))
    await asyncio.sleep(0)
    gone.cancel()
    again = await executor.execute(call("key-1"), on("jar-1", Add(1)))
    assert again.answer.body == {"id": "jar-1", "total": 1}
    assert await total(store, "jar-1") == 1


async def test_without_a_key_the_same_command_is_another_one(executor: Executor, store: EventStore) -> None:
    for _ in range(2):
        await executor.execute(call(), on("jar-1", Add(1)))
    assert await total(store, "jar-1") == 2
    assert [commit.answer for commit in await store.read(0, 10)] == [None, None]


async def test_a_refusal_is_not_remembered(executor: Executor, store: EventStore) -> None:
    await executor.execute(call(), on("jar-1", Add(5)))
    with pytest.raises(Refused, match="never-less"):
        await executor.execute(call("key-1"), on("jar-1", FillTo(3)))
    assert await store.by_id("key-1") is None
    outcome = await executor.execute(call("key-1"), on("jar-2", FillTo(3)))
    assert (outcome.answer.status, outcome.replayed) == (201, False)


async def test_what_was_nothing_to_do_is_not_remembered(executor: Executor, store: EventStore) -> None:
    nothing = await executor.execute(call("key-1"), on("jar-1", FillTo(0)))
    assert (nothing.pos, nothing.answer.status) == (None, 200)
    assert await store.head() == 0
    something = await executor.execute(call("key-1", "other"), on("jar-1", FillTo(3)))
    assert (something.pos, something.answer.status) == (1, 201)


async def test_a_detail_is_written_before_the_commit_that_names_it(
    executor: Executor, sealed: SealedDetails, store: EventStore
) -> None:
    digests = []

    async def work(transaction: Transaction) -> Answer:
        digests.append(transaction.seal("resident-1", {"text": "words"}))
        return await on("jar-1", Add(1))(transaction)

    await executor.execute(call("key-1"), work)
    await executor.execute(call("key-1"), work)
    assert len(digests) == 1
    assert await sealed.read(digests[0]) == {"text": "words"}


async def test_a_detail_of_somebody_erased_stops_the_command(
    executor: Executor, sealed: SealedDetails, store: EventStore
) -> None:
    async def work(transaction: Transaction) -> Answer:
        transaction.seal("resident-1", {"text": "words"})
        return await on("jar-1", Add(1))(transaction)

    await sealed.erase("resident-1")
    with pytest.raises(Erased):
        await executor.execute(call("key-1"), work)
    assert await store.head() == 0
