"""A stored event as a CloudEvents 1.0 JSON document: the one form that broker, feed and audit carry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.kernel.canonical import Json, decode_object, encode
from shared.kernel.commit import Commit

_WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an event stands in its source's log: commit `pos`, `index` in it, events in that commit."""

    pos: int
    index: int
    size: int

    def next_is(self, other: Place) -> bool:
        """Whether `other` comes right behind this place, with nothing between."""
        if self.index + 1 < self.size:
            return (other.pos, other.index) == (self.pos, self.index + 1)
        return (other.pos, other.index) == (self.pos + 1, 0)


READABLE = frozenset({"request", "resident", "unit", "volunteer"})
"""The kinds of things whose details can be asked for; of the others they are secrets."""

START = Place(0, 0, 1)
"""The place before the first event of a log."""


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """A CloudEvent as received: its exact bytes, and what following it needs."""

    raw: bytes
    id: str
    service: str
    type: str
    stream: str
    version: int
    place: Place
    time: str
    recorded: str
    community: str
    correlation: str
    data: Mapping[str, Json]


def source_of(service: str) -> str:
    """The `source` attribute of a service's events: `/linli/dispatch`."""
    return f"/linli/{service}"


def sequence(pos: int, index: int) -> str:
    """`pos` and `index`, padded so that text order is log order: `000000000184.0000`."""
    return f"{pos:012d}.{index:04d}"


def documents(service: str, commit: Commit) -> list[dict[str, Json]]:
    """The CloudEvents of `commit`, in order. Pure: the same commit gives the same documents for ever."""
    return [_document(service, commit, index) for index in range(len(commit.events))]


def _document(service: str, commit: Commit, index: int) -> dict[str, Json]:
    event = commit.events[index]
    document: dict[str, Json] = {
        "specversion": "1.0",
        "id": event.id,
        "source": source_of(service),
        "type": event.type,
        "time": event.occurred_at,
        "recordedtime": commit.at,
        "subject": event.stream,
        "partitionkey": event.stream,
        "streamversion": event.version,
        "sequence": sequence(commit.pos, index),
        "commitsize": len(commit.events),
        "community": event.data["community"],
        "correlationid": commit.correlation,
        "authtype": "system" if commit.actor.kind == "system" else "service_account",
        "authid": commit.actor.id,
        "authrole": commit.actor.kind,
        "datacontenttype": "application/json",
        "dataschema": f"urn:linli:event:{event.type}:1",
        "data": dict(event.data),
    }
    if commit.causation is not None:
        document["causationid"] = commit.causation
    if commit.traceparent is not None:
        document["traceparent"] = commit.traceparent
    kind = event.stream.partition("-")[0]
    if kind in READABLE and "details" in event.data:
        document["dataref"] = f"/v1/{kind}s/{event.stream}/details"
    return document


def encoded(service: str, commit: Commit) -> list[bytes]:
    """The canonical bytes of each of `documents`."""
    return [encode(document) for document in documents(service, commit)]


def heard(service: str, commit: Commit) -> list[CloudEvent]:
    """The events of `commit` as whoever follows the log hears them: as if each of `encoded` were parsed."""
    return [
        CloudEvent(
            raw=raw,
            id=event.id,
            service=service,
            type=event.type,
            stream=event.stream,
            version=event.version,
            place=Place(commit.pos, index, len(commit.events)),
            time=event.occurred_at,
            recorded=commit.at,
            community=str(event.data["community"]),
            correlation=commit.correlation,
            data=event.data,
        )
        for index, (event, raw) in enumerate(zip(commit.events, encoded(service, commit), strict=True))
    ]


def parse(raw: bytes) -> CloudEvent:
    """The CloudEvent that `raw` holds. Raises ValueError if it is not one of ours."""
    return from_document(decode_object(raw), raw)


def from_document(document: Mapping[str, Json], raw: bytes) -> CloudEvent:
    """The CloudEvent that `document` says, `raw` its bytes. Raises ValueError if it is not one of ours."""
    try:
        prefix, service = _text(document["source"]).rsplit("/", 1)
        data = document["data"]
        if prefix != "/linli" or not service:
            raise ValueError("an unknown source")
        if not isinstance(data, dict):
            raise ValueError("an attribute has the wrong type")
        return CloudEvent(
            raw=raw,
            id=_text(document["id"]),
            service=service,
            type=_text(document["type"]),
            stream=_text(document["subject"]),
            version=_count(document["streamversion"]),
            place=_place(_text(document["sequence"]), _count(document["commitsize"])),
            time=_time(document["time"]),
            recorded=_time(document["recordedtime"]),
            community=_text(document["community"]),
            correlation=_text(document["correlationid"]),
            data=data,
        )
    except KeyError as missing:
        raise ValueError(f"an attribute is missing: {missing.args[0]}") from missing


def _text(value: Json) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("an attribute is no text")
    return value


def _count(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("an attribute is no number from 1")
    return value


def _place(text: str, size: int) -> Place:
    pos, _, index = text.partition(".")
    place = Place(int(pos), int(index), size)
    if text != sequence(place.pos, place.index) or place.pos < 1 or not 0 <= place.index < size:
        raise ValueError("a sequence that is none")
    return place


def _time(value: Json) -> str:
    """Times are compared as text, so that none may be written otherwise."""
    text = _text(value)
    if _WRITTEN.fullmatch(text) is None:
        raise ValueError("an attribute is no time")
    return text
