"""Sweeping reads what is not cleared yet, and only that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from shared.kernel.commit import Answer, Commit
from shared.runtime.execute import Executor, Transaction
from shared.runtime.keyring import load_keyring
from shared.runtime.mongo import Database
from shared.runtime.sealed import ORPHAN_AGE, Detail, SealedDetails, new_detail
from shared.runtime.store import EventStore
from tests.support.drafts import draft
from tests.support.jar import Add, call, on

LATER = ORPHAN_AGE + timedelta(minutes=1)


class Looks:
    """The log as the sweeper asks it, and what it asked for."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self.streams: list[str] = []

    async def __call__(self, stream: str, version: int) -> Commit | None:
        self.streams.append(stream)
        return await self._store.by_version(stream, version)


@pytest.fixture
def looks(store: EventStore) -> Looks:
    return Looks(store)


async def written(sealed: SealedDetails, stream: str) -> Detail:
    detail = new_detail("resident-1", {"text": "words"})
    await sealed.write([detail], stream, 1)
    return detail


async def kept(database: Database) -> set[str]:
    return {str(document["_id"]) async for document in database["details"].find({})}


async def test_what_a_command_has_named_is_not_looked_at_again(
    executor: Executor, sealed: SealedDetails, looks: Looks
) -> None:
    async def work(transaction: Transaction) -> Answer:
        digest = transaction.seal("resident-1", {"text": "words"})
        return await on("jar-1", Add(1, digest))(transaction)

    await executor.execute(call("key-1"), work)
    with time_machine.travel(datetime.now(UTC) + LATER):
        assert await sealed.sweep_own(looks) == 0
    assert looks.streams == []


async def test_what_a_process_knows_no_commit_of_is_compared_after_an_hour_and_once(
    sealed: SealedDetails, store: EventStore, looks: Looks, database: Database
) -> None:
    named, lost = await written(sealed, "request-1"), await written(sealed, "request-2")
    await store.append(draft(("request-1", 1), data={"contacts": [{"details": named.digest}]}))
    assert (await sealed.sweep_own(looks), looks.streams) == (0, [])
    with time_machine.travel(datetime.now(UTC) + LATER):
        young = await written(sealed, "request-3")
        assert await sealed.sweep_own(looks) == 1
        assert sorted(looks.streams) == ["request-1", "request-2"]
        assert await sealed.sweep_own(looks) == 0
    assert sorted(looks.streams) == ["request-1", "request-2"]
    assert await kept(database) == {named.digest, young.digest}
    assert lost.digest not in await kept(database)


async def test_what_a_process_left_that_died_is_found_by_the_next(
    sealed: SealedDetails, looks: Looks, database: Database, tmp_path: Path
) -> None:
    await written(sealed, "request-1")
    successor = SealedDetails(database, load_keyring(tmp_path / "keys.json"))
    assert await successor.sweep(looks) == 0
    with time_machine.travel(datetime.now(UTC) + LATER):
        assert await successor.sweep_own(looks) == 0
        assert await successor.sweep(looks) == 1
    assert await kept(database) == set()


async def test_a_pass_over_all_compares_only_what_came_since_the_last_one(
    sealed: SealedDetails, store: EventStore, looks: Looks
) -> None:
    now = datetime.now(UTC)
    for number in range(3):
        detail = await written(sealed, f"request-{number}")
        await store.append(draft((f"request-{number}", 1), data={"details": detail.digest}))
    with time_machine.travel(now + 3 * LATER):
        assert await sealed.sweep(looks) == 0
        assert len(looks.streams) == 3
        await written(sealed, "request-9")
    with time_machine.travel(now + 5 * LATER):
        assert await sealed.sweep(looks) == 1
    assert looks.streams[3:] == ["request-9"]
