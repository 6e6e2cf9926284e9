"""What a writer that died has left in the store, read without the code that wrote it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.kernel.times import format_time
from shared.runtime.mongo import Database, Document
from shared.runtime.sealed import ORPHAN_AGE, SealedDetails
from shared.runtime.store import EventStore

DETAILS = ("details", "details-of-requests")


@dataclass(frozen=True, slots=True)
class Remains:
    """The commits and details of one database, as documents."""

    database: Database

    async def log(self) -> list[Document]:
        """Every commit, wherever it stands; asserts that there is no gap, no way back and nothing twice."""
        found: list[Document] = await self.database["commits"].find({}).to_list(None)
        found.sort(key=lambda document: int(document["_id"]))
        places = [document["_id"] for document in found]
        assert places == list(range(1, len(found) + 1)), f"a gap: {places}"
        times = [str(document["at"]) for document in found]
        assert times == sorted(times), f"a way back: {times}"
        twice = {id for id, count in Counter(document["id"] for document in found).items() if count > 1}
        assert not twice, f"there twice: {twice}"
        return found

    async def named(self) -> set[str]:
        """The digests of the details that commits name."""
        data = [event["data"] for commit in await self.log() for event in commit["events"]]
        return {str(each["details"]) for each in data if "details" in each}

    async def details(self) -> list[tuple[str, Document]]:
        """Every sealed detail, with the collection that it is in."""
        return [
            (name, document)
            for name in DETAILS
            for document in await self.database[name].find({}).to_list(None)
        ]

    async def sweep(self, sealed: SealedDetails) -> list[tuple[str, Document]]:
        """Age all details and sweep; the details that are gone. Asserts that just those are left that a
        commit names."""
        old = format_time(datetime.now(UTC) - ORPHAN_AGE - timedelta(seconds=1))
        for name in DETAILS:
            await self.database[name].update_many({}, {"$set": {"at": old}})
        before, named = await self.details(), await self.named()
        await sealed.sweep(EventStore(self.database).by_version)
        left = {str(document["_id"]) for _, document in await self.details()}
        assert left == named, f"left over: {left - named}, missing: {named - left}"
        return [(name, document) for name, document in before if document["_id"] not in named]

    async def put_back(self, swept: list[tuple[str, Document]]) -> None:
        """As if the sweeper had not come yet."""
        for name, document in swept:
            await self.database[name].insert_one(document)
