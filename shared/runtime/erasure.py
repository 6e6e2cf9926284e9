"""Following an erasure, or a consent that is withdrawn: a service deletes what it keeps about the person, and
says so once.

The details go first, then the event: after a crash in between both are done again, and the event's count is
then of what was left. The commit's id is the heard event's, so that it is recorded once. Only an erasure
leaves a tombstone: what consent was withdrawn for may be kept again after a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

    async def follow(self, event: CloudEvent, also: Sequence[str] = ()) -> None:
        """Delete what is kept about the subject, which is the event's stream, and about `also`, which turned
        out to be of the same person; safe to repeat."""
        counts = {each: len(await self._sealed.erase(each)) for each in (event.stream, *also)}
        await self._say("erasure", f"erasure-{event.stream}", counts, event)

    async def withdraw(self, event: CloudEvent, persons: Sequence[str]) -> None:
        """Delete what is kept about `persons`, of whom there may be more later; safe to repeat."""
        counts = {person: len(await self._sealed.delete([person])) for person in persons}
        await self._say("withdrawal", f"withdrawal-{event.id}", counts, event)

    async def _say(self, what: str, stream: str, counts: dict[str, int], event: CloudEvent) -> None:
        now = format_time(datetime.now(UTC))
        said = [
            self._erased(community=event.community, subject=subject, count=count)
            for subject, count in counts.items()
        ]
        stored = tuple(
            StoredEvent(new_event_id(), each.type, stream, version, each.model_dump(mode="json"), now)
            for version, each in enumerate(said, 1)
        )
        actor = Actor("system", self._service)
        draft = Draft(f"{what}:{event.id}", stored, actor, event.correlation, causation=event.id)
        try:
            await self._log.append(draft)
        except CommitExists:
            return
