"""What an answer means for a delivery, and when it is tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

Outcome = Literal["delivered", "failed", "exhausted"]

JITTER = 0.2
LONGEST_RETRY_AFTER_S = 86_400.0
"""A receiver can ask for a day's patience, no more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: an HTTP status, or None, a short code of the `reason` and the driver's kind of `error`;
    how many seconds the receiver asks to be left alone."""

    status: int | None = None
    retry_after: float = 0.0
    reason: str | None = None
    error: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether it is a 2xx."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is made of it. `wait` is the seconds until the next attempt, only for `failed`."""

    outcome: Outcome
    wait: float | None = None


def judge(answer: Answer, attempt: int, schedule: Sequence[float], jitter: float) -> Verdict:
    """The verdict on attempt `attempt` (from 1). `jitter` is between -1 and 1, and moves the wait by ±20%.

    Any 2xx is a delivery; everything else, redirects included, is tried again until `schedule` (seconds
    after each failed attempt) is exhausted.
    """
    if answer.accepted:
        return Verdict("delivered")
    if attempt > len(schedule):
        return Verdict("exhausted")
    wait = schedule[attempt - 1] * (1 + JITTER * jitter)
    return Verdict("failed", max(wait, min(answer.retry_after, LONGEST_RETRY_AFTER_S)))


def read_retry_after(value: str | None, now: datetime) -> float:
    """The seconds that a `Retry-After` (RFC 9110, 10.2.3) asks for; 0 for none, or one that says nothing."""
    if value is None:
        return 0.0
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError, TypeError):  # OverflowError: a year that no integer of C holds
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)
