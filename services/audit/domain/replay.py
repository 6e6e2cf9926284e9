"""What a stream was as of some moment: its recorded events, folded by the folds its own service uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime

from pydantic import BaseModel

from shared.events.index import decode
from shared.folds import (
    bulletin,
    calendar,
    capacity,
    credential,
    endpoint,
    feed,
    record,
    request,
    working_days,
)
from shared.kernel.canonical import Json
from shared.kernel.event import Event
from shared.kernel.times import format_time


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event of a stream, as the log has it. `at` is when its own service recorded it."""

    seq: int
    at: str
    type: str
    version: int
    data: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class AsOf:
    """A moment of the log: up to and with this time (as events write it) or this entry; else now."""

    time: str | None = None
    seq: int | None = None

    def has(self, event: Recorded) -> bool:
        """Whether `event` was on record by then."""
        if self.seq is not None:
            return event.seq <= self.seq
        return self.time is None or event.at <= self.time


@dataclass(frozen=True, slots=True)
class Replayed:
    """A stream's state and version. Not `complete`: a version is missing, or one could not be read."""

    state: Json
    version: int
    complete: bool


def replay(stream: str, events: Sequence[Recorded], as_of: AsOf) -> Replayed:
    """The state of `stream` after those of its `events` that were on record by `as_of`.

    What is not understood is left out, and said so by `complete`; the rest is folded.
    """
    known = sorted((event for event in events if as_of.has(event)), key=lambda event: event.version)
    decoded = [_decoded(event) for event in known]
    understood = [event for event in decoded if event is not None]
    gapless = [event.version for event in known] == list(range(1, len(known) + 1))
    return Replayed(
        state=to_json(_fold_of(stream)(understood)),
        version=known[-1].version if known else 0,
        complete=gapless and len(understood) == len(known),
    )


def _decoded(event: Recorded) -> Event | None:
    try:
        return decode(event.type, event.data)
    except ValueError:
        return None  # the type is known and this is none of it: for the reader the same as unknown


def _fold_of(stream: str) -> Callable[[Sequence[Event]], object]:
    match stream.split("-", 1)[0]:
        case "request":
            return request.FOLD.over
        case "bulletin":
            return bulletin.FOLD.over
        case "report":
            return bulletin.REPORT.over
        case "calendar":
            return calendar.FOLD.over
        case "capacity":
            return capacity.FOLD.over
        case "endpoint":
            return endpoint.FOLD.over
        case "feed":
            return feed.FOLD.over
        case "working":
            return working_days.FOLD.over
        case "client" | "token" | "person":
            return credential.FOLD.over
        case _:
            return record.FOLD.over


def to_json(value: object) -> Json:
    """A fold's state as JSON: dataclasses and models by their fields, times as the system writes them."""
    match value:
        case None | bool() | int() | str():
            return value
        case datetime():
            return format_time(value)
        case BaseModel():
            dumped: dict[str, Json] = value.model_dump(mode="json")
            return dumped
        case Mapping():
            return {str(name): to_json(item) for name, item in value.items()}
        case Sequence() | frozenset():
            return [to_json(item) for item in value]
        case _ if is_dataclass(value):
            return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
        case _:
            raise TypeError(f"no JSON for {type(value).__name__}")
