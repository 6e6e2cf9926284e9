"""The rows of each status, in two orders: as they were taken in, and by when somebody must be there."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from typing import Literal

from services.dispatch.rows import Row

Sort = Literal["created", "due"]

NO_DUE = "~"
"""Behind every time: what has no due time comes last."""


def key_of(row: Row, sort: Sort) -> str:
    """Where `row` stands in an order; no two stand at one place."""
    return row.place if sort == "created" else f"{row.due or NO_DUE} {row.place}"


@dataclass(slots=True)
class _Shelf:
    """Rows in order; `keys` has the key of each at the same index."""

    keys: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def put(self, key: str, row: Row) -> None:
        at = bisect_right(self.keys, key)
        self.keys.insert(at, key)
        self.rows.insert(at, row)

    def take(self, key: str) -> None:
        at = bisect_left(self.keys, key)
        del self.keys[at]
        del self.rows[at]

    def behind(self, key: str) -> Iterator[tuple[str, Row]]:
        for at in range(bisect_right(self.keys, key), len(self.keys)):
            yield self.keys[at], self.rows[at]


class Shelves:
    """Every row, by its status. To move one a few steps of a search are enough, however many there are."""

    def __init__(self) -> None:
        self._by: dict[tuple[str, Sort], _Shelf] = {}

    def move(self, row: Row, before: Row | None) -> None:
        """Have `row` where it belongs; it stood where `before` says, or nowhere."""
        for sort in ("created", "due"):
            key = key_of(row, sort)
            if before is not None:
                was = key_of(before, sort)
                if (before.status, was) == (row.status, key):
                    continue
                self._by[before.status, sort].take(was)
            self._by.setdefault((row.status, sort), _Shelf()).put(key, row)

    def of(self, statuses: Iterable[str], sort: Sort, after: str = "") -> Iterator[tuple[str, Row]]:
        """(key, row) of all of `statuses` behind the key `after`, in order. Nothing may move meanwhile."""
        shelves = (self._by.get((status, sort)) for status in statuses)
        return merge(*(shelf.behind(after) for shelf in shelves if shelf is not None))

    def statuses(self) -> list[str]:
        """Those that some row has, or had."""
        return sorted({status for status, _ in self._by})
