"""One command: read streams, decide, append what was decided in one write.

Source: docs/architecture.md, "Event store".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from shared.kernel.canonical import Json
from shared.kernel.commit import Actor, Answer, Commit, Draft, StoredEvent
from shared.kernel.decider import Decider, Refused
from shared.kernel.event import Event
from shared.kernel.times import format_time
from shared.runtime.at_hand import AtHand, Known
from shared.runtime.ids import new_event_id
from shared.runtime.log import CommitExists, CommitLog, StreamMoved
from shared.runtime.sealed import Detail, Listing, SealedDetails, new_detail
from shared.runtime.sealed_files import File, new_file

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E", bound=Event)

ATTEMPTS = 8


class VersionMismatch(Exception):
    """If-Match named another version than the stream has (412)."""


class KeyReused(Exception):
    """An Idempotency-Key came again with another request (422)."""


class StreamBusy(Exception):
    """Others kept moving the streams while this command was decided (409)."""


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[C, S, E]):
    """A decider, and how its stored events are read: `decode` gives None for a type it does not know."""

    decider: Decider[C, S, E]
    decode: Callable[[str, Mapping[str, Json]], E | None]


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks, when, and how this call can be told from others.

    `commit_id` is derived from the Idempotency-Key if the caller gave one, else fresh.
    """

    actor: Actor
    now: datetime
    correlation: str
    commit_id: str
    repeatable: bool = False
    request_mac: str | None = None
    if_match: int | None = None
    causation: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the caller is told. `pos` is None if nothing was recorded; `replayed` if it was done before."""

    answer: Answer
    pos: int | None
    replayed: bool = False


@dataclass(slots=True)
class Transaction:
    """The streams one command reads and the events it records.

    What `at_hand` has is not read; `recalled` are the streams of which that was taken.
    """

    log: CommitLog
    context: Context
    at_hand: AtHand | None = None
    recalled: set[str] = field(default_factory=set)
    events: list[StoredEvent] = field(default_factory=list)
    details: list[Detail] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    _versions: dict[str, int] = field(default_factory=dict)
    _states: dict[str, object] = field(default_factory=dict)
    _loaded: dict[str, Known] = field(default_factory=dict)
    _decided: bool = False

    async def load(self, aggregate: Aggregate[C, S, E], stream: str) -> S:
        """The state of `stream`, with what this transaction has recorded in it."""
        if stream not in self._states:
            known = None if self.at_hand is None else self.at_hand.of(stream, aggregate)
            if known is None:
                known = await self._read(aggregate, stream)
            else:
                self.recalled.add(stream)
            self._has(stream, known)
        state: S = self._states[stream]  # type: ignore[assignment]  # one stream has one aggregate
        return state

    def began(self, stream: str) -> str:
        """When the first event of a loaded stream occurred."""
        return self._loaded[stream].began

    def version(self, stream: str) -> int:
        """The version of a loaded stream, this transaction's events included."""
        return self._versions[stream]

    async def decide(
        self,
        aggregate: Aggregate[C, S, E],
        stream: str,
        command: C,
        occurred_at: datetime | None = None,
    ) -> S:
        """Decide `command` on `stream` and record the events; the state after. Raises Refused.

        The first stream that is decided on is the one that If-Match speaks of.
        """
        first, self._decided = not self._decided, True
        state = await self.load(aggregate, stream)
        if first and self.context.if_match not in (None, self.version(stream)):
            raise VersionMismatch
        decided = aggregate.decider.decide(command, state)
        self._record(stream, decided, occurred_at or self.context.now)
        after = aggregate.decider.fold.over(decided, state)
        self._states[stream] = after
        return after

    def seal(
        self,
        subject: str,
        content: Mapping[str, Json],
        person: bool = True,
        listing: Listing | None = None,
    ) -> str:
        """Keep `content` as a sealed detail of `subject`, written before the commit; its digest.

        `person` if the subject is one, who can ask for an erasure; `listing` if it is to be found by it.
        """
        detail = new_detail(subject, content, person, listing)
        self.details.append(detail)
        return detail.digest

    def seal_file(self, subject: str, data: bytes) -> str:
        """Keep the bytes of a file sealed as what is `subject`'s, written before the commit; their digest.
        Raises ValueError for none, and for too many."""
        file = new_file(subject, data)
        self.files.append(file)
        return file.digest

    async def begin(self, aggregate: Aggregate[C, S, E], stream: str, command: C) -> S:
        """Like `decide`, for a stream whose name was made just now: nothing is read."""
        if self.context.if_match is not None:
            raise VersionMismatch
        self._has(stream, Known(aggregate, 0, "", aggregate.decider.fold.initial))
        return await self.decide(aggregate, stream, command)

    def known_after(self) -> Iterator[tuple[str, Known]]:
        """What the streams are once the events are in the log, as who reads them there has it."""
        for stream in {event.stream: None for event in self.events}:
            before, first = self._loaded[stream], next(e for e in self.events if e.stream == stream)
            began = before.began if before.version else first.occurred_at
            yield stream, Known(before.aggregate, self._versions[stream], began, self._states[stream])

    def proven(self) -> bool:
        """Whether the log, by taking the events, says that what was recalled is so."""
        return self.recalled <= {event.stream for event in self.events}

    async def _read(self, aggregate: Aggregate[C, S, E], stream: str) -> Known:
        stored = await self.log.stream(stream)
        decoded = (aggregate.decode(event.type, event.data) for event in stored)
        state = aggregate.decider.fold.over(event for event in decoded if event is not None)
        return Known(aggregate, len(stored), stored[0].occurred_at if stored else "", state)

    def _has(self, stream: str, known: Known) -> None:
        self._loaded[stream] = known
        self._states[stream], self._versions[stream] = known.state, known.version

    def _record(self, stream: str, decided: Sequence[Event], occurred_at: datetime) -> None:
        for event in decided:
            self._versions[stream] += 1
            self.events.append(
                StoredEvent(
                    id=new_event_id(),
                    type=event.type,
                    stream=stream,
                    version=self._versions[stream],
                    data=event.model_dump(mode="json", exclude_none=True),
                    occurred_at=format_time(occurred_at),
                )
            )


class Executor:
    """Runs commands against one service's log."""

    def __init__(self, log: CommitLog, sealed: SealedDetails) -> None:
        self._log = log
        self._sealed = sealed
        self.at_hand = AtHand()

    def reading(self, context: Context) -> Transaction:
        """A transaction to read streams with; nothing of it is ever appended."""
        return Transaction(self._log, context)

    async def execute(self, context: Context, work: Callable[[Transaction], Awaitable[Answer]]) -> Outcome:
        """Run `work` until its events are in the log, once.

        At first on what is at hand; if the log cannot prove that, on what the log has.

        Raises Refused, VersionMismatch, KeyReused, StreamBusy, Erased, DocumentRefused, StoreUnavailable.
        """
        if (done := await self._done_before(context)) is not None:
            return done
        for attempt in range(ATTEMPTS):
            transaction = Transaction(self._log, context, None if attempt else self.at_hand)
            # Refused, or with nothing left to do, the first try of this very call may have landed since.
            try:
                answer = await work(transaction)
            except Exception as error:
                if transaction.recalled:
                    continue
                if not isinstance(error, Refused | VersionMismatch):
                    raise
                if (done := await self._done_before(context)) is not None:
                    return done
                raise
            if not transaction.proven():
                continue
            if not transaction.events:
                return await self._done_before(context) or Outcome(answer, None)
            try:
                commit = await self._append(transaction, answer)
            except StreamMoved:
                continue
            except CommitExists as exists:
                return _replay(exists.commit, context)
            return Outcome(answer, commit.pos)
        raise StreamBusy

    async def _done_before(self, context: Context) -> Outcome | None:
        if not context.repeatable:
            return None
        commit = await self._log.by_id(context.commit_id)
        return None if commit is None else _replay(commit, context)

    async def _append(self, transaction: Transaction, answer: Answer) -> Commit:
        context = transaction.context
        if transaction.details or transaction.files:
            first = transaction.events[0]
            await self._sealed.write(transaction.details, first.stream, first.version, transaction.files)
        commit = await self._log.append(
            Draft(
                id=context.commit_id,
                events=tuple(transaction.events),
                actor=context.actor,
                correlation=context.correlation,
                causation=context.causation,
                traceparent=context.traceparent,
                request_mac=context.request_mac,
                answer=answer if context.repeatable else None,
                once=context.repeatable,
            )
        )
        self._sealed.named(detail.digest for detail in transaction.details)
        self._sealed.named_files(file.digest for file in transaction.files)
        for stream, known in transaction.known_after():
            self.at_hand.keep(stream, known)
        return commit


def _replay(commit: Commit, context: Context) -> Outcome:
    if commit.request_mac != context.request_mac or commit.answer is None:
        raise KeyReused
    return Outcome(commit.answer, commit.pos, replayed=True)
