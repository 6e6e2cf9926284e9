"""Events of requests as dispatch's own log tells them, each at a moment of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.kernel.cloudevent import CloudEvent, encoded, parse
from shared.kernel.commit import Actor, Commit, StoredEvent
from shared.kernel.event import Event
from shared.kernel.times import format_time

Told = tuple[datetime, Event] | tuple[datetime, Event, datetime]
"""When it occurred, what did, and when that was recorded, if it was later."""


def heard(stream: str, *told: Told, start: int = 1) -> list[CloudEvent]:
    """The events of `stream`, a commit each, the first of them its version `start`."""
    found: list[CloudEvent] = []
    for version, each in enumerate(told, start=start):
        data = each[1].model_dump(mode="json", exclude_none=True)
        event = StoredEvent(f"{stream}-{version}", each[1].type, stream, version, data, format_time(each[0]))
        recorded = format_time(each[2] if len(each) == 3 else each[0])
        commit = Commit(event.id, (event,), Actor("dispatcher", "client-1"), "c", pos=version, at=recorded)
        found.extend(parse(raw) for raw in encoded("dispatch", commit))
    return found


def merged(*streams: Sequence[CloudEvent]) -> list[CloudEvent]:
    """The events of several streams in the order in which they were recorded."""
    return sorted((event for stream in streams for event in stream), key=lambda event: event.recorded)
