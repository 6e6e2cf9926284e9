"""A backup that is older than an erasure does not bring anybody back."""

from __future__ import annotations

import pytest

from shared.events.details import DetailsErased
from shared.kernel.terms import name_query, search_terms
from shared.runtime.mongo import Database, Document
from shared.runtime.sealed import Erased, Listing, SealedDetails, new_detail
from shared.runtime.store import EventStore
from shared.runtime.tombstones import ERASED, Tombstones
from tests.support.drafts import draft

PLACES = ("details", "details-searched", "details-of-requests", "tombstones")
Copy = dict[str, list[Document]]


@pytest.fixture
def tombstones(database: Database, sealed: SealedDetails, store: EventStore) -> Tombstones:
    return Tombstones(database, sealed, store)


async def copied(database: Database) -> Copy:
    return {name: await database[name].find({}).to_list(None) for name in PLACES}


async def put_back(database: Database, copy: Copy, names: tuple[str, ...] = PLACES) -> None:
    for name in names:
        await database[name].delete_many({})
        if copy[name]:
            await database[name].insert_many(copy[name])


async def live(sealed: SealedDetails, person: str) -> None:
    listing = Listing("shaba", "resident", search_terms(["王秀英"]))
    details = [new_detail(person, {"name": "王秀英"}, listing=listing), new_detail(person, {"text": "words"})]
    await sealed.write(details, person, 1)


async def erase(sealed: SealedDetails, store: EventStore, person: str) -> None:
    """As registry does it."""
    await sealed.erase(person)
    await store.append(draft((f"erasure-{person}", 1), type=ERASED, data={"subject": person, "count": 2}))


async def persons(database: Database) -> set[str]:
    found: set[str] = set()
    for name in ("details", "details-searched"):
        found |= {document["subject"] async for document in database[name].find({})}
    return found


def test_the_event_is_the_one_that_services_record() -> None:
    assert DetailsErased.type == ERASED
    assert "subject" in DetailsErased.model_fields


@pytest.mark.parametrize("names", [PLACES, ("details", "details-searched")], ids=["all", "details"])
async def test_of_an_older_copy_nothing_is_left_of_who_was_erased_since(
    sealed: SealedDetails,
    store: EventStore,
    database: Database,
    tombstones: Tombstones,
    names: tuple[str, ...],
) -> None:
    for person in ("resident-1", "resident-2", "resident-3"):
        await live(sealed, person)
    await erase(sealed, store, "resident-1")
    assert await tombstones.restore() == 0
    copy = await copied(database)
    await erase(sealed, store, "resident-2")
    assert await tombstones.compare() == 0
    await put_back(database, copy, names)
    assert await persons(database) == {"resident-2", "resident-3"}

    assert await tombstones.restore() == 2

    assert await persons(database) == {"resident-3"}
    found = await sealed.search([name_query("王")], ["shaba"], "resident")
    assert [each.subject for each in found] == ["resident-3"]
    with pytest.raises(Erased):
        await live(sealed, "resident-2")
    assert await tombstones.restore() == 0


async def test_tombstones_that_are_lost_are_made_anew_from_the_whole_log(
    sealed: SealedDetails, store: EventStore, database: Database, tombstones: Tombstones
) -> None:
    for number in range(600):
        await store.append(draft((f"request-{number}", 1)))
    await erase(sealed, store, "resident-1")
    await tombstones.restore()
    await database["tombstones"].delete_many({})
    assert await tombstones.compare() == 1
    with pytest.raises(Erased):
        await live(sealed, "resident-1")


async def test_a_log_that_is_older_than_what_was_compared_is_compared_anew(
    sealed: SealedDetails, store: EventStore, database: Database, tombstones: Tombstones
) -> None:
    await store.append(draft(("request-1", 1)))
    await tombstones.restore()
    await database["tombstones"].update_one({"_id": "compared:own-log"}, {"$set": {"pos": 500}})
    await store.append(
        draft(("erasure-resident-1", 1), type=ERASED, data={"subject": "resident-1", "count": 0})
    )
    assert await tombstones.compare() == 1


async def test_who_only_lost_a_part_has_no_tombstone(
    sealed: SealedDetails, store: EventStore, tombstones: Tombstones
) -> None:
    """An event of that type on another stream tells of less than a whole erasure."""
    await store.append(draft(("resident-1", 1), type=ERASED, data={"subject": "resident-1", "count": 1}))
    assert await tombstones.compare() == 0
    await live(sealed, "resident-1")
