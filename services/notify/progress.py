"""How far each endpoint has come in its box, and how it has fared lately."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

from shared.kernel.canonical import Json
from shared.runtime.mongo import Database, UpdateOne

LATELY = 100
"""Attempts that are looked back on."""


@dataclass(slots=True)
class Standing:
    """`done`: all up to this number in its box have a record or are none of its business.
    `failing_since` is in seconds since 1970; `lately` says of the last attempts
    whether each was taken, and in how many milliseconds. `held` is why nothing is sent now, a code."""

    done: int = 0
    failing_since: float | None = None
    lately: deque[tuple[bool, int]] = field(default_factory=lambda: deque(maxlen=LATELY))
    held: str | None = None
    changed: bool = False

    def noted(self, taken: bool, took_ms: int) -> None:
        """Remember an attempt."""
        self.lately.append((taken, took_ms))
        self.changed = True

    def health(self) -> dict[str, Json]:
        """The share of the last attempts that was taken, and their latency."""
        latencies = sorted(took for taken, took in self.lately if taken)
        share = f"{sum(taken for taken, _ in self.lately) / len(self.lately):.3f}" if self.lately else None
        return {
            "attempts": len(self.lately),
            "success_rate": share,
            "latency_ms_median": int(median(latencies)) if latencies else None,
            "latency_ms_p95": latencies[min(len(latencies) * 95 // 100, len(latencies) - 1)]
            if latencies
            else None,
        }


class Progress:
    """The collection `progress`: `{_id: endpoint, done, failing_since, lately, held}`, saved by the process
    that sends, now and then: what came behind is found by looking for records."""

    def __init__(self, database: Database) -> None:
        self._progress = database["progress"]

    async def of(self, endpoint: str) -> Standing:
        """As it was saved last."""
        found = await self._progress.find_one({"_id": endpoint})
        if found is None:
            return Standing()
        standing = Standing(int(found["done"]), found["failing_since"], held=found["held"])
        standing.lately.extend((bool(taken), int(took)) for taken, took in found["lately"])
        return standing

    async def save(self, standings: dict[str, Standing]) -> None:
        """Save those that have changed."""
        changed = [(endpoint, standing) for endpoint, standing in standings.items() if standing.changed]
        for start in range(0, len(changed), 50):
            part = changed[start : start + 50]
            for _, standing in part:
                standing.changed = False
            try:
                await self._progress.bulk_write([_saved(*each) for each in part], ordered=False)
            except BaseException:
                for _, standing in part:
                    standing.changed = True
                raise


def _saved(endpoint: str, standing: Standing) -> UpdateOne:
    facts = {
        "failing_since": standing.failing_since,
        "held": standing.held,
        "lately": [[taken, took] for taken, took in standing.lately],
    }
    return UpdateOne({"_id": endpoint}, {"$set": facts, "$max": {"done": standing.done}}, upsert=True)
