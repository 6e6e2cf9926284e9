"""The recorder: every event of every source once, in order, behind the one before.

It takes the batches of a follower that parks nothing: what is not understood is recorded like the rest.
Entries first, then the tip kept apart, then the follower's position; whatever is cut off in between comes
again and is known again by its place. A second writer is refused by the unique `seq`; it then reads on
from the tip it knows. Source: docs/architecture.md, "Followers".
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from prometheus_client import Gauge

from services.audit.domain.chain import Head, chained, leaf, leaf_hash
from services.audit.domain.contiguity import break_between, entry_id
from services.audit.entries import BEGINNING, PAGE, Entries, PlaceTaken, Tip
from services.audit.forks import Forks
from services.audit.verify import Fault, Verifier
from shared.kernel.canonical import decode_object, encode
from shared.kernel.cloudevent import START, CloudEvent
from shared.kernel.times import format_time
from shared.runtime.follower import SourceStopped
from shared.runtime.mongo import Document

ENTRIES = Gauge("linli_audit_entries", "entries in the log")
STOPPED = Gauge(
    "linli_audit_source_stopped", "whether nothing more is recorded of a source", ["source", "reason"]
)

FORKED, BROKEN, DAMAGED = "forked", "not-contiguous", "log-damaged"

log = structlog.get_logger()


class Recorder:
    """The one who writes the log. `stopped` says of which sources nothing more is recorded, and why."""

    def __init__(self, entries: Entries, forks: Forks, services: Sequence[str]) -> None:
        self._entries = entries
        self._forks = forks
        self._services = services
        self._lock = asyncio.Lock()
        self._tip = BEGINNING
        self._tip_is_sure = False
        self.stopped: dict[str, str] = {}

    async def open(self) -> None:
        """Find the tip and what was stopped before. What is wrong with the log's end stops everything."""
        await self._entries.open()
        self.stopped.clear()
        await self._forks.load(self._services)
        for service in self._forks.found:
            self._stop(service, FORKED)
        self._tip = await self._entries.tip()
        if self._tip.head.size:
            last = await self._entries.at(self._tip.head.size - 1)
            if last is None or last["chain"] != self._tip.head.chain:
                self._damaged("the log does not have the head that was kept apart")
                return
        await self._read_on()

    async def head(self) -> Head:
        """The log's head; what another writer has added included."""
        async with self._lock:
            await self._read_on()
            return self._tip.head

    async def record(self, events: Sequence[CloudEvent]) -> None:
        """Record a batch of one source; what of it is recorded already must be the same.

        Raises SourceStopped if nothing more of that source is recorded, PyMongoError if the store is away.
        """
        async with self._lock:
            if not self._tip_is_sure:
                await self._read_on()
            self._require_going(events[0].service)
            fresh = await self._behind_the_tip(events)
            while fresh and not await self._append(fresh):
                self._require_going(events[0].service)
                fresh = await self._behind_the_tip(fresh)

    async def seen_again(self, events: Sequence[CloudEvent]) -> None:
        """Compare events of one source that came at places which were recorded before."""
        async with self._lock:
            self._require_going(events[0].service)
            for event in events:
                await self._require_same(event)

    async def _behind_the_tip(self, events: Sequence[CloudEvent]) -> Sequence[CloudEvent]:
        """Those of `events` that are not recorded yet. Raises SourceStopped at a fork or a gap."""
        service = events[0].service
        last = self._tip.places.get(service, START)
        fresh = []
        for event in events:
            match break_between(last, event.place):
                case None:
                    fresh.append(event)
                    last = event.place
                case "again":
                    await self._require_same(event)
                case wrong:
                    log.error("source-not-contiguous", source=service, wrong=wrong, event_id=event.id)
                    raise self._stop(service, BROKEN)
        return fresh

    async def _append(self, events: Sequence[CloudEvent]) -> bool:
        """Record fresh events of one source; false if another writer was there first."""
        documents, tip = _chained(self._tip, events)
        self._tip_is_sure = False
        try:
            await self._entries.append(documents)
        except PlaceTaken:
            if not await self._read_on():
                self._damaged("an entry that is not part of the log stands in the way")
            return False
        await self._entries.keep_tip(tip)
        self._tip, self._tip_is_sure = tip, True
        ENTRIES.set(tip.head.size)
        return True

    async def _require_same(self, event: CloudEvent) -> None:
        """Raise SourceStopped if another event, or other bytes, are recorded at this event's place."""
        if await self._forks.contradicts(event, _canonical(event)):
            raise self._stop(event.service, FORKED)

    async def _read_on(self) -> int:
        """Take in what is in the log behind the tip, checked like any log; how many entries that was."""
        start = self._tip.head.size
        verifier = Verifier((), self._tip.head, self._tip.places, self._tip.recorded)
        while True:
            size = verifier.head.size
            for entry in await self._entries.window(size, size + PAGE - 1):
                verifier.check(entry)
            if (fault := verifier.verdict().fault) is not None:
                self._damaged(fault)
                break
            if verifier.head.size - size < PAGE:
                break
        self._tip = Tip(verifier.head, verifier.recorded, dict(verifier.places))
        self._tip_is_sure = True
        ENTRIES.set(self._tip.head.size)
        return self._tip.head.size - start

    def _require_going(self, service: str) -> None:
        if service in self.stopped:
            raise SourceStopped(self.stopped[service])

    def _stop(self, service: str, reason: str) -> SourceStopped:
        self.stopped[service] = reason
        STOPPED.labels(service, reason).set(1)
        return SourceStopped(reason)

    def _damaged(self, fault: Fault | str) -> None:
        """Record nothing more at all: to write on would bury what is left of the evidence."""
        log.error("log-damaged", fault=str(fault))
        for service in self._services:
            self.stopped.setdefault(service, DAMAGED)
            STOPPED.labels(service, self.stopped[service]).set(1)


def _chained(tip: Tip, events: Sequence[CloudEvent]) -> tuple[list[Document], Tip]:
    """The entries of `events` behind `tip`, and the tip behind them. `recorded` never goes back."""
    seq, chain = tip.head.size, tip.head.chain
    recorded = max(format_time(datetime.now(UTC)), tip.recorded)
    documents: list[Document] = []
    for event in events:
        data = leaf(seq, recorded, _canonical(event))
        hashed = leaf_hash(data)
        chain = chained(chain, hashed)
        documents.append(
            {
                "_id": entry_id(event.service, event.place),
                "seq": seq,
                "leaf": data,
                "leaf_hash": hashed,
                "chain": chain,
                "type": event.type,
                "stream": event.stream,
            }
        )
        seq += 1
    places = {**tip.places, events[-1].service: events[-1].place}
    return documents, Tip(Head(seq, chain), recorded, places)


def _canonical(event: CloudEvent) -> bytes:
    """The event's canonical bytes. A source that sends others is not let into the log with them: they
    could be read in two ways, and verify would blame the log."""
    return encode(decode_object(event.raw))
