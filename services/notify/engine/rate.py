"""How many may go to one endpoint in a minute."""

from __future__ import annotations

from collections import deque

MINUTE_S = 60.0


class Rate:
    """At most `per_minute` in any sixty seconds; without it, any number. Times are seconds of one clock."""

    def __init__(self, per_minute: int | None) -> None:
        self.per_minute = per_minute
        self._sent: deque[float] = deque(maxlen=per_minute)

    def change(self, per_minute: int | None) -> None:
        """So many from now on; what went before counts."""
        self.per_minute = per_minute
        self._sent = deque(self._sent, maxlen=per_minute)

    def wait(self, now: float) -> float:
        """The seconds until one more may go."""
        if self.per_minute is None or len(self._sent) < self.per_minute:
            return 0.0
        return max(self._sent[0] + MINUTE_S - now, 0.0)

    def went(self, now: float) -> None:
        """One goes now."""
        if self.per_minute is not None:
            self._sent.append(now)
