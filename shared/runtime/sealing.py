"""A sealed detail on its way to the store and as a document: what is encrypted, hashed, or in the clear.

| field | what it is |
|---|---|
| `_id`, `salt` | SHA-256 over the salt and the canonical content, which the event names; the salt |
| `subject`, `stream`, `version`, `at` | whose it is; the commit it was written for; when |
| `key`, `box` | the content, encrypted, bound to digest and subject, and the id of the key |
| `terms`, `listing` | where it is searched: keyed hashes of words; the words, encrypted |
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.kernel.canonical import Json, decode_object, digest, encode
from shared.kernel.times import format_time
from shared.runtime.keyring import Box, Keyring
from shared.runtime.mongo import Document

SALT_BYTES = 32
MOST_TERMS = 64
"""Terms of one detail: each costs the store an entry of an index, some 0.03 to 0.1 ms."""


class Erased(Exception):
    """The details of this subject were erased, and stay so."""


@dataclass(frozen=True, slots=True)
class Listing:
    """By what a detail is found: `terms` (shared/kernel/terms.py) among those of a kind in a community.

    More than MOST_TERMS are not kept: the first ones count.
    """

    community: str
    kind: str
    terms: Sequence[str]


@dataclass(frozen=True, slots=True)
class Detail:
    """A detail on its way to the store. `subject` is a person's id, or the request's where there is none.

    Only what is a `person`'s can be erased by its subject. The rest is kept apart, without the index for
    that, which costs the store more than the detail, and without a look for a tombstone. What has a
    `listing`, a person's always, is kept apart too, with one more index.
    """

    digest: str
    subject: str
    salt: bytes
    content: Mapping[str, Json]
    person: bool = True
    listing: Listing | None = None


def new_detail(
    subject: str, content: Mapping[str, Json], person: bool = True, listing: Listing | None = None
) -> Detail:
    """`content` under the digest SHA-256(salt ‖ canonical content), with a fresh salt of 32 bytes."""
    if listing is not None and not person:
        raise ValueError("only a person's details are searched")
    salt = os.urandom(SALT_BYTES)
    return Detail(digest(content, salt), subject, salt, content, person, listing)


def to_document(detail: Detail, stream: str, version: int, keyring: Keyring) -> Document:
    """The document of `detail`, sealed with the current key."""
    box = keyring.seal(encode(detail.content), binding(detail.digest, detail.subject))
    document = {
        "_id": detail.digest,
        "subject": detail.subject,
        "salt": detail.salt,
        "stream": stream,
        "version": version,
        "key": box.key,
        "box": box.data,
        "at": format_time(datetime.now(UTC)),
    }
    if detail.listing is not None:
        document |= _listed(document, encode(_listing_content(detail.listing)), keyring)
    return document


def content_of(document: Document, keyring: Keyring) -> dict[str, Json]:
    """What is sealed in `document`. Raises KeyMissing or InvalidTag."""
    return decode_object(opened(document, keyring))


def resealed(document: Document, keyring: Keyring) -> Document:
    """The fields of `document` that change when it is sealed with the current key. Raises KeyMissing or
    InvalidTag."""
    listing = None
    if "listing" in document:
        listing = keyring.open(Box(document["key"], document["listing"]), _listing_binding(document))
    box = keyring.seal(opened(document, keyring), binding(document["_id"], document["subject"]))
    fields: Document = {"key": box.key, "box": box.data}
    if listing is not None:
        fields |= _listed(document, listing, keyring)
    return fields


def hashed(term: str, community: str, kind: str, key: str, keyring: Keyring) -> bytes:
    """`term` as it is kept under `key`, told apart by community and kind: equality is all that it takes."""
    return keyring.term(key, community.encode(), kind.encode(), term.encode())


def opened(document: Document, keyring: Keyring) -> bytes:
    """The bytes that are sealed in `document`. Raises KeyMissing or InvalidTag."""
    bound_to = binding(document["_id"], document["subject"])
    return keyring.open(Box(document["key"], document["box"]), bound_to)


def _listed(document: Document, listing: bytes, keyring: Keyring) -> Document:
    words = decode_object(listing)
    terms = words["terms"]
    assert isinstance(terms, list)
    box = keyring.seal(listing, _listing_binding(document))
    community, kind = str(words["community"]), str(words["kind"])
    return {
        "terms": [hashed(str(term), community, kind, box.key, keyring) for term in terms],
        "listing": box.data,
    }


def _listing_content(listing: Listing) -> dict[str, Json]:
    terms = [*dict.fromkeys(listing.terms)][:MOST_TERMS]
    return {"community": listing.community, "kind": listing.kind, "terms": [*terms]}


def binding(digest: str, subject: str) -> str:
    """What a box is bound to: it opens as that one of that subject alone."""
    return f"{digest}|{subject}"


def _listing_binding(document: Document) -> str:
    return f"{binding(document['_id'], document['subject'])}|listing"
