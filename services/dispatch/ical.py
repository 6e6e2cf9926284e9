"""Work as iCalendar (RFC 5545), without anything about a person but the ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from icalendar import Calendar, Event

from services.dispatch.rows import Row, Work
from shared.events.registry import Name
from shared.kernel.times import parse_time

STATUS = {"offered": "TENTATIVE"}
"""What is not certain yet; everything else is."""


def calendar_of(work: Iterable[tuple[Row, Work]], names: Mapping[str, Name], now: datetime) -> bytes:
    """A calendar with an event for each; `names` are those of services. What was cancelled is not in it."""
    calendar = Calendar()
    calendar.add("prodid", "-//Linli//dispatch//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for row, each in work:
        calendar.add_component(_event(row, each, names.get(row.service), now))
    written: bytes = calendar.to_ical()
    return written


def _event(row: Row, work: Work, name: Name | None, now: datetime) -> Event:
    item, volunteer, unit, start, end, status = work
    event = Event()
    event.add("uid", f"{row.id}.{item}@linli")
    event.add("dtstamp", now)
    event.add("dtstart", parse_time(start))
    event.add("dtend", parse_time(end))
    event.add("summary", row.service if name is None else f"{name.zh} {name.en}")
    event.add("location", row.grid)
    event.add("categories", [row.category])
    event.add("status", STATUS.get(status, "CONFIRMED"))
    event.add("description", "\n".join((f"{row.id}.{item}: {status}", volunteer, unit)))
    return event
