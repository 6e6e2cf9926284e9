"""By when somebody must have been there: minutes of a service's working hours, in China's time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, timezone
from itertools import count

from shared.events.registry import WorkingHours

LOCAL = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has had one offset and no summer time since 1991."""

_HOURS = {"extended": (time(8, 0), time(20, 0)), "office": (time(8, 30), time(17, 30))}
_SATURDAY = 5


def due(created_at: datetime, minutes: int, hours: WorkingHours) -> datetime:
    """The moment at which `minutes` of working time have passed since `created_at`. Aware; answers UTC."""
    left = timedelta(minutes=minutes)
    if hours == "always":
        return (created_at + left).astimezone(UTC)
    for opens, closes in _windows(created_at.astimezone(LOCAL), hours):
        available = closes - opens
        if available >= left:
            return (opens + left).astimezone(UTC)
        left -= available
    raise AssertionError("working hours never end")


def _windows(start: datetime, hours: WorkingHours) -> Iterator[tuple[datetime, datetime]]:
    """What is left of the first day's working time, and that of all days after."""
    opening, closing = _HOURS[hours]
    for days in count():
        day = start.date() + timedelta(days=days)
        if hours == "office" and day.weekday() >= _SATURDAY:
            continue
        opens = max(datetime.combine(day, opening, LOCAL), start)
        closes = datetime.combine(day, closing, LOCAL)
        if opens < closes:
            yield opens, closes
