"""Sealed files: bytes, cut into parts that the store takes well, each encrypted by itself.

A part is a document like a detail's (see sealing.py), so that what rotates keys, sweeps and erases takes it
as one. Its `_id` is the file's digest, SHA-256 over a salt and the bytes, a dot, and the part's place. A part
is bound to that and to its subject: it opens nowhere else. Source: ADR 11.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection as Some
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.kernel.times import format_time
from shared.runtime.keyring import Keyring
from shared.runtime.mongo import Collection, Document, StoreUnavailable
from shared.runtime.sealing import SALT_BYTES, Erased, binding, opened
from shared.runtime.sweeping import Sweeper, digest_of

PART_BYTES = 256 * 1024
MOST_PARTS = 40
LONGEST = MOST_PARTS * PART_BYTES
"""Bytes of a file, at the most. Parts are looked up by all the ids that they can have: see `parts_of`."""


@dataclass(frozen=True, slots=True)
class File:
    """A file on its way to the store. `subject` is a person's id, or the request's where there is none."""

    digest: str
    subject: str
    salt: bytes
    data: bytes


def new_file(subject: str, data: bytes) -> File:
    """`data` under the digest SHA-256(salt ‖ data), with a fresh salt of 32 bytes. Raises ValueError if it is
    empty, or longer than LONGEST."""
    if not 0 < len(data) <= LONGEST:
        raise ValueError("a file is empty, or too long")
    salt = os.urandom(SALT_BYTES)
    return File(hashlib.sha256(salt + data).hexdigest(), subject, salt, data)


def parts_of(digest: str) -> list[str]:
    """The ids of all parts that a file with this digest can have."""
    return [f"{digest}.{place:02}" for place in range(MOST_PARTS)]


def to_documents(file: File, stream: str, version: int, keyring: Keyring) -> list[Document]:
    """The documents of the parts of `file`, sealed with the current key."""
    documents: list[Document] = []
    at = format_time(datetime.now(UTC))
    pieces = range(0, len(file.data), PART_BYTES)
    for id, start in zip(parts_of(file.digest), pieces, strict=False):
        box = keyring.seal(file.data[start : start + PART_BYTES], binding(id, file.subject))
        document = {"_id": id, "subject": file.subject, "salt": file.salt, "stream": stream}
        documents.append({**document, "version": version, "key": box.key, "box": box.data, "at": at})
    return documents


class SealedFiles:
    """The sealed files of one service, whoever's they are: few beside the details, and large."""

    def __init__(self, parts: Collection, tombstones: Collection, keyring: Keyring, sweeper: Sweeper) -> None:
        self._parts = parts
        self._tombstones = tombstones
        self._keyring = keyring
        self._sweeper = sweeper

    async def start(self) -> None:
        """Make the indexes if they are missing: what else reads all details would read all files."""
        for name in ("subject", "at", "key"):
            await self._parts.create_index(name)

    async def write(self, file: File, stream: str, version: int) -> None:
        """Store `file` for the commit that will take `version` of `stream`, and name it.

        Raises Erased if its subject has a tombstone; StoreUnavailable if the key was taken away meanwhile.
        """
        documents = to_documents(file, stream, version, self._keyring)
        for document in documents:
            self._sweeper.written(document["_id"], self._parts, stream, version)
        await self._parts.insert_many(documents, ordered=False)
        # As for details: who erases, or drops a key, marks that first and then looks for what is there.
        self._keyring.refresh()
        if await self._tombstones.find_one({"_id": file.subject}) is not None:
            await self.delete([file.subject])
            raise Erased(file.subject)
        if not all(self._keyring.may_seal(document["key"]) for document in documents):
            raise StoreUnavailable("the key was taken away meanwhile")

    async def read(self, digest: str) -> bytes:
        """The bytes behind `digest`. Raises Erased if they are gone, in part too: part after part goes."""
        found = await self._parts.find({"_id": {"$in": parts_of(digest)}}).to_list(None)
        found.sort(key=lambda document: str(document["_id"]))
        data = b"".join(opened(document, self._keyring) for document in found)
        if not found or hashlib.sha256(bytes(found[0]["salt"]) + data).hexdigest() != digest:
            raise Erased(digest)
        return data

    async def kept(self, digests: Some[str]) -> set[str]:
        """Which of these are there."""
        first = {"_id": {"$in": [parts_of(digest)[0] for digest in digests]}}
        found = await self._parts.find(first, {"_id": 1}).to_list(None)
        return {digest_of(str(document["_id"])) for document in found}

    async def delete(self, persons: Sequence[str]) -> list[str]:
        """Delete all files of `persons` for good; the digests deleted."""
        of_them = {"subject": {"$in": list(persons)}}
        found = await self._parts.find(of_them, {"_id": 1}).to_list(None)
        if found:
            await self._parts.delete_many(of_them)
        return sorted({digest_of(str(document["_id"])) for document in found})

    async def delete_named(self, digest: str) -> None:
        """Delete this file for good, which a commit names: who reads it gets Erased."""
        await self._parts.delete_many({"_id": {"$in": parts_of(digest)}})
