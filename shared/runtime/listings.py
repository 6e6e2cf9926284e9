"""Searching sealed details: equality of keyed hashes on one index, and nothing of the words in the store."""

from __future__ import annotations

from collections.abc import Collection as Some
from collections.abc import Sequence
from dataclasses import dataclass

from shared.runtime.keyring import Keyring
from shared.runtime.mongo import Collection
from shared.runtime.sealing import hashed

AT_ONCE = 200
"""Hashes asked for in one look-up."""


@dataclass(frozen=True, slots=True)
class Found:
    """A subject that has all that was asked for, and the details that have it. Older details of a subject
    are found too, until they are unlisted: whoever shows one looks whether it is the one in force."""

    subject: str
    digests: tuple[str, ...]


class Listings:
    """The details that have terms, in a collection of their own with a multikey index on them."""

    def __init__(self, details: Collection, keyring: Keyring) -> None:
        self._details = details
        self._keyring = keyring

    async def start(self) -> None:
        """Make the indexes if they are missing."""
        await self._details.create_index("subject")
        await self._details.create_index("terms")

    async def search(
        self, wanted: Sequence[Some[str]], communities: Some[str], kind: str, limit: int, after: str | None
    ) -> list[Found]:
        """See `SealedDetails.search`."""
        if not wanted or not all(wanted) or not communities:
            return []
        self._keyring.refresh()
        found: dict[str, str] | None = None
        # The words that fewest others share come first as a rule: the longest.
        for alternatives in sorted(wanted, key=lambda terms: -max(map(len, terms))):
            having = await self._having(alternatives, communities, kind)
            found = having if found is None else {id: having[id] for id in found.keys() & having.keys()}
            if not found:
                return []
        by_subject: dict[str, list[str]] = {}
        for digest, subject in (found or {}).items():
            by_subject.setdefault(subject, []).append(digest)
        subjects = sorted(subject for subject in by_subject if after is None or subject > after)
        return [Found(subject, tuple(sorted(by_subject[subject]))) for subject in subjects[:limit]]

    async def _having(self, terms: Some[str], communities: Some[str], kind: str) -> dict[str, str]:
        """The subject of every detail that has one of `terms`, by digest.

        While keys rotate, older ones are looked for first: a detail goes from an old key to the current
        one, so it is met before or after.
        """
        current = self._keyring.current
        keys = [*sorted(key for key in self._keyring.keys if key != current), current]
        scoped = [(term, community, kind) for community in communities for term in terms]
        by_key = [[hashed(*each, key, self._keyring) for each in scoped] for key in keys]
        found: dict[str, str] = {}
        for hashes in by_key:
            for start in range(0, len(hashes), AT_ONCE):
                some = {"terms": {"$in": hashes[start : start + AT_ONCE]}}
                documents = await self._details.find(some, {"subject": 1}).to_list(None)
                found |= {document["_id"]: document["subject"] for document in documents}
        return found

    async def unlist(self, digests: Sequence[str]) -> None:
        """See `SealedDetails.unlist`."""
        await self._details.update_many(
            {"_id": {"$in": list(digests)}}, {"$unset": {"terms": "", "listing": ""}}
        )
