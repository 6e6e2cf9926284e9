"""A rate limit per caller, by fixed windows, as draft-ietf-httpapi-ratelimit-headers announces it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from shared.runtime.http.problems import Problem

WINDOW_S = 10
QUOTA = 30_000


@dataclass(slots=True)
class RateLimit:
    """`quota` calls in each `window` seconds for each caller. Callers are told apart by address."""

    quota: int = QUOTA
    window: int = WINDOW_S
    clock: Callable[[], float] = monotonic
    _until: float = 0.0
    _counts: dict[str, int] = field(default_factory=dict)

    def count(self, caller: str) -> dict[str, str]:
        """Count a call; the fields `RateLimit-Policy` and `RateLimit` for it. Raises Problem 429."""
        now = self.clock()
        if now >= self._until:
            self._counts.clear()
            self._until = now + self.window
        used = self._counts[caller] = self._counts.get(caller, 0) + 1
        reset = math.ceil(self._until - now)
        fields = {
            "RateLimit-Policy": f'"caller";q={self.quota};w={self.window}',
            "RateLimit": f'"caller";r={max(self.quota - used, 0)};t={reset}',
        }
        if used > self.quota:
            message = f"over {self.quota} calls in {self.window} s; wait the seconds that Retry-After says"
            raise Problem(429, "too-many-requests", message, headers={"Retry-After": str(reset), **fields})
        return fields
