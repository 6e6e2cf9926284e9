"""Sealed details: what names, describes or locates a person, kept apart from the events.

An event carries only the digest of a detail. Order of writing: the detail, then a look for the
subject's tombstone, then the commit. Order of erasing: the tombstone, then the details, then the event.
So an erasure and a late write cannot miss each other. Source: docs/architecture.md, "Sealed details".
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.kernel.canonical import Json, decode_object, digest, encode
from shared.kernel.commit import Commit
from shared.kernel.times import format_time
from shared.runtime.keyring import Box, Keyring
from shared.runtime.mongo import Database, Document

SALT_BYTES = 32
ORPHAN_AGE = timedelta(hours=1)


class Erased(Exception):
    """The details of this subject were erased, and stay so."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A detail on its way to the store. `subject` is a person's id, or the request's where there is none.

    Only what is a `person`'s can be erased by its subject. The rest is kept apart, without the index for
    that, which costs the store more than the detail, and without a look for a tombstone.
    """

    digest: str
    subject: str
    salt: bytes
    content: Mapping[str, Json]
    person: bool = True


def new_detail(subject: str, content: Mapping[str, Json], person: bool = True) -> Detail:
    """`content` under the digest SHA-256(salt ‖ canonical content), with a fresh salt of 32 bytes."""
    salt = os.urandom(SALT_BYTES)
    return Detail(digest(content, salt), subject, salt, content, person)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A detail's document that waits for the next group."""

    document: Document
    person: bool
    written: asyncio.Future[None]

    def fail(self, error: Exception) -> None:
        if not self.written.done():
            self.written.set_exception(error)


class SealedDetails:
    """The sealed details of one service, in its own database, encrypted by its keyring."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._of_persons = database["details"]
        self._of_requests = database["details-of-requests"]
        self._tombstones = database["tombstones"]
        self._keyring = keyring
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Make the index if it is missing."""
        await self._of_persons.create_index("subject")

    async def write(self, details: Sequence[Detail], stream: str, version: int) -> None:
        """Store `details` for the commit that will take `version` of `stream`, and name them.

        Raises Erased if a subject has a tombstone.
        """
        futures = [self._join(self._document(detail, stream, version), detail.person) for detail in details]
        for future in futures:
            await future

    def _join(self, document: Document, person: bool) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(document, person, future))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_waiting())
        return future

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
                elif not each.written.done():
                    each.written.set_result(None)

    async def _write_group(self, group: Sequence[_Waiting]) -> set[str]:
        """Insert all; the persons among them who were erased, whose details are deleted again."""
        others = [each.document for each in group if not each.person]
        if others:
            await self._of_requests.insert_many(others, ordered=False)
        documents = [each.document for each in group if each.person]
        if not documents:
            return set()
        await self._of_persons.insert_many(documents, ordered=False)
        persons = list({str(document["subject"]) for document in documents})
        found = await self._tombstones.find({"_id": {"$in": persons}}).to_list(None)
        erased = {str(tombstone["_id"]) for tombstone in found}
        if erased:
            await self._of_persons.delete_many({"subject": {"$in": list(erased)}})
        return erased

    def _document(self, detail: Detail, stream: str, version: int) -> Document:
        box = self._keyring.seal(encode(detail.content), _binding(detail.digest, detail.subject))
        return {
            "_id": detail.digest,
            "subject": detail.subject,
            "salt": detail.salt,
            "stream": stream,
            "version": version,
            "key": box.key,
            "box": box.data,
            "at": format_time(datetime.now(UTC)),
        }

    async def read(self, digest: str) -> dict[str, Json]:
        """The content behind `digest`. Raises Erased if it is gone, which only an erasure does."""
        document = await self._of_persons.find_one({"_id": digest})
        document = document or await self._of_requests.find_one({"_id": digest})
        if document is None:
            raise Erased(digest)
        box = Box(document["key"], document["box"])
        return decode_object(self._keyring.open(box, _binding(digest, document["subject"])))

    async def erase(self, person: str) -> list[str]:
        """Delete all details of `person` for good, and any that come later; the digests deleted."""
        await self._tombstones.update_one(
            {"_id": person}, {"$setOnInsert": {"at": format_time(datetime.now(UTC))}}, upsert=True
        )
        found = await self._of_persons.find({"subject": person}, {"_id": 1}).to_list(None)
        await self._of_persons.delete_many({"subject": person})
        return sorted(str(document["_id"]) for document in found)

    async def sweep(self, commit_of: Callable[[str, int], Awaitable[Commit | None]]) -> int:
        """Delete details over an hour old that no commit names, left by a command that failed; how many.

        Reads all details without the boxes: meant for once an hour.
        """
        before = format_time(datetime.now(UTC) - ORPHAN_AGE)
        swept = 0
        for details in (self._of_persons, self._of_requests):
            async for document in details.find({"at": {"$lt": before}}, {"stream": 1, "version": 1}):
                commit = await commit_of(document["stream"], document["version"])
                if commit is None or not _names(commit, document["_id"]):
                    await details.delete_one({"_id": document["_id"]})
                    swept += 1
        return swept


def _binding(digest: str, subject: str) -> str:
    return f"{digest}|{subject}"


def _names(commit: Commit, digest: str) -> bool:
    return any(value == digest for event in commit.events for value in event.data.values())
