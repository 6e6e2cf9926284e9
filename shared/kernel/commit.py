"""The commit: what one command decided, as one document of the log. Source: docs/architecture.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.kernel.canonical import Json


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: `kind` is a role or `system`, `id` a client id or a service's name."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as the log keeps it. `version` counts from 1 in its stream."""

    id: str
    type: str
    stream: str
    version: int
    data: Mapping[str, Json]
    occurred_at: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller was told, for the same answer to a repeat. Never a secret, never a name."""

    status: int
    body: Mapping[str, Json]
    location: str | None = None
    etag: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A commit before it has its place. `events` carry the versions that they must take.

    `once` if the log may have its `id` once only, and finds it by that: the command may be repeated. A
    command that nobody can repeat does without, which spares the store an index entry.
    """

    id: str
    events: tuple[StoredEvent, ...]
    actor: Actor
    correlation: str
    causation: str | None = None
    traceparent: str | None = None
    request_mac: str | None = None
    answer: Answer | None = None
    once: bool = True


@dataclass(frozen=True, slots=True)
class Commit(Draft):
    """A commit in its place: `pos` is 1, 2, 3 … in the service's log, `at` never goes back."""

    pos: int = 0
    at: str = ""


def key(stream: str, version: int) -> str:
    """The text that reserves `version` of `stream` for one commit."""
    return f"{stream}@{version}"
