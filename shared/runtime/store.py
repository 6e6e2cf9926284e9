"""The event store: one document a command, in one gapless order.

`_id`, the place, makes the order; the unique index on `keys` the optimistic concurrency, and for commands
that may be repeated the idempotency. Nothing else is needed: no transaction, no lock.
Source: docs/architecture.md, "Event store".
"""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import islice
from time import monotonic

from shared.kernel.commit import Commit, Draft, StoredEvent, key
from shared.runtime.commits import Commits
from shared.runtime.group_commit import GroupCommit
from shared.runtime.mongo import Database, StoreUnavailable

DEADLINE_S = 5.0
RECENT = 1024
RECENT_BYTES = 4 * 1024 * 1024
ALONE_S = 0.1


class EventStore:
    """The log of one service. Call `start` before use and `stop` after. See `log.CommitLog`."""

    def __init__(self, database: Database, deadline: float = DEADLINE_S) -> None:
        self.deadline = deadline
        self._commits = Commits(database)
        self._group = GroupCommit(self._commits, self._remember, self._wake_watchers)
        self._recent: deque[Commit] = deque()
        self._recent_sizes: deque[int] = deque()
        self._recent_bytes = 0
        self._written_at = 0.0
        self._watchers: list[asyncio.Event] = []
        self._writer: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Make the indexes if they are missing and start the writer; safe to call again."""
        await self._commits.create_indexes()
        if self._writer is None:
            self._writer = asyncio.create_task(self._group.run(), name="event-store-writer")

    async def stop(self) -> None:
        """Let what is queued be written, for as long as the deadline, then end the writer."""
        if self._writer is None:
            return
        self._group.stop()
        await asyncio.wait([self._writer], timeout=self.deadline)
        self._writer.cancel()
        await asyncio.wait([self._writer])
        self._writer = None

    def watch(self) -> asyncio.Event:
        """An event that is set whenever this process has appended; the watcher clears it."""
        watcher = asyncio.Event()
        self._watchers.append(watcher)
        return watcher

    async def append(self, draft: Draft) -> Commit:
        """See `CommitLog.append`. A cancelled caller does not cancel the append once it has joined."""
        if self._writer is None or self._writer.done():
            raise StoreUnavailable("the writer is not running")
        entry = self._group.join(draft)
        try:
            async with asyncio.timeout(self.deadline):
                return await entry.outcome
        except TimeoutError:
            self._group.withdraw(entry)
            raise StoreUnavailable("the store did not answer in time") from None

    async def by_id(self, commit_id: str) -> Commit | None:
        """See `CommitLog.by_id`."""
        return await self._commits.holding([commit_id])

    async def by_version(self, stream: str, version: int) -> Commit | None:
        """See `CommitLog.by_version`."""
        return await self._commits.holding([key(stream, version)])

    async def head(self) -> int:
        """See `CommitLog.head`."""
        return (await self._commits.head_from(self._group.head.pos)).pos

    async def read(self, after: int, limit: int) -> list[Commit]:
        """See `CommitLog.read`. What this process has just written is answered from memory: the same.

        Who has read all of that, and asks again at once, is told that there is no more, without a look for
        what other processes may have added: all who read on ask again after a pause.
        """
        if self._recent and self._recent[0].pos <= after + 1 <= self._recent[-1].pos:
            skip = after + 1 - self._recent[0].pos
            return list(islice(self._recent, skip, skip + limit))
        if self._recent and after == self._recent[-1].pos and monotonic() - self._written_at < ALONE_S:
            return []
        return await self._commits.read(after, limit)

    async def stream(self, stream: str) -> list[StoredEvent]:
        """See `CommitLog.stream`."""
        return await self._commits.stream(stream)

    def _remember(self, commit: Commit, size: int) -> None:
        if self._recent and self._recent[-1].pos != commit.pos - 1:
            self._recent.clear()
            self._recent_sizes.clear()
            self._recent_bytes = 0
        self._recent.append(commit)
        self._recent_sizes.append(size)
        self._recent_bytes += size
        while len(self._recent) > RECENT or self._recent_bytes > RECENT_BYTES:
            self._recent.popleft()
            self._recent_bytes -= self._recent_sizes.popleft()
        self._written_at = monotonic()

    def _wake_watchers(self) -> None:
        for watcher in self._watchers:
            watcher.set()
