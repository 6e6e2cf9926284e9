"""One command, done once: whatever comes at the same time, again, or too late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.kernel.commit import Actor, Answer
from shared.kernel.decider import Refused
from shared.runtime.execute import (
    ATTEMPTS,
    Context,
    Executor,
    KeyReused,
    Outcome,
    StreamBusy,
    Transaction,
    VersionMismatch,
)
from shared.runtime.ids import new_event_id, new_id
from shared.runtime.keyring import load_keyring
from shared.runtime.mongo import Database
from shared.runtime.sealed import Erased, SealedDetails
from shared.runtime.store import EventStore
from tests.support.jar import FULL, JAR, Add, FillTo

Work = Callable[[Transaction], Awaitable[Answer]]


@pytest.fixture
async def store(database: Database) -> AsyncIterator[EventStore]:
    log = EventStore(database)
    await log.start()
    yield log
    await log.stop()


@pytest.fixture
async def sealed(database: Database, tmp_path: Path) -> SealedDetails:
    return SealedDetails(database, load_keyring(tmp_path / "keys.json"))


@pytest.fixture
async def executor(store: EventStore, sealed: SealedDetails) -> Executor:
    return Executor(store, sealed)


def call(key: str | None = None, body: str = "body", if_match: int | None = None) -> Context:
    """A call with this Idempotency-Key, if any."""
    return Context(
        actor=Actor("dispatcher", "client-1"),
        now=datetime.now(UTC),
        correlation="correlation-1",
        commit_id=key or new_event_id(),
        repeatable=key is not None,
        request_mac=body if key is not None else None,
        if_match=if_match,
    )


def on(jar: str, command: Add | FillTo) -> Work:
    """What a route does: 201 with what is in the jar now; 200 if nothing was to be done."""

    async def work(transaction: Transaction) -> Answer:
        total = await transaction.decide(JAR, jar, command)
        status = 201 if transaction.events else 200
        return Answer(status, {"id": jar, "total": total}, f"/v1/jars/{jar}", transaction.version(jar))

    return work


def on_a_fresh_jar(command: Add | FillTo) -> Work:
    """A route that makes a new thing, with an id of its own at every try."""

    async def work(transaction: Transaction) -> Answer:
        jar = new_id("jar")
        total = await transaction.begin(JAR, jar, command)
        return Answer(201, {"id": jar, "total": total}, f"/v1/jars/{jar}", 1)

    return work


def overtaken(executor: Executor, by: tuple[Context, Work], then: Work, times: int = 1) -> Work:
    """`then`, but the first `times` that it is tried, `by` is executed after its streams were read."""
    left = times

    async def work(transaction: Transaction) -> Answer:
        nonlocal left
        await transaction.load(JAR, "jar-1")
        if left:
            left -= 1
            context, other = by
            again = context if context.repeatable else replace(context, commit_id=new_event_id())
            await executor.execute(again, other)
        return await then(transaction)

    return work


async def total(store: EventStore, jar: str) -> int:
    return sum(int(str(event.data["amount"])) for event in await store.stream(jar))


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
    assert sorted(type(outcome) for outcome in outcomes if isinstance(outcome, KeyReused)) == [KeyReused]
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
    work = overtaken(executor, (call(), on("jar-1", Add(1))), on("jar-1", Add(1)))
    with pytest.raises(VersionMismatch):
        await executor.execute(call("key-1", if_match=0), work)


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


@pytest.mark.parametrize("count", [2, ATTEMPTS])
async def test_commands_at_once_on_one_stream_all_get_done(
    executor: Executor, store: EventStore, count: int
) -> None:
    outcomes = await asyncio.gather(*(executor.execute(call(), on("jar-1", Add(1))) for _ in range(count)))
    assert sorted(int(str(outcome.answer.body["total"])) for outcome in outcomes) == [*range(1, count + 1)]
    assert [event.version for event in await store.stream("jar-1")] == [*range(1, count + 1)]


async def test_who_is_overtaken_all_but_the_last_time_gets_done(executor: Executor) -> None:
    quicker = (call(), on("jar-1", Add(1)))
    work = overtaken(executor, quicker, on("jar-1", Add(1)), ATTEMPTS - 1)
    outcome = await executor.execute(call("key-1"), work)
    assert outcome.answer.body == {"id": "jar-1", "total": ATTEMPTS}


async def test_who_is_overtaken_every_time_is_told_so_and_has_changed_nothing(
    executor: Executor, store: EventStore
) -> None:
    quicker = (call(), on("jar-1", Add(1)))
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
