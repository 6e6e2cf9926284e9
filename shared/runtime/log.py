"""The commit log: the interface of the event store, its errors, and the commit as a document.

Source: docs/architecture.md, "Event store".
"""

from __future__ import annotations

from typing import Protocol

from shared.kernel.commit import Actor, Answer, Commit, Draft, StoredEvent, key
from shared.runtime.mongo import Document


class CommitExists(Exception):
    """A commit with this id is in the log already: the command was done. `commit` is what it did."""

    def __init__(self, commit: Commit) -> None:
        super().__init__(commit.id)
        self.commit = commit


class StreamMoved(Exception):
    """Another commit took a version that this one wanted: load again and decide again."""


class DocumentRefused(Exception):
    """The store cannot hold this commit: too large, or a value that it has no form for."""


class CommitLog(Protocol):
    """A service's log. Implementations: `runtime.store.EventStore`, and a twin in memory for tests."""

    async def append(self, draft: Draft) -> Commit:
        """Put `draft` at the head, whole or not at all.

        Raises CommitExists, StreamMoved, DocumentRefused; StoreUnavailable while the outcome is unknown.
        """
        ...

    async def by_id(self, commit_id: str) -> Commit | None:
        """The commit of a command that may be repeated (`Draft.once`), by its id."""
        ...

    async def by_version(self, stream: str, version: int) -> Commit | None:
        """The commit that took this version of `stream`."""
        ...

    async def head(self) -> int:
        """The position of the last commit; 0 for an empty log."""
        ...

    async def read(self, after: int, limit: int) -> list[Commit]:
        """The commits at `after` + 1 … `after` + `limit`, in order, without gaps."""
        ...

    async def stream(self, stream: str) -> list[StoredEvent]:
        """All events of `stream`, by version."""
        ...


def keys_of(draft: Draft) -> list[str]:
    """What no other commit of the log may have: the versions it takes, and its id if it is there once."""
    versions = [key(event.stream, event.version) for event in draft.events]
    return [draft.id, *versions] if draft.once else versions


def to_document(draft: Draft) -> Document:
    """`draft` as the document that the log keeps, without its place (`_id` and `at`)."""
    keys = keys_of(draft)
    return {
        "id": draft.id,
        # An index of a plain value costs the embedded store less than one of an array with one value.
        "keys": keys[0] if len(keys) == 1 else keys,
        "events": [_event_document(event) for event in draft.events],
        "actor": {"kind": draft.actor.kind, "id": draft.actor.id},
        "correlation": draft.correlation,
        "causation": draft.causation,
        "traceparent": draft.traceparent,
        "request_mac": draft.request_mac,
        "answer": _answer_document(draft.answer) if draft.answer is not None else None,
    }


def _event_document(event: StoredEvent) -> Document:
    # Written out, and not dataclasses.asdict, which copies deeply and costs more than the encoding.
    return {
        "id": event.id,
        "type": event.type,
        "stream": event.stream,
        "version": event.version,
        "data": event.data,
        "occurred_at": event.occurred_at,
    }


def _answer_document(answer: Answer) -> Document:
    return {
        "status": answer.status,
        "body": answer.body,
        "location": answer.location,
        "etag": answer.etag,
    }


def from_document(document: Document) -> Commit:
    """The commit that `document` holds."""
    answer = document["answer"]
    return Commit(
        id=document["id"],
        events=tuple(StoredEvent(**event) for event in document["events"]),
        actor=Actor(**document["actor"]),
        correlation=document["correlation"],
        causation=document["causation"],
        traceparent=document["traceparent"],
        request_mac=document["request_mac"],
        answer=Answer(**answer) if answer is not None else None,
        once=document["id"] in document["keys"],
        pos=document["_id"],
        at=document["at"],
    )


def events_of(stream: str, commits: list[Commit]) -> list[StoredEvent]:
    """The events of `stream` in `commits`, by version."""
    found = (event for commit in commits for event in commit.events if event.stream == stream)
    return sorted(found, key=lambda event: event.version)


def placed(draft: Draft, pos: int, at: str) -> Commit:
    """`draft` in its place."""
    return Commit(
        id=draft.id,
        events=draft.events,
        actor=draft.actor,
        correlation=draft.correlation,
        causation=draft.causation,
        traceparent=draft.traceparent,
        request_mac=draft.request_mac,
        answer=draft.answer,
        once=draft.once,
        pos=pos,
        at=at,
    )
