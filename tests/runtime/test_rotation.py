"""The key of sealed details is changed while they are read, written and searched, and nothing is lost."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.kernel.terms import name_query, search_terms
from shared.runtime.keyfile import KeyInUse, RotationUnderWay, UnknownKey, mark_leaving
from shared.runtime.keyring import KeyMissing, Keyring, load_keyring
from shared.runtime.mongo import Database, StoreUnavailable
from shared.runtime.rotation import Rotation
from shared.runtime.sealed import Detail, Listing, SealedDetails, new_detail
from tests.support.waiting import until

OLD, NEW = "key-0001", "key-0002"
PLACES = ("details", "details-searched", "details-of-requests")


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    load_keyring(tmp_path / "keys.json")
    return tmp_path / "keys.json"


class Process:
    """What one process of a service has: a keyring of its own, read from the file they share."""

    def __init__(self, database: Database, key_file: Path) -> None:
        self.keyring = load_keyring(key_file)
        self.sealed = SealedDetails(database, self.keyring)
        self.rotation = Rotation(self.sealed.collections, self.keyring)


@pytest.fixture
async def one(database: Database, key_file: Path) -> Process:
    process = Process(database, key_file)
    await process.sealed.start()
    return process


@pytest.fixture
def other(database: Database, key_file: Path) -> Process:
    return Process(database, key_file)


def three(number: int) -> list[Detail]:
    """A detail for each of the collections."""
    listing = Listing("shaba", "resident", search_terms(["王秀英"]))
    person, nobody = f"resident-{number:04}", f"request-{number}"
    return [
        new_detail(person, {"name": "王秀英", "number": number}, listing=listing),
        new_detail(person, {"text": "words"}),
        new_detail(nobody, {"text": "words"}, person=False),
    ]


async def written(process: Process, count: int, start: int = 0) -> list[Detail]:
    details = [detail for number in range(start, start + count) for detail in three(number)]
    await process.sealed.write(details, "import-1", 1)
    return details


async def keys(database: Database) -> set[str]:
    return {document["key"] for name in PLACES async for document in database[name].find({}, {"key": 1})}


async def subjects(process: Process) -> list[str]:
    found = await process.sealed.search([name_query("王")], ["shaba"], "resident", limit=5000)
    return [each.subject for each in found]


async def assert_all_there(process: Process, details: list[Detail]) -> None:
    read = await process.sealed.read_many([detail.digest for detail in details])
    assert {detail.digest: dict(detail.content) for detail in details} == read


def old_keys(key_file: Path) -> Keyring:
    """The keys as they are now, as a process has them that does not look again."""
    content: dict[str, Any] = json.loads(key_file.read_text())
    values = {id: base64.b64decode(value) for id, value in content["keys"].items()}
    return Keyring(content["current"], values, {})


async def test_after_a_rotation_all_is_sealed_with_the_new_key_and_the_old_one_goes(
    one: Process, database: Database
) -> None:
    details = await written(one, 40)
    assert one.rotation.rotate() == NEW
    assert await one.rotation.reseal() == len(details)
    assert await keys(database) == {NEW}
    await one.rotation.drop(OLD)
    assert one.keyring.keys.keys() == {NEW}
    await assert_all_there(one, details)
    assert len(await subjects(one)) == 40
    assert await one.rotation.reseal() == 0


async def test_another_process_learns_of_a_key_when_it_meets_it(one: Process, other: Process) -> None:
    details = await written(one, 2)
    one.rotation.rotate()
    details += await written(one, 2, start=2)
    assert other.keyring.current == OLD
    await assert_all_there(other, details)
    assert other.keyring.current == NEW


async def test_searching_goes_by_both_keys_meanwhile(
    one: Process, other: Process, database: Database
) -> None:
    await written(one, 2)
    one.rotation.rotate()
    await written(one, 2, start=2)
    assert await keys(database) == {OLD, NEW}
    for process in (one, other):
        assert await subjects(process) == [f"resident-{number:04}" for number in range(4)]


async def test_a_process_writes_with_the_new_key_from_its_next_write_on(
    one: Process, other: Process, database: Database
) -> None:
    one.rotation.rotate()
    await written(other, 1)
    assert await keys(database) == {NEW}


async def test_what_was_sealed_with_the_old_key_meanwhile_is_found_by_the_next_round(
    one: Process, database: Database, key_file: Path
) -> None:
    late = SealedDetails(database, old_keys(key_file))
    details = await written(one, 2)
    one.rotation.rotate()
    assert await one.rotation.reseal() == len(details)
    overlooked = three(7)
    await late.write(overlooked, "import-2", 1)
    assert await keys(database) == {OLD, NEW}
    await one.rotation.drop(OLD)
    assert await keys(database) == {NEW}
    await assert_all_there(one, details + overlooked)


async def test_a_writer_that_uses_a_key_that_leaves_does_not_take_its_detail_for_written(
    one: Process, database: Database, key_file: Path
) -> None:
    """It has read the file before the mark, and writes behind the last look for what the key has sealed."""
    one.rotation.rotate()
    keyring = load_keyring(key_file)
    writer = SealedDetails(database, keyring)
    keyring.refresh()
    keyring.current = OLD  # as if the file had changed between its look and its sealing
    writing = asyncio.create_task(writer.write([new_detail("resident-1", {"a": "b"})], "request-1", 1))
    await asyncio.sleep(0)
    mark_leaving(key_file, OLD)
    with pytest.raises(StoreUnavailable):
        await writing
    await writer.write([new_detail("resident-1", {"a": "b"})], "request-1", 1)
    assert NEW in await keys(database)


async def test_readers_writers_and_searchers_at_work_see_no_error(
    one: Process, other: Process, database: Database
) -> None:
    details = await written(one, 120)
    done = asyncio.Event()

    async def write(process: Process, start: int) -> None:
        number = start
        while not done.is_set():
            details.extend(await written(process, 1, start=number))
            number += 1

    async def read(process: Process) -> None:
        while not done.is_set():
            known = details[:200]
            await assert_all_there(process, known)
            await process.sealed.read(known[-1].digest)

    async def search(process: Process) -> None:
        while not done.is_set():
            before = {detail.subject for detail in details if detail.listing is not None}
            assert before <= set(await subjects(process))

    async def rotate() -> None:
        try:
            for old in (OLD, NEW):
                one.rotation.rotate()
                await asyncio.gather(one.rotation.reseal(), other.rotation.reseal())
                await one.rotation.drop(old)
        finally:
            done.set()

    async with asyncio.TaskGroup() as group:
        for work in (
            write(one, 1000),
            write(other, 2000),
            read(one),
            read(other),
            search(one),
            search(other),
        ):
            group.create_task(work)
        group.create_task(rotate())
    assert await keys(database) == {"key-0003"}
    await assert_all_there(other, details)


async def test_a_round_that_is_killed_goes_on_where_it_was(
    one: Process, database: Database, key_file: Path, store_url: str
) -> None:
    details = await written(one, 500)
    one.rotation.rotate()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.resealer", store_url, database.name, str(key_file))
    )

    async def some_are_done() -> bool:
        return await database["details-searched"].find_one({"key": NEW}) is not None

    await until(some_are_done)
    process.kill()
    await process.wait()
    assert await keys(database) == {OLD, NEW}
    await assert_all_there(one, details)
    assert len(await subjects(one)) == 500
    assert 0 < await one.rotation.reseal() < len(details)
    await one.rotation.drop(OLD)
    await assert_all_there(one, details)


async def test_a_key_that_is_in_use_is_not_dropped(one: Process, database: Database) -> None:
    with pytest.raises(KeyInUse):
        await one.rotation.drop(OLD)
    details = await written(one, 1)
    one.rotation.rotate()
    with pytest.raises(KeyInUse):
        await one.rotation.drop(NEW)
    with pytest.raises(UnknownKey):
        await one.rotation.drop("key-0009")
    # Altered, it cannot be sealed anew: its key stays, for whoever can mend it.
    box = b"0" * 64
    await database["details"].update_one({"_id": details[1].digest}, {"$set": {"key": OLD, "box": box}})
    with pytest.raises(KeyInUse):
        await one.rotation.drop(OLD)
    assert one.keyring.keys.keys() == {OLD, NEW}
    assert one.keyring.leaving == frozenset()
    assert one.rotation.progress.unreadable == 1
    await one.sealed.erase(details[1].subject)
    await one.rotation.drop(OLD)


async def test_there_are_never_more_than_two_keys(one: Process, other: Process) -> None:
    one.rotation.rotate()
    with pytest.raises(RotationUnderWay):
        other.rotation.rotate()
    await other.rotation.drop(OLD)
    assert other.rotation.rotate() == "key-0003"


async def test_a_rotation_changes_no_mac_and_nor_does_dropping_the_old_key(one: Process) -> None:
    before = one.keyring.mac(b"POST", b"/v1/requests")
    one.rotation.rotate()
    await one.rotation.drop(OLD)
    assert one.keyring.mac(b"POST", b"/v1/requests") == before


async def test_what_was_erased_or_unlisted_during_a_round_stays_so(one: Process, database: Database) -> None:
    details = await written(one, 100)
    one.rotation.rotate()
    listed = [detail.digest for detail in details if detail.listing is not None]
    unlisting = [one.sealed.unlist([digest]) for digest in listed[50:]]
    await asyncio.gather(one.rotation.reseal(), one.sealed.erase("resident-0003"), *unlisting)
    await one.rotation.reseal()
    assert await keys(database) == {NEW}
    assert await subjects(one) == [f"resident-{number:04}" for number in range(50) if number != 3]


async def test_the_background_finishes_a_rotation_that_another_process_began(
    one: Process, other: Process, database: Database
) -> None:
    await written(one, 3)
    other.rotation.rotate()
    running = asyncio.create_task(one.rotation.run())

    async def done() -> bool:
        return await keys(database) == {NEW}

    await until(done)
    running.cancel()


async def test_what_a_dropped_key_has_sealed_says_so(one: Process, database: Database) -> None:
    details = await written(one, 1)
    copy = await database["details"].find_one({"_id": details[1].digest})
    assert copy is not None
    one.rotation.rotate()
    await one.rotation.drop(OLD)
    await database["details"].replace_one({"_id": copy["_id"]}, copy)  # as a backup brings it back
    with pytest.raises(KeyMissing, match=OLD):
        await one.sealed.read(details[1].digest)
