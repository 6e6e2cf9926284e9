"""Sealed details: kept apart, bound to their subject, and gone for good when it is erased."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidTag

from shared.kernel.canonical import digest
from shared.kernel.times import format_time
from shared.runtime.mongo import Database
from shared.runtime.sealed import ORPHAN_AGE, Detail, Erased, SealedDetails, new_detail
from shared.runtime.store import EventStore
from tests.support.drafts import draft

CONTENT = {"name": "王秀英", "phone": "13800000001"}


async def written(sealed: SealedDetails, subject: str, stream: str = "request-1") -> Detail:
    detail = new_detail(subject, CONTENT)
    await sealed.write([detail], stream, 1)
    return detail


async def kept(database: Database) -> set[str]:
    return {str(document["_id"]) async for document in database["details"].find({})}


async def make_older(database: Database, detail: Detail, age: timedelta) -> None:
    at = format_time(datetime.now(UTC) - age)
    await database["details"].update_one({"_id": detail.digest}, {"$set": {"at": at}})


async def test_what_was_written_is_read(sealed: SealedDetails) -> None:
    detail = await written(sealed, "resident-1")
    assert await sealed.read(detail.digest) == CONTENT


async def test_the_digest_is_over_a_fresh_salt_and_the_content() -> None:
    one, other = new_detail("resident-1", CONTENT), new_detail("resident-1", CONTENT)
    assert one.digest == digest(CONTENT, one.salt)
    assert len(one.salt) == 32
    assert one.digest != other.digest


async def test_the_database_holds_no_word_of_it(sealed: SealedDetails, database: Database) -> None:
    await written(sealed, "resident-1")
    document = await database["details"].find_one({})
    assert document is not None
    everything = repr(document).encode() + bytes(document["box"])
    assert not any(word.encode() in everything for word in (*CONTENT, *CONTENT.values()))


async def test_a_detail_given_to_another_subject_does_not_open(
    sealed: SealedDetails, database: Database
) -> None:
    detail = await written(sealed, "resident-1")
    await database["details"].update_one({"_id": detail.digest}, {"$set": {"subject": "resident-2"}})
    with pytest.raises(InvalidTag):
        await sealed.read(detail.digest)


async def test_a_detail_put_in_anothers_place_does_not_open(
    sealed: SealedDetails, database: Database
) -> None:
    one, other = await written(sealed, "resident-1"), await written(sealed, "resident-1")
    document = await database["details"].find_one({"_id": one.digest})
    assert document is not None
    await database["details"].update_one({"_id": other.digest}, {"$set": {"box": document["box"]}})
    with pytest.raises(InvalidTag):
        await sealed.read(other.digest)


async def test_what_was_never_written_is_gone(sealed: SealedDetails) -> None:
    with pytest.raises(Erased):
        await sealed.read("d" * 64)


async def test_erasing_deletes_all_of_a_subject_and_nothing_of_others(
    sealed: SealedDetails, database: Database
) -> None:
    own = [await written(sealed, "resident-1") for _ in range(3)]
    other = await written(sealed, "resident-2")
    assert await sealed.erase("resident-1") == sorted(detail.digest for detail in own)
    assert await kept(database) == {other.digest}
    for detail in own:
        with pytest.raises(Erased):
            await sealed.read(detail.digest)


async def test_what_comes_after_an_erasure_is_refused_and_not_kept(
    sealed: SealedDetails, database: Database
) -> None:
    await sealed.erase("resident-1")
    for _ in range(2):
        with pytest.raises(Erased):
            await written(sealed, "resident-1")
    assert await kept(database) == set()


async def test_an_erasure_is_for_ever_and_keeps_its_moment(sealed: SealedDetails, database: Database) -> None:
    await sealed.erase("resident-1")
    first = await database["tombstones"].find_one({"_id": "resident-1"})
    assert await sealed.erase("resident-1") == []
    assert await database["tombstones"].find_one({"_id": "resident-1"}) == first


async def test_details_that_are_written_at_once_fail_each_for_itself(
    sealed: SealedDetails, database: Database
) -> None:
    await sealed.erase("resident-1")
    details = [new_detail(subject, CONTENT) for subject in ("resident-2", "resident-1", "resident-3")]
    first, second, third = await asyncio.gather(
        *(sealed.write([detail], "request-1", 1) for detail in details), return_exceptions=True
    )
    assert (first, third) == (None, None)
    assert isinstance(second, Erased)
    assert await kept(database) == {details[0].digest, details[2].digest}
    assert await sealed.read(details[2].digest) == CONTENT


async def test_writes_and_an_erasure_at_once_leave_nothing_behind(
    sealed: SealedDetails, database: Database
) -> None:
    writes = [written(sealed, "resident-1") for _ in range(20)]
    outcomes = await asyncio.gather(*writes, sealed.erase("resident-1"), return_exceptions=True)
    assert all(isinstance(outcome, Detail | Erased | list) for outcome in outcomes)
    assert await kept(database) == set()


async def test_a_caller_that_goes_away_does_not_hold_up_the_others(sealed: SealedDetails) -> None:
    gone = asyncio.create_task(written(sealed, "resident-1"))
    staying = asyncio.create_task(written(sealed, "resident-2"))
    await asyncio.sleep(0)  # both join the same group
    gone.cancel()
    assert await sealed.read((await staying).digest) == CONTENT


async def test_a_request_s_own_detail_is_read_and_swept_like_any(
    sealed: SealedDetails, store: EventStore, database: Database
) -> None:
    details = [new_detail(f"request-{number}", CONTENT, person=False) for number in (1, 2)]
    for number, detail in enumerate(details, 1):
        await sealed.write([detail], f"request-{number}", 1)
    await store.append(draft(("request-1", 1), data={"details": details[0].digest}))
    old = format_time(datetime.now(UTC) - ORPHAN_AGE - timedelta(seconds=1))
    await database["details-of-requests"].update_many({}, {"$set": {"at": old}})
    assert await sealed.sweep(store.by_version) == 1
    assert await sealed.read(details[0].digest) == CONTENT
    with pytest.raises(Erased):
        await sealed.read(details[1].digest)


async def test_the_sweeper_takes_old_details_that_no_commit_names(
    sealed: SealedDetails, store: EventStore, database: Database
) -> None:
    named, from_a_lost_try = (
        await written(sealed, "resident-1", "request-1"),
        await written(sealed, "resident-1", "request-1"),
    )
    of_no_commit, young = (
        await written(sealed, "resident-1", "request-2"),
        await written(sealed, "resident-1", "request-3"),
    )
    await store.append(draft(("request-1", 1), data={"details": named.digest}))
    for detail in (named, from_a_lost_try, of_no_commit):
        await make_older(database, detail, ORPHAN_AGE + timedelta(seconds=1))
    await make_older(database, young, ORPHAN_AGE - timedelta(minutes=1))

    assert await sealed.sweep(store.by_version) == 2
    assert await kept(database) == {named.digest, young.digest}
    assert await sealed.sweep(store.by_version) == 0
