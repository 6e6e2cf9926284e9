"""On which days somebody is to be at which request, or was: days of China."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from services.dispatch.domain.working_time import LOCAL
from services.dispatch.rows import Row
from shared.kernel.times import parse_time

_MOMENT = timedelta(milliseconds=1)


def days_of(start: str, end: str) -> Iterator[str]:
    """The days (`YYYY-MM-DD`) that the time from `start` to `end` touches, `end` excluded."""
    first = parse_time(start).astimezone(LOCAL).date()
    last = (parse_time(end) - _MOMENT).astimezone(LOCAL).date()
    return ((first + timedelta(days=day)).isoformat() for day in range((last - first).days + 1))


class Agenda:
    """The rows of each day."""

    def __init__(self) -> None:
        self._days: dict[str, dict[str, Row]] = {}

    def move(self, row: Row, before: Row | None) -> None:
        """Have `row` on the days of its work, and no longer on others of `before`."""
        if before is not None and before.work == row.work:
            return
        days, were = _days(row), set() if before is None else _days(before)
        for day in were - days:
            self._days[day].pop(row.id, None)
        for day in days - were:
            self._days.setdefault(day, {})[row.id] = row

    def between(self, first: str, last: str | None) -> list[Row]:
        """Those of the days from `first` on, up to and with `last` if that is said; each once."""
        found: dict[str, Row] = {}
        if first == last:
            return [*self._days.get(first, {}).values()]
        for day, rows in self._days.items():
            if day >= first and (last is None or day <= last):
                found.update(rows)
        return [*found.values()]


def _days(row: Row) -> set[str]:
    return {day for _, _, _, start, end, _ in row.work for day in days_of(start, end)}
