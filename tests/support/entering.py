"""registry's read model, and events of registry's own log for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent, encoded, parse
from shared.kernel.commit import Actor, Commit, StoredEvent
from shared.kernel.event import Event
from shared.kernel.times import format_time

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Told:
    """registry's log as it is told: a commit for each call, one minute after the other."""

    versions: dict[str, int] = field(default_factory=dict)
    commits: int = 0

    def say(self, *events: tuple[str, Event]) -> list[CloudEvent]:
        """One commit of (stream, event)."""
        self.commits += 1
        time = format_time(BEGUN + timedelta(minutes=self.commits))
        stored = []
        for stream, event in events:
            version = self.versions[stream] = self.versions.get(stream, 0) + 1
            data: dict[str, Json] = event.model_dump(mode="json", exclude_none=True)
            stored.append(StoredEvent(f"{stream}-{version}", event.type, stream, version, data, time))
        actor = Actor("dispatcher", "client-1")
        commit = Commit(f"c-{self.commits}", tuple(stored), actor, "c", pos=self.commits, at=time)
        return [parse(raw) for raw in encoded("registry", commit)]

    def history(self, *events: tuple[str, Event]) -> list[CloudEvent]:
        """A commit for each."""
        return [told for event in events for told in self.say(event)]


def shuffled(events: Sequence[CloudEvent]) -> list[list[CloudEvent]]:
    """`events` as they may come: all at once, one by one, and all of them after all of them."""
    return [[*events], *([event] for event in events), [*events]]
