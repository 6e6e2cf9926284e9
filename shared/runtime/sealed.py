"""Sealed details: what names, describes or locates a person, kept apart from the events.

An event carries only the digest of a detail. Order of writing: the detail, then a look for the
subject's tombstone, then the commit. Order of erasing: the tombstone, then the details, then the event.
Where something may forbid it until the last moment, the event comes first, and who hears it does the rest.
So an erasure and a late write cannot miss each other. Source: docs/architecture.md, "Sealed details".
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection as Some
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.kernel.canonical import Json
from shared.kernel.times import format_time
from shared.runtime.keyring import Keyring
from shared.runtime.listings import Found, Listings
from shared.runtime.mongo import Collection, Database, Document, StoreUnavailable
from shared.runtime.sealed_files import File, SealedFiles, parts_of
from shared.runtime.sealing import Detail, Erased, Listing, content_of, new_detail, to_document
from shared.runtime.sweeping import ORPHAN_AGE, CommitOf, Sweeper, digest_of

LOOK_S = 1.0
"""How old a look at the key file may be for a writer; each looks again behind its insert."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A detail's document that waits for the next group."""

    document: Document
    details: Collection
    written: asyncio.Future[None]

    def fail(self, error: Exception) -> None:
        if not self.written.done():
            self.written.set_exception(error)


class SealedDetails:
    """The sealed details of one service, in its own database, encrypted by its keyring.

    Three collections: of persons, of persons that are searched, and of requests that are nobody's, which
    need no index. A fourth is of files, in parts: see sealed_files.py.
    """

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._of_persons = database["details"]
        self._searched = database["details-searched"]
        self._of_requests = database["details-of-requests"]
        self._of_files = database["attachments"]
        self._tombstones = database["tombstones"]
        self._keyring = keyring
        self._listings = Listings(self._searched, keyring)
        self._sweeper = Sweeper(database, self.collections)
        self.files = SealedFiles(self._of_files, self._tombstones, keyring, self._sweeper)
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    @property
    def collections(self) -> tuple[Collection, ...]:
        """Where details are, those of persons first, and files last."""
        return *self._places, self._of_files

    @property
    def _places(self) -> tuple[Collection, ...]:
        return self._searched, self._of_persons, self._of_requests

    async def start(self) -> None:
        """Make the indexes if they are missing."""
        await self._of_persons.create_index("subject")
        await self._listings.start()
        await self.files.start()

    async def write(
        self, details: Sequence[Detail], stream: str, version: int, files: Sequence[File] = ()
    ) -> None:
        """Store `details` and `files` for the commit that will take `version` of `stream`, and name them.

        Raises Erased if a subject has a tombstone.
        """
        self._keyring.refresh(LOOK_S)
        futures = [self._join(detail, stream, version) for detail in details]
        for future in futures:
            await future
        for file in files:
            await self.files.write(file, stream, version)

    def named(self, digests: Iterable[str]) -> None:
        """The commit that names these is in the log: the sweeper need not look for it."""
        self._sweeper.named(digests)

    def named_files(self, digests: Iterable[str]) -> None:
        """The same of files."""
        self._sweeper.named(part for digest in digests for part in parts_of(digest))

    def _join(self, detail: Detail, stream: str, version: int) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        details = self._place_of(detail)
        self._sweeper.written(detail.digest, details, stream, version)
        self._waiting.append(_Waiting(to_document(detail, stream, version, self._keyring), details, future))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_waiting())
        return future

    def _place_of(self, detail: Detail) -> Collection:
        if not detail.person:
            return self._of_requests
        return self._of_persons if detail.listing is None else self._searched

    async def _write_waiting(self) -> None:
        """Concurrent details go out together: one insert and one look at the tombstones."""
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                erased = await self._write_group(group)
            except Exception as error:
                for each in group:
                    each.fail(error)
                continue
            for each in group:
                if each.document["subject"] in erased:
                    each.fail(Erased(each.document["subject"]))
                elif not self._keyring.may_seal(each.document["key"]):
                    each.fail(StoreUnavailable("the key was taken away meanwhile"))
                elif not each.written.done():
                    each.written.set_result(None)

    async def _write_group(self, group: Sequence[_Waiting]) -> set[str]:
        """Insert all; the persons among them who were erased, whose details are deleted again."""
        for details in (self._of_requests, self._of_persons, self._searched):
            documents = [each.document for each in group if each.details is details]
            if documents:
                await details.insert_many(documents, ordered=False)
        # Who drops a key marks it, then looks for what is sealed with it: so that looks behind this insert,
        # or this sees the mark.
        self._keyring.refresh()
        persons = {str(each.document["subject"]) for each in group if each.details is not self._of_requests}
        if not persons:
            return set()
        found = await self._tombstones.find({"_id": {"$in": list(persons)}}).to_list(None)
        erased = {str(tombstone["_id"]) for tombstone in found}
        for details in (self._of_persons, self._searched):
            if any(each.details is details and each.document["subject"] in erased for each in group):
                await details.delete_many({"subject": {"$in": list(erased)}})
        return erased

    async def read(self, digest: str) -> dict[str, Json]:
        """The content behind `digest`. Raises Erased if it is gone, which only an erasure does."""
        for details in (self._of_persons, self._of_requests, self._searched):
            document = await details.find_one({"_id": digest})
            if document is not None:
                return content_of(document, self._keyring)
        raise Erased(digest)

    async def read_many(self, digests: Some[str]) -> dict[str, dict[str, Json]]:
        """The contents behind `digests`, by digest; what was erased is missing.

        One look-up for as long as all are of persons who are searched, as those of a list are.
        """
        found: dict[str, dict[str, Json]] = {}
        for details in self._places:
            if missing := [digest for digest in digests if digest not in found]:
                documents = await details.find({"_id": {"$in": missing}}).to_list(None)
                found |= {document["_id"]: content_of(document, self._keyring) for document in documents}
        return found

    async def search(
        self,
        wanted: Sequence[Some[str]],
        communities: Some[str],
        kind: str,
        limit: int = 50,
        after: str | None = None,
    ) -> list[Found]:
        """Who has, of every set in `wanted`, a term that some detail is listed with (see `Listing`); by
        subject, `limit` at the most, those behind the subject `after`. No terms find nobody.

        The terms are of shared/kernel/terms.py: `[name_query(q), telephone_query(t)]` for a name
        with a telephone, `[likeness_terms(…)]` for who is likely to be the same.
        """
        return await self._listings.search(wanted, communities, kind, limit, after)

    async def unlist(self, digests: Sequence[str]) -> None:
        """Let these be found no more, since newer details of their subjects are in force; they stay."""
        await self._listings.unlist(digests)

    async def erase(self, person: str) -> list[str]:
        """Delete all details of `person` for good, and any that come later; the digests deleted."""
        await self._tombstones.update_one(
            {"_id": person}, {"$setOnInsert": {"at": format_time(datetime.now(UTC))}}, upsert=True
        )
        return sorted(await self.delete([person]))

    async def count(self, person: str) -> int:
        """How many details and files are kept of `person`."""
        of_person = {"subject": person}
        places = (*self._of_subjects([person]), self._of_files)
        found = [await place.find(of_person, {"_id": 1}).to_list(None) for place in places]
        return len({digest_of(str(document["_id"])) for each in found for document in each})

    async def delete_named(self, digests: Sequence[str]) -> int:
        """Delete just the details with these digests, for which consent was withdrawn; how many there were.

        Only those that a commit names and that newer ones have superseded: who reads one gets Erased.
        """
        named = {"_id": {"$in": list(digests)}}
        return sum([(await place.delete_many(named)).deleted_count for place in self._places])

    async def delete(self, persons: Sequence[str]) -> list[str]:
        """Delete all details and files that are kept of `persons`, of whom those with tombstones get no new
        ones; the digests deleted."""
        digests: list[str] = []
        for details in self._of_subjects(persons):
            of_them = {"subject": {"$in": list(persons)}}
            if found := await details.find(of_them, {"_id": 1}).to_list(None):
                await details.delete_many(of_them)
                digests += [str(document["_id"]) for document in found]
        return digests + await self.files.delete(persons)

    def _of_subjects(self, subjects: Sequence[str]) -> tuple[Collection, ...]:
        """Where details of `subjects` may be; those that are requests' own are found by reading all of these,
        which is done when a request that was nobody's turns out to be of a person who is erased."""
        own = any(subject.startswith("request-") for subject in subjects)
        return self._of_persons, self._searched, *([self._of_requests] if own else [])

    async def sweep(self, commit_of: CommitOf) -> int:
        """Delete details over an hour old that no commit names, whoever wrote them; how many.

        Reads through all details: meant for a start, and for once a day.
        """
        return await self._sweeper.sweep_all(commit_of)

    async def sweep_own(self, commit_of: CommitOf) -> int:
        """The same of what this process wrote and was not told to be `named`: nothing as a rule."""
        return await self._sweeper.sweep_own(commit_of)


__all__ = ["ORPHAN_AGE", "Detail", "Erased", "Found", "Listing", "SealedDetails", "new_detail"]
