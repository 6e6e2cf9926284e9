"""Sealed files: cut into parts, each encrypted; erased, swept and given new keys as details are."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from shared.kernel.times import format_time
from shared.runtime.keyring import load_keyring
from shared.runtime.mongo import Database, StoreUnavailable
from shared.runtime.rotation import Rotation
from shared.runtime.sealed import ORPHAN_AGE, Erased, SealedDetails, new_detail
from shared.runtime.sealed_files import LONGEST, PART_BYTES, File, new_file
from shared.runtime.store import EventStore
from shared.runtime.tombstones import Tombstones
from tests.support.drafts import draft

WORDS = "漏水的水管".encode()
SHORT = b"\xff\xd8\xff" + WORDS


async def written(sealed: SealedDetails, data: bytes = SHORT, subject: str = "resident-1") -> File:
    file = new_file(subject, data)
    await sealed.write([], "request-1", 1, [file])
    return file


async def kept(database: Database) -> list[str]:
    return sorted([str(document["_id"]) async for document in database["attachments"].find({}, {"_id": 1})])


@pytest.mark.parametrize("size", [1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, LONGEST])
async def test_what_was_written_is_read(sealed: SealedDetails, database: Database, size: int) -> None:
    data = os.urandom(size)
    file = await written(sealed, data)
    assert await sealed.files.read(file.digest) == data
    parts = await kept(database)
    assert len(parts) == -(-size // PART_BYTES)
    assert {part.partition(".")[0] for part in parts} == {file.digest}
    assert await sealed.files.kept([file.digest, "d" * 64]) == {file.digest}


@pytest.mark.parametrize("data", [b"", bytes(LONGEST + 1)], ids=["nothing", "too much"])
def test_a_file_is_neither_empty_nor_too_long(data: bytes) -> None:
    with pytest.raises(ValueError, match="file"):
        new_file("resident-1", data)


async def test_the_same_bytes_have_another_digest_each_time(sealed: SealedDetails) -> None:
    assert (await written(sealed)).digest != (await written(sealed)).digest


async def test_the_database_holds_nothing_of_it(sealed: SealedDetails, database: Database) -> None:
    await written(sealed)
    document = await database["attachments"].find_one({})
    assert document is not None
    assert WORDS not in repr(document).encode() + bytes(document["box"])


@pytest.mark.parametrize("change", ["subject", "place"])
async def test_a_part_given_to_another_or_to_another_place_does_not_open(
    sealed: SealedDetails, database: Database, change: str
) -> None:
    file = await written(sealed, os.urandom(2 * PART_BYTES))
    first, second = await database["attachments"].find({}).sort("_id", 1).to_list(None)
    if change == "subject":
        await database["attachments"].update_many({}, {"$set": {"subject": "resident-2"}})
    else:
        for document, other in ((first, second), (second, first)):
            swapped = {"$set": {"box": other["box"]}}
            await database["attachments"].update_one({"_id": document["_id"]}, swapped)
    with pytest.raises(InvalidTag):
        await sealed.files.read(file.digest)


async def test_a_file_without_one_of_its_parts_is_not_shown(
    sealed: SealedDetails, database: Database
) -> None:
    file = await written(sealed, os.urandom(3 * PART_BYTES))
    for part in reversed(await kept(database)):
        await database["attachments"].delete_one({"_id": part})
        with pytest.raises(Erased):
            await sealed.files.read(file.digest)


async def test_an_erasure_takes_files_too_and_refuses_later_ones(
    sealed: SealedDetails, database: Database
) -> None:
    detail = new_detail("resident-1", {"text": "words"})
    await sealed.write([detail], "request-1", 1)
    gone = await written(sealed, os.urandom(3 * PART_BYTES))
    other = await written(sealed, subject="resident-2")
    assert await sealed.count("resident-1") == 2
    assert await sealed.erase("resident-1") == sorted([detail.digest, gone.digest])
    with pytest.raises(Erased):
        await sealed.files.read(gone.digest)
    with pytest.raises(Erased):
        await written(sealed)
    assert await kept(database) == [f"{other.digest}.00"]


async def test_files_that_a_backup_brings_back_are_erased_again(
    sealed: SealedDetails, store: EventStore, database: Database
) -> None:
    await written(sealed, os.urandom(2 * PART_BYTES))
    copy = await database["attachments"].find({}).to_list(None)
    await sealed.erase("resident-1")
    await database["attachments"].insert_many(copy)
    assert await Tombstones(database, sealed, store).restore() == 1
    assert await kept(database) == []


async def test_writes_and_an_erasure_at_once_leave_nothing_behind(
    sealed: SealedDetails, database: Database
) -> None:
    writes = [written(sealed) for _ in range(10)]
    outcomes = await asyncio.gather(*writes, sealed.erase("resident-1"), return_exceptions=True)
    assert all(isinstance(outcome, File | Erased | list) for outcome in outcomes)
    assert await kept(database) == []


async def test_one_file_goes_and_the_others_stay(sealed: SealedDetails) -> None:
    first, second = await written(sealed, os.urandom(2 * PART_BYTES)), await written(sealed)
    for _ in range(2):
        await sealed.files.delete_named(first.digest)
    assert await sealed.files.kept([first.digest, second.digest]) == {second.digest}


async def test_the_sweeper_takes_old_files_that_no_commit_names(
    sealed: SealedDetails, store: EventStore, database: Database
) -> None:
    named = await written(sealed, os.urandom(2 * PART_BYTES))
    await written(sealed, os.urandom(3 * PART_BYTES))
    await store.append(draft(("request-1", 1), data={"details": named.digest}))
    assert await sealed.sweep(store.by_version) == 0
    old = format_time(datetime.now(UTC) - ORPHAN_AGE - timedelta(seconds=1))
    await database["attachments"].update_many({}, {"$set": {"at": old}})
    assert await sealed.sweep(store.by_version) == 3
    assert len(await sealed.files.read(named.digest)) == 2 * PART_BYTES


async def test_after_a_rotation_all_parts_are_sealed_with_the_new_key(
    database: Database, tmp_path: Path
) -> None:
    keyring = load_keyring(tmp_path / "keys.json")
    sealed = SealedDetails(database, keyring)
    data = os.urandom(LONGEST)
    file = await written(sealed, data)
    rotation, old = Rotation(sealed.collections, keyring), keyring.current
    new = rotation.rotate()
    await rotation.drop(old)
    assert {document["key"] async for document in database["attachments"].find({}, {"key": 1})} == {new}
    assert await sealed.files.read(file.digest) == data


async def test_a_key_that_is_taken_away_meanwhile_is_no_success(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    one, other = load_keyring(path), load_keyring(path)
    rotation, old = Rotation([], one), one.current
    rotation.rotate()
    await rotation.drop(old)
    # The other has not looked at the key file since.
    assert other.current == old
    with pytest.raises(StoreUnavailable):
        await SealedDetails(database, other).files.write(new_file("resident-1", SHORT), "request-1", 1)
