"""A rate limit per caller, by fixed windows, as draft-ietf-httpapi-ratelimit-headers announces it; and a much
lower one for those who fail to say who they are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from time import monotonic

from starlette.types import Scope

from shared.runtime.http.problems import Problem

WINDOW_S = 10
QUOTA = 30_000
FAILURES = 10
FAILURES_WINDOW_S = 60
FAILURES_KEPT = 20_000


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


@dataclass(slots=True)
class FailureLimit:
    """`quota` failed authentications in `window` seconds for each key: a client, an address, or both at once.

    The window of a key begins with its first failure. Kept in memory, by each process for itself.
    """

    quota: int = FAILURES
    window: int = FAILURES_WINDOW_S
    clock: Callable[[], float] = monotonic
    _found: dict[str, tuple[float, int]] = field(default_factory=dict)

    def check(self, *keys: str) -> None:
        """Raises Problem 429 if one of `keys` has failed `quota` times in its window."""
        now = self.clock()
        for key in keys:
            until, count = self._found.get(key, (0.0, 0))
            if count >= self.quota and until > now:
                raise _too_many(until - now)

    def failed(self, *keys: str) -> None:
        """Count a failure for each of `keys`."""
        now = self.clock()
        for key in keys:
            until, count = self._found.get(key, (0.0, 0))
            if until <= now:
                self._found.pop(key, None)  # it takes its place at the end anew, in the order of beginnings
                until, count = now + self.window, 0
            self._found[key] = (until, count + 1)
        while len(self._found) > FAILURES_KEPT:
            del self._found[next(iter(self._found))]


def _too_many(seconds: float) -> Problem:
    message = (
        "too many failed authentications; wait the seconds that Retry-After says, then send what is right"
    )
    return Problem(429, "too-many-failures", message, headers={"Retry-After": str(math.ceil(seconds))})


def address_of(scope: Scope) -> str:
    """The address that a call comes from; of IPv6 its network of 64 bits, which is one party's."""
    text = str((scope.get("client") or ("", 0))[0])
    try:
        address = ip_address(text)
    except ValueError:
        return text
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else text
