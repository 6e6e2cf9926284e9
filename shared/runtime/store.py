"""The event store: one document a command, in one gapless order, by group commit.

The unique index on `pos` makes the order, the one on `keys` the optimistic concurrency, `_id` the
idempotency. Nothing else is needed: no transaction, no lock. Source: docs/architecture.md, "Event store".
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from time import monotonic

import bson
import structlog
from bson.errors import InvalidDocument, InvalidStringData
from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError, DocumentTooLarge, PyMongoError

from shared.kernel.commit import Commit, Draft, StoredEvent, key
from shared.kernel.times import format_time
from shared.runtime.log import (
    CommitExists,
    DocumentRefused,
    StreamMoved,
    events_of,
    from_document,
    placed,
    to_document,
)
from shared.runtime.mongo import DUPLICATE_KEY, Collection, Database, StoreUnavailable, is_passing

MAX_COMMIT_BYTES = 4 * 1024 * 1024
GROUP = 64
QUEUE_LIMIT = 2000
DEADLINE_S = 5.0
RETRY_PAUSE_S = 0.01
NEAR = 256
RECENT = 1024
# Whoever has just written is the quickest to know the head, and would win for ever. So a writer that
# never runs dry now and then leaves the head alone for as long as another needs to find it and write.
TURN_S = 1.0
TURN_AMONG_RIVALS_S = 0.1
RIVAL_MEMORY_S = 10.0
LEAVE_S = 0.02

log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class _Entry:
    """An append on its way. `place` stays as it is until it is known that the place is another's."""

    draft: Draft
    body: bytes
    outcome: asyncio.Future[Commit]
    submitted: bool = False
    place: tuple[int, str] | None = None


@dataclass(slots=True)
class _Head:
    pos: int = 0
    at: str = ""
    known: bool = False


@dataclass(slots=True)
class EventStore:
    """The log of one service in the collection `commits`. Call `start` before use and `stop` after."""

    database: Database
    deadline: float = DEADLINE_S
    _queue: deque[_Entry] = field(default_factory=deque)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _watchers: list[asyncio.Event] = field(default_factory=list)
    _recent: deque[Commit] = field(default_factory=lambda: deque(maxlen=RECENT))
    _head: _Head = field(default_factory=_Head)
    _writer: asyncio.Task[None] | None = None
    _stopping: bool = False
    _rival_seen: float = field(default_factory=monotonic)

    @property
    def _commits(self) -> Collection:
        return self.database["commits"]

    async def start(self) -> None:
        """Make the indexes if they are missing and start the writer."""
        await self._commits.create_index("pos", unique=True)
        await self._commits.create_index("keys", unique=True)
        await self._commits.create_index("streams")
        self._writer = asyncio.create_task(self._write_for_ever(), name="event-store-writer")

    async def stop(self) -> None:
        """Let what is queued be written, for as long as the deadline, then end the writer."""
        if self._writer is None:
            return
        self._stopping = True
        self._wake.set()
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
        body = _encode(draft)
        if self._writer is None or self._writer.done() or self._stopping:
            raise StoreUnavailable("the writer is not running")
        if len(self._queue) >= QUEUE_LIMIT:
            raise StoreUnavailable("too many appends are waiting")
        entry = _Entry(draft, body, asyncio.get_running_loop().create_future())
        entry.outcome.add_done_callback(_retrieve)
        self._queue.append(entry)
        self._wake.set()
        try:
            async with asyncio.timeout(self.deadline):
                return await asyncio.shield(entry.outcome)
        except TimeoutError:
            if not entry.submitted:
                self._queue.remove(entry)
            raise StoreUnavailable("the store did not answer in time") from None

    async def by_id(self, commit_id: str) -> Commit | None:
        """See `CommitLog.by_id`."""
        document = await self._commits.find_one({"_id": commit_id})
        return from_document(document) if document is not None else None

    async def head(self) -> int:
        """See `CommitLog.head`. Found by galloping look-ups, which the absence of gaps allows."""
        return (await self._advance()).pos

    async def read(self, after: int, limit: int) -> list[Commit]:
        """See `CommitLog.read`. The range is closed at both ends: exact, and quick on every engine.

        What this process has just written itself is answered from memory, which is the same.
        """
        if self._recent and self._recent[0].pos <= after + 1 <= self._recent[-1].pos:
            skip = after + 1 - self._recent[0].pos
            return list(islice(self._recent, skip, skip + limit))
        found = self._commits.find({"pos": {"$gt": after, "$lte": after + limit}}).sort("pos", 1)
        return [from_document(document) for document in await found.to_list(limit)]

    async def stream(self, stream: str) -> list[StoredEvent]:
        """See `CommitLog.stream`."""
        documents = await self._commits.find({"streams": stream}).to_list(None)
        return events_of(stream, [from_document(document) for document in documents])

    async def _advance(self) -> _Head:
        """The head, looked for first close behind the one last known, in one round trip."""
        start = self._head.pos
        near = self._commits.find({"pos": {"$gt": start, "$lte": start + NEAR}}, {"pos": 1, "at": 1})
        found = [(int(commit["pos"]), str(commit["at"])) for commit in await near.to_list(NEAR)]
        if len(found) == NEAR:
            return await self._gallop(start + NEAR)
        return _Head(*max(found), True) if found else await self._gallop(start)

    async def _gallop(self, start: int) -> _Head:
        at, low, step = "", start, 1
        while (found := await self._at(low + step)) is not None:
            at, low, step = found, low + step, step * 2
        high = low + step
        while low + 1 < high:
            middle = (low + high) // 2
            if (found := await self._at(middle)) is not None:
                at, low = found, middle
            else:
                high = middle
        if low and not at:
            at = await self._at(low) or ""
        return _Head(low, at, True)

    async def _at(self, pos: int) -> str | None:
        found = await self._commits.find_one({"pos": pos}, {"at": 1})
        return None if found is None else str(found["at"])

    async def _write_for_ever(self) -> None:
        turn = ended = monotonic()
        while not self._stopping:
            await self._wake.wait()
            self._wake.clear()
            if monotonic() - ended > LEAVE_S:
                turn = monotonic()
            while self._queue:
                await self._write_group()
                ended = monotonic()
                if ended - turn > (TURN_AMONG_RIVALS_S if self._has_rivals() else TURN_S):
                    await asyncio.sleep(LEAVE_S)
                    turn = monotonic()

    async def _write_group(self) -> None:
        group = [self._queue.popleft() for _ in range(min(GROUP, len(self._queue)))]
        for entry in group:
            entry.submitted = True
        await self._write(group)
        for watcher in self._watchers:
            watcher.set()

    def _has_rivals(self) -> bool:
        return monotonic() - self._rival_seen < RIVAL_MEMORY_S

    async def _write(self, group: list[_Entry]) -> None:
        """Write `group` in order; returns when the outcome of each is known."""
        pause = RETRY_PAUSE_S
        while group:
            try:
                group = await self._attempt(group)
                pause = RETRY_PAUSE_S
            except PyMongoError as error:
                if not is_passing(error):
                    log.error("append-failed", error=type(error).__name__, code=getattr(error, "code", None))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 0.5)

    async def _attempt(self, group: list[_Entry]) -> list[_Entry]:
        """Submit `group` once; the entries whose outcome is still open, with the places they keep."""
        if not self._head.known:
            self._head = await self._advance()
        self._assign_places(group)
        written = len(group)
        error: BulkWriteError | None = None
        try:
            await self._commits.insert_many([_raw(entry) for entry in group], ordered=True)
        except BulkWriteError as raised:
            if not raised.details["writeErrors"]:
                raise  # a write-concern error: in the log or not, nobody knows yet
            error, written = raised, int(raised.details["writeErrors"][0]["index"])
        for entry in group[:written]:
            self._settle(entry)
        if error is None:
            return []
        return await self._after_refusal(group[written:], int(error.details["writeErrors"][0]["code"]))

    def _assign_places(self, group: list[_Entry]) -> None:
        pos, at = self._head.pos, max(self._head.at, format_time(datetime.now(UTC)))
        for entry in group:
            if entry.place is None:
                entry.place = (pos + 1, at)
            pos, at = entry.place

    def _settle(self, entry: _Entry) -> None:
        assert entry.place is not None
        pos, at = entry.place
        self._head = _Head(pos, at, True)
        commit = placed(entry.draft, pos, at)
        if self._recent and self._recent[-1].pos != pos - 1:
            self._recent.clear()
        self._recent.append(commit)
        if not entry.outcome.done():
            entry.outcome.set_result(commit)

    async def _after_refusal(self, rest: list[_Entry], code: int) -> list[_Entry]:
        """Why the server refused `rest[0]`; it may name any index violated, so each is looked at."""
        first, others = rest[0], rest[1:]
        if code != DUPLICATE_KEY:
            return self._fail(first, DocumentRefused(f"the store refused it (code {code})"), others)
        assert first.place is not None
        existing = await self.by_id(first.draft.id)
        if existing is not None and existing.events and existing.events[0].id == first.draft.events[0].id:
            first.place = (existing.pos, existing.at)  # an earlier submission of ours had landed
            self._settle(first)
            return others
        if existing is not None:
            return self._fail(first, CommitExists(existing), others)
        keys = [key(event.stream, event.version) for event in first.draft.events]
        if await self._commits.find_one({"keys": {"$in": keys}}, {"_id": 1}) is not None:
            return self._fail(first, StreamMoved(), others)
        if await self._at(first.place[0]) is not None:
            self._head.known = False
            self._rival_seen = monotonic()
            for entry in rest:
                entry.place = None
        else:
            await asyncio.sleep(RETRY_PAUSE_S)  # what stood in the way has gone again: ask once more
        return rest

    @staticmethod
    def _fail(entry: _Entry, error: Exception, others: list[_Entry]) -> list[_Entry]:
        """`entry` can never land now, so the ordered inserts behind it never ran: they move up."""
        if not entry.outcome.done():
            entry.outcome.set_exception(error)
        for other in others:
            other.place = None
        return others


def _retrieve(outcome: asyncio.Future[Commit]) -> None:
    if not outcome.cancelled():
        outcome.exception()


def _encode(draft: Draft) -> bytes:
    try:
        body = bson.encode(to_document(draft))
    except (InvalidDocument, InvalidStringData, DocumentTooLarge, OverflowError, UnicodeError) as error:
        raise DocumentRefused(f"no form for a value ({type(error).__name__})") from error
    if len(body) > MAX_COMMIT_BYTES:
        raise DocumentRefused(f"{len(body)} bytes; the limit is {MAX_COMMIT_BYTES}")
    return body


def _raw(entry: _Entry) -> RawBSONDocument:
    """The encoded draft with `pos` and `at` behind it: places change, the rest is encoded once."""
    assert entry.place is not None
    pos, at = entry.place
    text = at.encode() + b"\0"
    elements = b"".join(
        (
            entry.body[4:-1],
            b"\x12pos\0",
            struct.pack("<q", pos),
            b"\x02at\0",
            struct.pack("<i", len(text)),
            text,
        )
    )
    return RawBSONDocument(struct.pack("<i", len(elements) + 5) + elements + b"\0")
