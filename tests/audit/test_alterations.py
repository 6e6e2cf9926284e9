"""Each way of altering the log behind the service's back is found, and the first entry concerned is named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from services.audit.check import check_log
from services.audit.domain.chain import GENESIS, Head, chained, leaf, leaf_hash, read_leaf
from services.audit.entries import PAGE, Tip
from services.audit.offline import copy_log, main, verify_database
from services.audit.verify import verify
from shared.kernel.canonical import encode
from shared.runtime.mongo import Database
from shared.runtime.mongo import database as open_database
from tests.support.auditing import Archive, archive, origins

Log = list[dict[str, Any]]
SIZE = 12


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Archive]:
    """A log of twelve entries from two sources, in turns: dispatch at even places, registry at odd ones."""
    async with archive(database) as a, origins(database, "dispatch", "registry") as (dispatch, registry):
        for _ in range(SIZE // 2):
            await a.recorder.record(await dispatch.speak(1))
            await a.recorder.record(await registry.speak(1))
        yield a


async def altered(log: Archive, alter: Callable[[Log], object]) -> None:
    """Replace the stored entries by what `alter` makes of them."""
    entries = await log.stored()
    alter(entries)
    await log.database["entries"].delete_many({})
    if entries:
        await log.database["entries"].insert_many(entries)


def rehash(entry: dict[str, Any]) -> None:
    entry["leaf_hash"] = leaf_hash(entry["leaf"])


def rechain(entries: Log, first: int, last: int = SIZE) -> None:
    for n in range(first, min(last, len(entries))):
        entries[n]["chain"] = chained(entries[n - 1]["chain"] if n else GENESIS, entries[n]["leaf_hash"])


def rewrite(entries: Log) -> None:
    """Give every entry the seq of where it stands, in its leaf too, and make all hashes anew."""
    for seq, entry in enumerate(entries):
        read = read_leaf(entry["leaf"])
        entry["seq"], entry["leaf"] = seq, leaf(seq, read.recorded, encode(read.event))
        rehash(entry)
    rechain(entries, 0, len(entries))


def renumber(entries: Log) -> None:
    for seq, entry in enumerate(entries):
        entry["seq"] = seq


def edit(entry: dict[str, Any]) -> None:
    entry["leaf"] = entry["leaf"].replace(b'"community":"shaba"', b'"community":"other"')


def forged(entries: Log, seq: int) -> dict[str, Any]:
    """An entry that nobody recorded, well-formed, at the next place of a source that has not spoken."""
    copy = dict(entries[seq])
    event = {**read_leaf(copy["leaf"]).event, "source": "/linli/notify", "sequence": "000000000001.0000"}
    copy["leaf"] = leaf(seq, read_leaf(copy["leaf"]).recorded, encode(event))
    copy["_id"] = "notify@000000000001.0000"
    rehash(copy)
    return copy


def edited(entries: Log) -> None:
    edit(entries[5])


def edited_and_hashed(entries: Log) -> None:
    edited(entries)
    rehash(entries[5])


def edited_and_chained(entries: Log) -> None:
    edited_and_hashed(entries)
    rechain(entries, 5, 6)


def edited_and_everything_rewritten(entries: Log) -> None:
    edited_and_hashed(entries)
    rechain(entries, 5)


def leaf_replaced_by_text(entries: Log) -> None:
    entries[5]["leaf"] = entries[5]["leaf"].decode()


def leaf_of_another_form(entries: Log) -> None:
    entries[5]["leaf"] = entries[5]["leaf"].replace(b'"seq":5', b'"seq": 5')
    rehash(entries[5])
    rechain(entries, 5)


def leaf_hash_altered(entries: Log) -> None:
    entries[5]["leaf_hash"] = bytes(32)


def chain_altered(entries: Log) -> None:
    entries[5]["chain"] = bytes(32)


def last_chain_altered(entries: Log) -> None:
    entries[-1]["chain"] = bytes(32)


def type_altered(entries: Log) -> None:
    entries[5]["type"] = "nothing-happened"


def stream_altered(entries: Log) -> None:
    entries[5]["stream"] = "request-other"


def place_altered(entries: Log) -> None:
    entries[5]["_id"] = "registry@000000000099.0000"


def field_added(entries: Log) -> None:
    entries[5]["note"] = "harmless"


def dropped(entries: Log) -> None:
    del entries[5]


def first_dropped(entries: Log) -> None:
    del entries[0]


def dropped_and_renumbered(entries: Log) -> None:
    dropped(entries)
    renumber(entries)


def dropped_and_everything_rewritten(entries: Log) -> None:
    dropped(entries)
    rewrite(entries)


def inserted_and_renumbered(entries: Log) -> None:
    entries.insert(5, forged(entries, 5))
    rechain(entries, 5, 6)
    renumber(entries)


def inserted_between(entries: Log) -> None:
    entries.append({**forged(entries, 5), "seq": 5.5})


def inserted_before_the_first(entries: Log) -> None:
    entries.append({**forged(entries, 5), "seq": -1})


def doubled_and_everything_rewritten(entries: Log) -> None:
    entries.insert(8, {**entries[5], "_id": "another"})
    rewrite(entries)


def reordered(entries: Log) -> None:
    entries[5], entries[6] = entries[6], entries[5]
    renumber(entries)


def moved_far(entries: Log) -> None:
    entries.append(entries.pop(3))
    renumber(entries)


def reordered_and_everything_rewritten(entries: Log) -> None:
    entries[5], entries[7] = entries[7], entries[5]
    rewrite(entries)


def cut(entries: Log) -> None:
    del entries[9:]


def emptied(entries: Log) -> None:
    entries.clear()


ALTERATIONS: list[tuple[Callable[[Log], None], str, int]] = [
    (edited, "edited", 5),
    (edited_and_hashed, "edited", 5),
    # What stands at 6 contradicts what stands at 5: which of the two was altered, no chain can tell.
    (edited_and_chained, "edited", 6),
    # Only the head that was kept apart contradicts it, and that says no more than: somewhere up to here.
    (edited_and_everything_rewritten, "edited", 11),
    (leaf_replaced_by_text, "edited", 5),
    (leaf_of_another_form, "edited", 5),
    (leaf_hash_altered, "field-altered", 5),
    (chain_altered, "field-altered", 5),
    (last_chain_altered, "field-altered", 11),
    (type_altered, "field-altered", 5),
    (stream_altered, "field-altered", 5),
    (place_altered, "field-altered", 5),
    (field_added, "field-altered", 5),
    (dropped, "dropped", 5),
    (first_dropped, "dropped", 0),
    (dropped_and_renumbered, "dropped", 5),
    # registry's next event, now the 6th entry, says that one before it is missing.
    (dropped_and_everything_rewritten, "dropped", 6),
    (inserted_and_renumbered, "inserted", 6),
    (inserted_between, "inserted", 6),
    (inserted_before_the_first, "inserted", 0),
    (doubled_and_everything_rewritten, "inserted", 8),
    (reordered, "reordered", 5),
    (moved_far, "reordered", 3),
    (reordered_and_everything_rewritten, "dropped", 5),
    (cut, "cut", 9),
    (emptied, "cut", 0),
]


@pytest.mark.parametrize(
    ("alter", "kind", "seq"), ALTERATIONS, ids=[alter.__name__ for alter, _, _ in ALTERATIONS]
)
async def test_an_alteration_is_found_and_its_place_named(
    log: Archive, alter: Callable[[Log], None], kind: str, seq: int
) -> None:
    await log.assert_intact(SIZE)
    await altered(log, alter)
    head = await log.recorder.head()
    for verdict in (
        await verify_database(log.database),
        await check_log(log.entries, [head], head.size),
    ):
        assert verdict.fault is not None
        assert (verdict.fault.kind, verdict.fault.seq) == (kind, seq), verdict.fault
        assert not verdict.intact
        assert verdict.head.size == seq


async def test_what_was_not_altered_is_intact_read_in_any_way(log: Archive) -> None:
    await altered(log, lambda entries: None)
    verdict = verify(await log.stored(), [await log.recorder.head()])
    assert verdict == await verify_database(log.database)
    assert verdict.intact


async def test_an_empty_log_is_intact(database: Database) -> None:
    assert await verify_database(database) == verify([])
    assert verify([]).to_json() == {"intact": True, "entries": 0, "chain": "00" * 32}


async def test_a_log_cut_together_with_its_kept_head_is_found_by_a_remembered_one(log: Archive) -> None:
    remembered = await log.recorder.head()
    await altered(log, cut)
    shorter = verify(await log.stored()).head
    await log.entries.keep_tip(Tip(shorter, "", {}))
    assert (await verify_database(log.database)).intact
    verdict = await verify_database(log.database, [remembered])
    assert verdict.fault is not None
    assert (verdict.fault.kind, verdict.fault.seq) == ("cut", 9)


async def test_a_log_rewritten_as_a_whole_is_found_by_a_head_remembered_on_the_way(log: Archive) -> None:
    remembered = verify((await log.stored())[:7]).head
    await altered(log, edited_and_everything_rewritten)
    verdict = verify(await log.stored(), [remembered])
    assert verdict.fault is not None
    assert (verdict.fault.kind, verdict.fault.seq) == ("edited", 6)


async def test_a_copy_that_was_altered_is_told_apart_from_the_log(
    log: Archive, store_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = open_database(log.database.client, f"{log.database.name}_copy")
    try:
        assert await copy_log(log.database, copy) == SIZE
        assert await verify_database(copy) == await verify_database(log.database)
        entry = await copy["entries"].find_one({"seq": 7})
        assert entry is not None
        edit(entry)
        await copy["entries"].update_one({"_id": entry["_id"]}, {"$set": {"leaf": entry["leaf"]}})
        verdict = await verify_database(copy)
        assert verdict.fault is not None
        assert (verdict.fault.kind, verdict.fault.seq) == ("edited", 7)
        await log.assert_intact(SIZE)
    finally:
        await log.database.client.drop_database(copy.name)


async def test_the_verifier_is_a_command_that_ends_with_the_verdict(store_url: str, log: Archive) -> None:
    name, head = log.database.name, await log.recorder.head()
    size, chain = str(head.size), head.chain.hex()
    assert await asyncio.to_thread(main, [store_url, name, size, chain]) == 0
    assert await asyncio.to_thread(main, [store_url, name, size, "00" * 32]) == 1
    await altered(log, dropped)
    assert await asyncio.to_thread(main, [store_url, name]) == 1
    assert await asyncio.to_thread(main, [store_url]) == 2


def test_a_head_longer_than_the_log_says_that_it_was_cut() -> None:
    verdict = verify([], [Head(3, bytes(32))])
    assert verdict.to_json() == {
        "intact": False,
        "entries": 0,
        "chain": "00" * 32,
        "first_fault": {"seq": 0, "fault": "cut", "detail": "the log ends here; it had 3 entries"},
    }


async def test_a_check_lets_others_run_between_its_pages(database: Database) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with archive(database) as a, origins(database, "dispatch") as (dispatch,):
        await a.recorder.record(await dispatch.speak(*[25] * 60))
        other = asyncio.create_task(others())
        verdict = await check_log(a.entries, [], 3 * PAGE)
        other.cancel()
    assert verdict.head.size == 1500 == 3 * PAGE
    assert turns > 3
