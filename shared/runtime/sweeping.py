"""Details that no commit names, left by a command that failed or a process that died: found and deleted.

A process knows what it has written and which of that its commits name, so the rest is all that it looks at
again, after an hour: nothing is read twice, and nothing is written for it. What a process left that died is
found by one pass over all details, when a process starts and then once a day; the pass remembers how far it
came, so only what is younger is compared with the log. An index on what is not cleared yet would cost every
insert an entry, and every commit one more update; the natural order of details is that of random digests.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.kernel.canonical import encode
from shared.kernel.commit import Commit
from shared.kernel.times import format_time, later
from shared.runtime.mongo import Collection, Database, patiently

ORPHAN_AGE = timedelta(hours=1)
OVERLAP_S = 3600.0
"""How much of what was swept is swept again: clocks differ, and what was stamped may be written later."""

CommitOf = Callable[[str, int], Awaitable[Commit | None]]


@dataclass(frozen=True, slots=True)
class _Written:
    details: Collection
    stream: str
    version: int
    at: datetime


class Sweeper:
    """Sweeps `collections`, which hold details; the collection `sweeps` has how far that has come."""

    def __init__(self, database: Database, collections: Sequence[Collection]) -> None:
        self._collections = collections
        self._sweeps = database["sweeps"]
        self._unnamed: dict[str, _Written] = {}

    def written(self, digest: str, details: Collection, stream: str, version: int) -> None:
        """A detail is about to be in `details`, for the commit that takes `version` of `stream`."""
        self._unnamed[digest] = _Written(details, stream, version, datetime.now(UTC))

    def named(self, digests: Iterable[str]) -> None:
        """A commit names these: there is nothing to look for."""
        for digest in digests:
            self._unnamed.pop(digest, None)

    async def sweep_own(self, commit_of: CommitOf) -> int:
        """Delete what this process wrote over an hour ago and no commit names; how many."""
        before = datetime.now(UTC) - ORPHAN_AGE
        old = {digest: written for digest, written in self._unnamed.items() if written.at < before}
        swept = 0
        for digest, written in old.items():
            swept += await _delete_unless_named(written.details, digest, await commit_of(*_key(written)))
            del self._unnamed[digest]
        return swept

    async def sweep_all(self, commit_of: CommitOf) -> int:
        """Delete all details over an hour old that no commit names, whoever wrote them; how many."""
        before = format_time(datetime.now(UTC) - ORPHAN_AGE)
        last = await self._sweeps.find_one({"_id": "details"})
        since = later(last["to"], -OVERLAP_S) if last is not None else ""
        swept = 0
        for details in self._collections:
            with patiently():
                found = await details.find(
                    {"at": {"$gte": since, "$lt": before}}, {"stream": 1, "version": 1}
                ).to_list(None)
            for document in found:
                commit = await commit_of(document["stream"], document["version"])
                swept += await _delete_unless_named(details, document["_id"], commit)
        await self._sweeps.update_one({"_id": "details"}, {"$set": {"to": before}}, upsert=True)
        return swept


def digest_of(id: str) -> str:
    """What a commit names where something has this id: a detail's own digest, or that of its file."""
    return id.partition(".")[0]


def _key(written: _Written) -> tuple[str, int]:
    return written.stream, written.version


async def _delete_unless_named(details: Collection, id: str, commit: Commit | None) -> int:
    if commit is not None and _names(commit, digest_of(id)):
        return 0
    result = await details.delete_one({"_id": id})
    return int(result.deleted_count)


def _names(commit: Commit, digest: str) -> bool:
    """Whether an event has `digest` anywhere in its data: 64 hex digits are nothing else by accident."""
    return any(digest.encode() in encode(event.data) for event in commit.events)
