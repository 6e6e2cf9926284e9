"""Group commit: concurrent appends of one process go out as one ordered insert, each with its own outcome.

A place is filled before the next is tried, so there is never a gap. After an outcome that nobody knows the
very same documents are sent again, in the same places. Source: docs/architecture.md, "Event store".
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic

import bson
import structlog
from bson.errors import InvalidDocument, InvalidStringData
from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError, DocumentTooLarge, PyMongoError

from shared.kernel.commit import Commit, Draft
from shared.kernel.times import format_time
from shared.runtime.commits import Commits, Head
from shared.runtime.log import CommitExists, DocumentRefused, StreamMoved, keys_of, placed, to_document
from shared.runtime.mongo import DUPLICATE_KEY, StoreUnavailable, is_passing

MAX_COMMIT_BYTES = 4 * 1024 * 1024
GROUP = 64
QUEUE_LIMIT = 2000
RETRY_PAUSE_S = 0.01
# Whoever has just written is the quickest to know the head, and would win for ever. So a writer that
# never runs dry now and then leaves the head alone for as long as another needs to find it and write.
TURN_S = 1.0
TURN_AMONG_RIVALS_S = 0.1
RIVAL_MEMORY_S = 10.0
LEAVE_S = 0.02

log = structlog.get_logger()


@dataclass(eq=False, slots=True)
class Entry:
    """An append on its way. `place` stays as it is until it is known that the place is another's."""

    draft: Draft
    body: bytes
    outcome: asyncio.Future[Commit]
    submitted: bool = False
    place: tuple[int, str] | None = None


@dataclass(slots=True)
class GroupCommit:
    """The queue of appends and the one writer that empties it.

    `written` is told of each commit and its size in bytes, in order; `turned` is called after each group.
    """

    commits: Commits
    written: Callable[[Commit, int], None]
    turned: Callable[[], None]
    head: Head = field(default_factory=Head)
    _head_is_known: bool = False
    _queue: deque[Entry] = field(default_factory=deque)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: bool = False
    _rival_seen: float = field(default_factory=monotonic)

    def join(self, draft: Draft) -> Entry:
        """Put `draft` into the queue. Raises DocumentRefused, alone, before it has joined."""
        entry = Entry(draft, _encode(draft), asyncio.get_running_loop().create_future())
        if self._stopping or len(self._queue) >= QUEUE_LIMIT:
            raise StoreUnavailable("no further append is taken now")
        entry.outcome.add_done_callback(_retrieve)
        self._queue.append(entry)
        self._wake.set()
        return entry

    def withdraw(self, entry: Entry) -> None:
        """Take an entry back, if it is not on its way yet."""
        if not entry.submitted:
            self._queue.remove(entry)

    def stop(self) -> None:
        """Take nothing more; `run` ends when the queue is empty."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Write what joins, group by group."""
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
        self.turned()

    def _has_rivals(self) -> bool:
        return monotonic() - self._rival_seen < RIVAL_MEMORY_S

    async def _write(self, group: list[Entry]) -> None:
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

    async def _attempt(self, group: list[Entry]) -> list[Entry]:
        """Submit `group` once; the entries whose outcome is still open, with the places they keep."""
        if not self._head_is_known:
            self.head = await self.commits.head_from(self.head.pos)
            self._head_is_known = True
        self._assign_places(group)
        written = len(group)
        error: BulkWriteError | None = None
        try:
            await self.commits.insert([_raw(entry) for entry in group])
        except BulkWriteError as raised:
            if not raised.details["writeErrors"]:
                raise  # a write-concern error: in the log or not, nobody knows yet
            error, written = raised, int(raised.details["writeErrors"][0]["index"])
        for entry in group[:written]:
            self._settle(entry)
        if error is None:
            return []
        return await self._after_refusal(group[written:], int(error.details["writeErrors"][0]["code"]))

    def _assign_places(self, group: list[Entry]) -> None:
        pos, at = self.head.pos, max(self.head.at, format_time(datetime.now(UTC)))
        for entry in group:
            if entry.place is None:
                entry.place = (pos + 1, at)
            pos, at = entry.place

    def _settle(self, entry: Entry) -> None:
        assert entry.place is not None
        pos, at = entry.place
        self.head = Head(pos, at)
        commit = placed(entry.draft, pos, at)
        self.written(commit, len(entry.body))
        if not entry.outcome.done():
            entry.outcome.set_result(commit)

    async def _after_refusal(self, rest: list[Entry], code: int) -> list[Entry]:
        """Why the server refused `rest[0]`; it may name any index violated, so each is looked at."""
        first, others = rest[0], rest[1:]
        if code != DUPLICATE_KEY:
            return self._fail(first, DocumentRefused(f"the store refused it (code {code})"), others)
        assert first.place is not None
        there = await self.commits.at(first.place[0])
        if there is not None and there.events[0].id == first.draft.events[0].id:
            first.place = (there.pos, there.at)  # an earlier submission of ours had landed
            self._settle(first)
            return others
        if first.draft.once and (done := await self.commits.holding([first.draft.id])) is not None:
            return self._fail(first, CommitExists(done), others)
        if await self.commits.holding(keys_of(first.draft)) is not None:
            return self._fail(first, StreamMoved(), others)
        if there is not None:
            self._head_is_known = False
            self._rival_seen = monotonic()
            for entry in rest:
                entry.place = None
        else:
            await asyncio.sleep(RETRY_PAUSE_S)  # what stood in the way has gone again: ask once more
        return rest

    @staticmethod
    def _fail(entry: Entry, error: Exception, others: list[Entry]) -> list[Entry]:
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


def _raw(entry: Entry) -> RawBSONDocument:
    """The encoded draft with `_id` and `at` before it: places change, the rest is encoded once."""
    assert entry.place is not None
    pos, at = entry.place
    text = at.encode() + b"\0"
    elements = b"".join(
        (
            b"\x12_id\0",
            struct.pack("<q", pos),
            b"\x02at\0",
            struct.pack("<i", len(text)),
            text,
            entry.body[4:-1],
        )
    )
    return RawBSONDocument(struct.pack("<i", len(elements) + 5) + elements + b"\0")
