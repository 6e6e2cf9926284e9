"""What is at hand saves reading, and decides nothing by itself: another process may have been there since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from shared.kernel.commit import Answer, StoredEvent
from shared.kernel.decider import Decider, Fold, Refused
from shared.runtime.at_hand import AtHand, Known
from shared.runtime.execute import Aggregate, Executor, Transaction
from shared.runtime.sealed import SealedDetails
from shared.runtime.store import EventStore
from tests.support.jar import JAR, Add, Filled, FillTo, Work, call, decide, decode, on, total
from tests.support.memory_log import MemoryLog


@dataclass(slots=True)
class ReadLog(MemoryLog):
    """A log that notes which streams were read."""

    read_streams: list[str] = field(default_factory=list)

    async def stream(self, stream: str) -> list[StoredEvent]:
        self.read_streams.append(stream)
        return await MemoryLog.stream(self, stream)


@pytest.fixture
def other(store: EventStore, sealed: SealedDetails) -> Executor:
    """Another process on the same log."""
    return Executor(store, sealed)


async def test_a_stream_is_read_once(sealed: SealedDetails) -> None:
    log = ReadLog()
    executor = Executor(log, sealed)
    for _ in range(3):
        outcome = await executor.execute(call(), on("jar-1", Add(1)))
    assert outcome.answer == Answer(201, {"id": "jar-1", "total": 3}, "/v1/jars/jar-1", 3)
    assert log.read_streams == ["jar-1"]


async def test_what_another_process_added_is_counted(
    executor: Executor, other: Executor, store: EventStore
) -> None:
    for each in (executor, other, executor, other):
        outcome = await each.execute(call(), on("jar-1", Add(1)))
    assert outcome.answer.body["total"] == await total(store, "jar-1") == 4


async def test_that_nothing_is_to_be_done_is_not_said_by_what_is_at_hand(
    executor: Executor, other: Executor
) -> None:
    await executor.execute(call(), on("jar-1", FillTo(5)))
    await other.execute(call(), on("jar-1", Add(1)))
    with pytest.raises(Refused, match="never-less"):
        await executor.execute(call(), on("jar-1", FillTo(5)))


async def test_a_refusal_is_by_what_the_log_has(executor: Executor, other: Executor) -> None:
    def as_large_as(size: int) -> Work:
        async def work(transaction: Transaction) -> Answer:
            if await transaction.load(JAR, "jar-1") < size:
                raise Refused("too-little", "put more in")
            return await on("jar-1", Add(1))(transaction)

        return work

    await executor.execute(call(), on("jar-1", Add(1)))
    await other.execute(call(), on("jar-1", Add(1)))
    outcome = await executor.execute(call(), as_large_as(2))
    assert outcome.answer.body["total"] == 3


async def test_a_stream_that_is_looked_at_alone_is_read(
    executor: Executor, other: Executor, store: EventStore
) -> None:
    async def as_much(transaction: Transaction) -> Answer:
        there = await transaction.load(JAR, "jar-1")
        return await on("jar-2", FillTo(there))(transaction)

    await executor.execute(call(), on("jar-1", Add(1)))
    await other.execute(call(), on("jar-1", Add(1)))
    await executor.execute(call(), as_much)
    assert await total(store, "jar-2") == 2


async def test_what_is_known_from_elsewhere_is_as_good(executor: Executor, store: EventStore) -> None:
    executor.at_hand.else_from = lambda _: Known(JAR, 0, "", 0)
    for _ in range(2):
        await executor.execute(call(), on("jar-1", Add(1)))
    executor.at_hand = AtHand(else_from=lambda _: Known(JAR, 1, "", 1))  # behind by one
    await executor.execute(call(), on("jar-1", FillTo(3)))
    assert await total(store, "jar-1") == 3


async def test_one_stream_by_two_aggregates_is_two_things(executor: Executor) -> None:
    def counted(count: int, event: Filled) -> int:
        return count + 1

    decider: Decider[Add | FillTo, int, Filled] = Decider(decide, Fold(0, counted))
    times: Aggregate[Add | FillTo, int, Filled] = Aggregate(decider, decode)
    await executor.execute(call(), on("jar-1", Add(50)))

    async def once_more(transaction: Transaction) -> Answer:
        count = await transaction.decide(times, "jar-1", Add(1))
        return Answer(201, {"times": count})

    assert (await executor.execute(call(), once_more)).answer.body == {"times": 2}
    outcome = await executor.execute(call(), on("jar-1", Add(1)))
    assert outcome.answer.body["total"] == 52


@pytest.mark.parametrize(
    ("used", "left"), [((), {"b": 2, "c": 1}), (("a",), {"a": 1, "c": 1})], ids=["oldest", "used"]
)
def test_what_was_not_used_longest_is_forgotten(used: Sequence[str], left: dict[str, int]) -> None:
    at_hand = AtHand(limit=2)
    for stream, version in (("a", 1), ("b", 2), ("b", 1)):
        at_hand.keep(stream, Known(JAR, version, "", version))
    for stream in used:
        at_hand.of(stream, JAR)
    at_hand.keep("c", Known(JAR, 1, "", 1))
    known = {stream: at_hand.of(stream, JAR) for stream in "abc"}
    assert {stream: found.version for stream, found in known.items() if found is not None} == left
