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
    """`quota` calls in each `window` seconds for each caller. Callers are told apart by credential."""

    quota: int = QUOTA
    window: int = WINDOW_S
    clock: Callable[[], float] = monotonic
    _until: float = 0.0
    _counts: dict[int, int] = field(default_factory=dict)
    _left: int = QUOTA

    def count(self, credential: str) -> None:
        """Count a call. Raises Problem 429 over the quota."""
        now = self.clock()
        if now >= self._until:
            self._counts.clear()
            self._until = now + self.window
        key = hash(credential)
        used = self._counts[key] = self._counts.get(key, 0) + 1
        self._left = max(self.quota - used, 0)
        if used > self.quota:
            wait = str(math.ceil(self._until - now))
            raise Problem(429, "too-many-requests", headers={"Retry-After": wait})

    def headers(self) -> dict[str, str]:
        """The fields `RateLimit-Policy` and `RateLimit` for the call that was counted last."""
        reset = max(math.ceil(self._until - self.clock()), 0)
        return {
            "RateLimit-Policy": f'"caller";q={self.quota};w={self.window}',
            "RateLimit": f'"caller";r={self._left};t={reset}',
        }
