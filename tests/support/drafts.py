"""Commits for tests that need some, whatever they say."""

from __future__ import annotations

from uuid import uuid4

from shared.kernel.canonical import Json
from shared.kernel.commit import Actor, Answer, Draft, StoredEvent

ACTOR = Actor("system", "tests")


def draft(
    *keys: tuple[str, int],
    id: str | None = None,
    data: dict[str, Json] | None = None,
    type: str = "thing-happened",
    answer: Answer | None = None,
) -> Draft:
    """A commit with one event for each (stream, version) of `keys`."""
    body: dict[str, Json] = {"community": "shaba", **(data or {})}
    return Draft(
        id=id or str(uuid4()),
        events=tuple(
            StoredEvent(str(uuid4()), type, stream, version, body, "2026-11-24T03:29:28.123Z")
            for stream, version in keys
        ),
        actor=ACTOR,
        correlation="correlation-1",
        answer=answer,
    )
