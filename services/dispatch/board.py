"""The board: what is open, by status, and what somebody has to look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.dispatch.choosing import Choice
from services.dispatch.rows import Row

COLUMNS = ("received", "triaged", "assigned", "in-service", "referred", "on-hold", "resolved")
"""The statuses of which something is to come yet, or may, in the order of a request's way."""


@dataclass(slots=True)
class Some:
    """How many there are, and the first of them by due."""

    count: int = 0
    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row, limit: int) -> None:
        """One more."""
        self.count += 1
        if len(self.rows) < limit:
            self.rows.append(row)


@dataclass(slots=True)
class Board:
    """`columns` by status, `alarms` by code, and what nobody has been at in time."""

    columns: dict[str, Some] = field(default_factory=lambda: {status: Some() for status in COLUMNS})
    alarms: dict[str, Some] = field(default_factory=dict)
    overdue: Some = field(default_factory=Some)


def board_of(rows: Iterable[Row], choice: Choice, limit: int, now: str) -> Board:
    """The board as of `now`, of those of `rows` that `choice` takes; `rows` are by due, of COLUMNS alone."""
    board = Board()
    for row in rows:
        if not choice.fits(row):
            continue
        board.columns[row.status].add(row, limit)
        for alarm in row.alarms:
            board.alarms.setdefault(alarm, Some()).add(row, limit)
        if row.is_overdue(now):
            board.overdue.add(row, limit)
    return board
