"""Following an erasure: every service deletes what it keeps about the person, and says so once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from shared.kernel.cloudevent import CloudEvent
from shared.kernel.commit import Actor, Draft, StoredEvent
from shared.kernel.event import Event
from shared.kernel.times import format_time
from shared.runtime.ids import new_event_id
from shared.runtime.log import CommitExists, CommitLog
from shared.runtime.sealed import SealedDetails


class Erasure:
    """The reaction to an erasure. `erased(community=, subject=, count=)` makes the event that says so."""

    def __init__(
        self, service: str, log: CommitLog, sealed: SealedDetails, erased: Callable[..., Event]
    ) -> None:
        self._service = service
        self._log = log
        self._sealed = sealed
        self._erased = erased

    async def follow(self, event: CloudEvent) -> None:
        """Delete what is kept about the subject, which is the event's stream; safe to repeat."""
        digests = await self._sealed.erase(event.stream)
        said = self._erased(community=event.community, subject=event.stream, count=len(digests))
        stored = StoredEvent(
            id=new_event_id(),
            type=said.type,
            stream=f"erasure-{event.stream}",
            version=1,
            data=said.model_dump(mode="json"),
            occurred_at=format_time(datetime.now(UTC)),
        )
        actor = Actor("system", self._service)
        draft = Draft(f"erasure:{event.id}", (stored,), actor, event.correlation, causation=event.id)
        try:
            await self._log.append(draft)
        except CommitExists:
            return
