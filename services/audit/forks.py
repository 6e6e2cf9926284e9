"""Sources that contradicted themselves: they said something at a place, and later something else there.

A fork is an event of audit's own log, on the stream `source-<service>`; so it survives a restart, and
whoever follows audit hears of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from services.audit.domain.chain import GENESIS, begins, chained, leaf_hash, read_leaf
from services.audit.domain.contiguity import entry_id
from services.audit.entries import Entries
from shared.events.audit import SourceForked
from shared.kernel.cloudevent import CloudEvent, sequence
from shared.kernel.commit import Actor, Draft, StoredEvent
from shared.kernel.times import format_time
from shared.runtime.ids import new_event_id
from shared.runtime.log import CommitExists, CommitLog, StreamMoved
from shared.runtime.mongo import Document

ACTOR = Actor("system", "audit")

log = structlog.get_logger()


class Forks:
    """The forks on record. `found` has the first of each source that has one."""

    def __init__(self, entries: Entries, commits: CommitLog, community: str) -> None:
        self._entries = entries
        self._commits = commits
        self._community = community
        self.found: dict[str, SourceForked] = {}

    async def load(self, services: Sequence[str]) -> None:
        """Read which of `services` have forked."""
        for service in services:
            if stored := await self._commits.stream(f"source-{service}"):
                self.found[service] = SourceForked.model_validate(stored[0].data)

    async def contradicts(self, event: CloudEvent, content: bytes) -> bool:
        """Whether something else is recorded at this event's place than its `content`; if so, report it."""
        entry = await self._entries.by_id(entry_id(event.service, event.place))
        if entry is None:
            log.error("entry-missing", source=event.service, event_id=event.id)
            return False
        data = entry["leaf"]
        if isinstance(data, bytes) and data.startswith(begins(content)):
            return False
        if not await self._stands(entry):
            # Our own entry was altered: that is for verify to say, and not the source's doing.
            log.error("entry-altered", seq=entry["seq"])
            return False
        await self.report(str(read_leaf(data).event["id"]), event)
        return True

    async def _stands(self, entry: Document) -> bool:
        """Whether `entry` hangs together with its neighbours in the log."""
        seq = int(entry["seq"])
        before = await self._entries.at(seq - 1) if seq else None
        chain = GENESIS if before is None else before["chain"]
        for each in await self._entries.window(seq, seq + 1):
            if not (isinstance(each["leaf"], bytes) and isinstance(chain, bytes)):
                return False
            chain = chained(chain, leaf_hash(each["leaf"]))
            if chain != each["chain"]:
                return False
        return True

    async def report(self, recorded_event: str, other: CloudEvent) -> None:
        """Put on record that `other` came at the place where `recorded_event` is recorded. Once is enough."""
        place = sequence(other.place.pos, other.place.index)
        forked = SourceForked(
            community=self._community,
            source=other.service,
            sequence=place,
            recorded_event=recorded_event,
            other_event=other.id,
        )
        log.error(
            "source-forked", source=other.service, sequence=place, recorded=recorded_event, other=other.id
        )
        stored = StoredEvent(
            id=new_event_id(),
            type=forked.type,
            stream=f"source-{other.service}",
            version=1,
            data=forked.model_dump(mode="json", exclude_none=True),
            occurred_at=format_time(datetime.now(UTC)),
        )
        draft = Draft(f"source-forked:{other.service}", (stored,), ACTOR, other.correlation, other.id)
        try:
            await self._commits.append(draft)
        except (CommitExists, StreamMoved):
            log.info("source-forked-already", source=other.service)
        self.found.setdefault(other.service, forked)
