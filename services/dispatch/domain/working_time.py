"""Working time of a service, in China's time: by when so much of it is over, and how much has passed.

Only `office` hours keep to working days. `extended` hours are those of the desk that is always there, on
holidays and on days on which the community's office is closed too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from itertools import count

from services.dispatch.domain.national_days import is_working_day
from shared.events.registry import WorkingHours

LOCAL = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has had one offset and no summer time since 1991."""

_HOURS = {"extended": (time(8, 0), time(20, 0)), "office": (time(8, 30), time(17, 30))}
_NONE = timedelta()


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """The country's calendar, and what a community has declared besides: days on which its office is
    `closed`, and days on which it is `open`. What a community says of a day outweighs the country's."""

    closed: frozenset[date] = frozenset()
    open: frozenset[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        """Whether the office is there on `day`."""
        return day in self.open or (day not in self.closed and is_working_day(day))

    def after(self, moment: datetime, minutes: int | timedelta, hours: WorkingHours) -> datetime:
        """The first moment at which so much working time has passed since `moment`: minutes, or what was left
        of them as `between` counts. `moment` itself where nothing is left, or less. Aware; answers UTC."""
        left = minutes if isinstance(minutes, timedelta) else timedelta(minutes=minutes)
        if left <= _NONE:
            return moment.astimezone(UTC)
        if hours == "always":
            return moment.astimezone(UTC) + left
        for opens, closes in self._windows(moment, hours):
            if closes - opens >= left:
                return (opens + left).astimezone(UTC)
            left -= closes - opens
        raise AssertionError("working hours never end")

    def between(self, start: datetime, end: datetime, hours: WorkingHours) -> timedelta:
        """The working time from `start` to `end`, both aware; none where `end` is not behind `start`."""
        if hours == "always" or end <= start:
            return max(_NONE, end - start)
        passed = _NONE
        for opens, closes in self._windows(start, hours):
            if opens >= end:
                return passed
            passed += min(closes, end) - opens
        raise AssertionError("working hours never end")

    def _windows(self, start: datetime, hours: WorkingHours) -> Iterator[tuple[datetime, datetime]]:
        """What is left of the first day's working time, and that of all days after."""
        local = start.astimezone(LOCAL)
        for days in count():
            day = local.date() + timedelta(days=days)
            if hours == "office" and not self.is_working_day(day):
                continue
            opens, closes = _hours_of(day, hours)
            if local < closes:
                yield max(opens, local), closes


@lru_cache(maxsize=256)
def _hours_of(day: date, hours: WorkingHours) -> tuple[datetime, datetime]:
    opening, closing = _HOURS[hours]
    return datetime.combine(day, opening, LOCAL), datetime.combine(day, closing, LOCAL)


NATIONAL = WorkingCalendar()
"""The country's calendar alone."""
