"""The commit log's twin in memory: what the conformance suite compares the real store with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import bson

from shared.kernel.commit import Commit, Draft, StoredEvent
from shared.kernel.times import format_time
from shared.runtime.log import (
    CommitExists,
    DocumentRefused,
    StreamMoved,
    events_of,
    keys_of,
    placed,
    to_document,
)


@dataclass(slots=True)
class MemoryLog:
    """A `CommitLog` in a list. One event loop, so an append is atomic by itself."""

    commits: list[Commit] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    async def append(self, draft: Draft) -> Commit:
        try:
            bson.encode(to_document(draft))
        except (bson.errors.InvalidDocument, OverflowError, UnicodeError) as error:
            raise DocumentRefused(str(type(error))) from error
        existing = await self.by_id(draft.id) if draft.once else None
        if existing is not None:
            raise CommitExists(existing)
        wanted = set(keys_of(draft))
        if wanted & self.keys:
            raise StreamMoved
        at = max(format_time(datetime.now(UTC)), self.commits[-1].at if self.commits else "")
        commit = placed(draft, len(self.commits) + 1, at)
        self.commits.append(commit)
        self.keys |= wanted
        return commit

    async def by_id(self, commit_id: str) -> Commit | None:
        return next((commit for commit in self.commits if commit.id == commit_id and commit.once), None)

    async def by_version(self, stream: str, version: int) -> Commit | None:
        taken = (stream, version)
        found = (c for c in self.commits if taken in ((e.stream, e.version) for e in c.events))
        return next(found, None)

    async def head(self) -> int:
        return len(self.commits)

    async def read(self, after: int, limit: int) -> list[Commit]:
        return self.commits[after : after + limit]

    async def stream(self, stream: str) -> list[StoredEvent]:
        return events_of(stream, self.commits)
