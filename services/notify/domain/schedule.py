"""What an answer means for a delivery, and when it is tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from shared.events.notify import Outcome

JITTER = 0.2
SHORT = 4
"""The waits that are left of the schedule for a refusal."""
PATIENT = frozenset({408, 421, 423, 425, 429})
"""The 4xx that say "later": RFC 9110, 8470 and 6585."""
LONGEST_RETRY_AFTER_S = 86_400.0
"""A receiver can ask for a day's patience, no more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status (HTTP's, SMTP's, a robot's), or None; the first of the `body`, at most 16 KiB;
    how many seconds the receiver asks to be left alone.

    `reason` is a short code for why it is no success, `error` the driver's kind of error, for the log. `gone`
    if the receiver said that it will never take anything again.
    """

    status: int | None = None
    retry_after: float = 0.0
    reason: str | None = None
    error: str | None = None
    body: bytes = b""
    gone: bool = False

    @property
    def accepted(self) -> bool:
        """Whether it is a 2xx, and nothing was said against it."""
        return self.status is not None and 200 <= self.status < 300 and self.reason is None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is made of it. `step` is how far the delivery is in its schedule; `wait` the seconds until the
    next attempt, only for `failed`."""

    outcome: Outcome
    step: int
    wait: float | None = None


def judge(
    answer: Answer, step: int, schedule: Sequence[float], jitter: float, counts: bool = True
) -> Verdict:
    """The verdict on an attempt of a delivery that is at `step` (from 0) of its `schedule`, the seconds after
    each failed attempt. `jitter` is between -1 and 1, and moves the wait by up to a fifth.

    Any 2xx is a delivery; everything else, redirects included, is tried again until the schedule is over,
    which for a 4xx that says nothing of patience is sooner. One that does not count is tried again and leaves
    the delivery at its step.
    """
    if answer.accepted:
        return Verdict("delivered", step)
    after = step + 1 if counts else step
    steps = schedule[:SHORT] if _is_refusal(answer) else schedule
    if counts and after > len(steps):
        return Verdict("exhausted", after)
    wait = steps[min(after, len(steps)) - 1] * (1 + JITTER * jitter) if after else schedule[0]
    return Verdict("failed", after, max(wait, min(answer.retry_after, LONGEST_RETRY_AFTER_S)))


def _is_refusal(answer: Answer) -> bool:
    """Whether the receiver says that the fault is ours: the same will hardly please it later."""
    status = answer.status
    if answer.reason in ("mailbox", "smtp-refused"):
        return True
    return status is not None and 400 <= status < 500 and status not in PATIENT and not answer.retry_after


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
