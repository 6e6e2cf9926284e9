"""A circuit breaker that holds: an endpoint that fails is left alone, and tried with one delivery at a time.

Pure: every moment is passed in, in seconds of one clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

FAILURES_TO_OPEN = 5
"""In a row, before it opens."""
FIRST_PROBE_S = 5.0
LONGEST_PROBE_S = 300.0
LONGEST_PEACE_S = 86_400.0
"""For which a receiver that asks for it is left alone altogether."""
GIVEN_UP_AFTER_S = 5 * 86_400.0
"""An endpoint that nothing has reached for so long is disabled."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """`failures` in a row; `failing_since` is when the first of them was. `limit` is how many may be on their
    way at once: 0 while it is open and waits until `probe_at`."""

    most: int
    limit: int
    failures: int = 0
    failing_since: float | None = None
    probe_at: float | None = None
    first: float = FIRST_PROBE_S
    wait: float = 0.0
    ramp: int = 0

    @property
    def open(self) -> bool:
        """Whether deliveries are held."""
        return self.probe_at is not None

    def room(self, now: float) -> int:
        """How many may be on their way at `now`."""
        if self.probe_at is None:
            return self.limit
        return 1 if now >= self.probe_at else 0

    def hopeless(self, now: float) -> bool:
        """Whether it has failed, again and again, for so long that it is to be disabled."""
        return self.open and self.failing_since is not None and now - self.failing_since >= GIVEN_UP_AFTER_S

    def succeeded(self) -> Breaker:
        """After a success: closed; a recovery begins with one at a time, and doubles with each such round."""
        if self.limit == self.most and not self.failures and self.failing_since is None:
            return self
        if self.open:
            return Breaker(self.most, 1, first=self.first)
        ramp = self.ramp + 1
        if self.limit < self.most and ramp >= self.limit:
            return Breaker(self.most, min(self.limit * 2, self.most), first=self.first)
        return replace(self, failures=0, failing_since=None, ramp=ramp)

    def failed(self, now: float, retry_after: float = 0.0, jitter: float = 0.0) -> Breaker:
        """After a failure at `now`, with which the receiver asked for `retry_after` seconds of peace.

        `jitter`, from -1 to 1, moves the next probe by up to a fifth.
        """
        since = now if self.failing_since is None else self.failing_since
        failures, peace = self.failures + 1, min(retry_after, LONGEST_PEACE_S)
        if not self.open and failures < FAILURES_TO_OPEN and not retry_after:
            return replace(self, failures=failures, failing_since=since, ramp=0)
        if self.probe_at is not None and now < self.probe_at:
            # It was on its way when it opened.
            return replace(self, failures=failures, probe_at=max(self.probe_at, now + peace))
        wait = min(self.wait * 2, LONGEST_PROBE_S) if self.open else self.first
        probe_at = now + max(wait * (1 + 0.2 * jitter), peace)
        return replace(self, limit=1, failures=failures, failing_since=since, probe_at=probe_at, wait=wait)


def closed(most: int, first: float = FIRST_PROBE_S, failing_since: float | None = None) -> Breaker:
    """The breaker of an endpoint to which `most` may be on their way at once; the `first` probe is made so
    many seconds after it opens."""
    return Breaker(most, most, failing_since=failing_since, first=first)


def opened(most: int, first: float, failing_since: float | None, now: float) -> Breaker:
    """The breaker of an endpoint that was held before: it is probed at once, with one delivery."""
    return Breaker(most, 1, FAILURES_TO_OPEN, failing_since, probe_at=now, first=first, wait=first)
