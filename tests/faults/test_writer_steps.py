"""A process that runs commands is killed between any two of its messages to the store."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest

from shared.kernel.commit import Answer
from shared.runtime.execute import Executor
from shared.runtime.keyring import load_keyring
from shared.runtime.mongo import Database, Document, connect
from shared.runtime.mongo import database as open_database
from shared.runtime.sealed import Erased, SealedDetails
from shared.runtime.store import EventStore
from tests.support.commander import ERASED, ORDERS, Order
from tests.support.drafts import draft
from tests.support.jar import total
from tests.support.remains import Remains
from tests.support.tripwire import Moment, Tripwire
from tests.support.waiting import until

TRIES_AT_ONCE = 3
MOST_MESSAGES = 60
AT_ONCE_S = 2.0
"""Less than any lease or time-out that a dead writer could have left behind."""
KEEPING = {"insert details", "insert details-of-requests"}
ALL_STEPS = {"find commits", *KEEPING, "find tombstones", "delete details", "insert commits"}


@dataclass(frozen=True, slots=True)
class Killed:
    """What is known of a writer: whether it was killed, the messages that it had sent, the last being that
    at which it was; and the answers that it had printed, by key."""

    tripped: bool
    steps: Sequence[str]
    answers: Mapping[str, Answer | None]


@asynccontextmanager
async def own_database(url: str) -> AsyncIterator[Database]:
    client = connect(url)
    name = f"test_{uuid4().hex[:12]}"
    yield open_database(client, name)
    await client.drop_database(name)
    client.close()


@asynccontextmanager
async def writer(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A writer that is ready; gone at the end, whatever happens."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.commander", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def killed(url: str, name: str, key_file: Path, manner: str, at: int, moment: Moment) -> Killed:
    """Run a writer until it is killed at its message `at`, or to its end if it sends fewer."""
    async with (
        Tripwire(url, at, moment) as tripwire,
        writer(tripwire.url, name, str(key_file), manner) as process,
    ):
        tripwire.arm(process)
        printed, _ = await process.communicate(b"go\n")
        await until(tripwire.is_quiet)
    assert process.returncode == (-signal.SIGKILL if tripwire.tripped else 0)
    lines = [json.loads(line) for line in printed.splitlines(keepends=True) if line.endswith(b"\n")]
    answers = {line["key"]: Answer(**line["answer"]) if line["answer"] else None for line in lines}
    return Killed(tripwire.tripped, tripwire.steps, answers)


async def assert_is_what_was_sent(remains: Remains, left: Killed, moment: Moment) -> None:
    """Of a writer that does one thing after the other, the store has what was passed on, and no more."""
    held_back = 1 if left.tripped and moment == "before" else 0
    sent = Counter(left.steps[: len(left.steps) - held_back])
    assert len(await remains.log()) == sent["insert commits"]
    assert len(await remains.details()) == sum(sent[step] for step in KEEPING) - sent["delete details"]


async def assert_whole(
    remains: Remains, sealed: SealedDetails, orders: Sequence[Order], left: Killed
) -> None:
    """Nothing is lost, nothing doubled, nothing left over, and whoever comes next goes on at once."""
    log = {str(commit["id"]): commit for commit in await remains.log()}
    assert {key for key, answer in left.answers.items() if answer is not None} <= log.keys()
    await remains.put_back(await remains.sweep(sealed))
    store = EventStore(remains.database)
    await store.start()
    async with asyncio.timeout(AT_ONCE_S):
        assert (await store.append(draft(("after", 1), id="after"))).pos == len(log) + 1
    executor = Executor(store, sealed)
    for order in orders:
        await assert_is_done_once(executor, order, left.answers.get(order.key), log.get(order.key))
    done = [order for order in orders if order.person != ERASED]
    assert {commit["id"] for commit in await remains.log()} == {"after", *(order.key for order in done)}
    for jar, count in Counter(order.jar for order in done).items():
        assert await total(store, jar) == count
    await store.stop()
    await remains.sweep(sealed)
    said = [(await sealed.read(digest))["text"] for digest in await remains.named()]
    assert sorted(map(str, said)) == sorted(order.key for order in done)


async def assert_is_done_once(
    executor: Executor, order: Order, told: Answer | None, logged: Document | None
) -> None:
    """`order`, repeated by somebody who may not know what came of it, is done once and answered alike."""
    if order.person == ERASED:
        with pytest.raises(Erased):
            await order.run(executor)
        return
    first = await order.run(executor)
    assert first.replayed == (logged is not None)
    assert logged is None or first.pos == logged["_id"]
    assert told is None or first.answer == told
    assert first.answer.status == 201
    assert await order.run(executor) == replace(first, replayed=True)


async def kill_and_look(url: str, key_file: Path, manner: str, at: int, moment: Moment) -> Killed:
    """Kill a writer at its message `at` and assert what holds then."""
    async with own_database(url) as database:
        remains, sealed = Remains(database), SealedDetails(database, load_keyring(key_file))
        await sealed.erase(ERASED)
        left = await killed(url, database.name, key_file, manner, at, moment)
        try:
            if manner == "in-turn":
                await assert_is_what_was_sent(remains, left, moment)
            await assert_whole(remains, sealed, ORDERS[manner], left)
        except Exception as error:
            error.add_note(f"{manner}, killed at message {at} ({moment}) of {left.steps}")
            raise
    return left


@pytest.mark.parametrize(
    ("manner", "moment"),
    [
        ("in-turn", "before"),
        ("in-turn", "unanswered"),
        ("in-turn", "answered"),
        ("at-once", "before"),
        ("at-once", "unanswered"),
    ],
)
async def test_a_writer_killed_between_any_two_messages_leaves_what_a_successor_goes_on_from(
    store_url: str, tmp_path: Path, manner: str, moment: Moment
) -> None:
    tries: list[Killed] = []
    while all(left.tripped for left in tries):  # until one came to its end: then each message was the last
        next_ones = range(len(tries) + 1, len(tries) + 1 + TRIES_AT_ONCE)
        assert next_ones.stop < MOST_MESSAGES
        async with asyncio.TaskGroup() as group:
            looks = [kill_and_look(store_url, tmp_path / "keys.json", manner, at, moment) for at in next_ones]
            tasks = [group.create_task(look) for look in looks]
        tries += [task.result() for task in tasks]
    if manner == "in-turn":  # else the messages come in an order that no two writers share
        whole = next(left for left in tries if not left.tripped)
        assert [left.steps[-1] for left in tries if left.tripped] == whole.steps
        assert set(whole.steps) == ALL_STEPS
