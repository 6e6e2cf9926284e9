"""The events of audit: who read the log, and what was found wrong with it."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.kernel.event import Event


class LogRead(Event):
    """An auditor (the event's `authid`) read the log."""

    type: ClassVar[str] = "log-read"

    what: Literal["entries", "state"]
    stream: str | None = None
    after: int | None = None
    limit: int | None = None


class LogVerified(Event):
    """The whole log was checked against its chain."""

    type: ClassVar[str] = "log-verified"

    intact: bool
    entries: int
    chain: str


class SourceForked(Event):
    """A service said something else at a place where it had spoken: that source is no longer recorded."""

    type: ClassVar[str] = "source-forked"

    source: str
    sequence: str
    recorded_event: str
    other_event: str
