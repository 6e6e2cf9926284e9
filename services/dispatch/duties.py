"""dispatch's read model of volunteers' work, in memory: when each is taken, where and whom each visited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from shared.events.dispatch import (
    RequestAmended,
    RequestClosed,
    RequestCreated,
    RequestMarkedDuplicate,
    RequestRejected,
    RequestReopened,
    RequestWithdrawn,
    Slot,
    VisitCompleted,
)
from shared.events.index import decode
from shared.folds.calendar import FOLD, Calendar, Duty, weeks
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.times import format_time, parse_time

KEPT = timedelta(weeks=5)
"""How long ago a week may be, of which the duties are known, and a request over that may be reopened."""
LATELY = timedelta(days=90)
"""How long ago somebody may have been on duty in a grid to be at home there."""

_CALENDAR = "calendar-"
_WEEK = len("2026-w48")
_EMPTY = (0, Calendar())
_OF_RESIDENT = frozenset({RequestCreated.type, RequestAmended.type})
_OVER = frozenset(
    {RequestClosed.type, RequestRejected.type, RequestWithdrawn.type, RequestMarkedDuplicate.type}
)


class Duties:
    """What dispatch's own log says of volunteers. See `View`.

    What is long ago is dropped by the log's own time, so that the same events make the same view.
    """

    def __init__(self) -> None:
        self._calendars: dict[str, tuple[int, Calendar]] = {}
        self._residents: dict[str, tuple[str, str]] = {}
        """The resident of each request, and since which day it is over; empty while it goes on."""
        self._visited: dict[str, dict[str, str]] = {}
        """By resident, then by volunteer: the day of the last visit."""
        self._grids: dict[str, dict[str, str]] = {}
        """By volunteer, then by grid: the day on which the volunteer was there last."""
        self._today, self._oldest_week, self._since = date.min, "", ""

    async def follow(self, events: Sequence[CloudEvent]) -> None:
        """See `View.follow`: dispatch's own events."""
        for event in events:
            if event.stream.startswith(_CALENDAR):
                self._calendar(event)
            elif event.type in _OF_RESIDENT:
                if (resident := event.data.get("resident")) is not None:
                    self._residents[event.stream] = str(resident), ""
            elif event.type in _OVER or event.type == RequestReopened.type:
                self._ends(event)
            elif event.type == VisitCompleted.type:
                self._visit(event)
        if events:
            self._forget(date.fromisoformat(events[-1].recorded[:10]))

    def rows(self) -> Iterator[Json]:
        """See `View.rows`."""
        for stream, (version, calendar) in [*self._calendars.items()]:
            duties: list[Json] = [[duty.id, *_written(duty.slot)] for duty in calendar.duties]
            yield ["calendar", stream, version, duties]
        for request, (resident, over) in [*self._residents.items()]:
            yield ["resident", request, resident, over]
        for name, table in (("visited", self._visited), ("grids", self._grids)):
            for id, days in [*table.items()]:
                yield [name, id, {**days}]

    def restore(self, rows: Sequence[Json]) -> None:
        """See `View.restore`."""
        for row in cast(Sequence[list[Any]], rows):
            match row:
                case ["calendar", str(stream), int(version), duties]:
                    found = tuple(Duty(id, _slot(start, end)) for id, start, end in duties)
                    self._calendars[stream] = version, Calendar(found)
                case ["resident", str(request), str(resident), str(over)]:
                    self._residents[request] = resident, over
                case ["visited", str(resident), days]:
                    self._visited[resident] = days
                case ["grids", str(volunteer), days]:
                    self._grids[volunteer] = days

    def calendars(self, volunteers: Iterable[str], slot: Slot) -> dict[str, tuple[Calendar, ...]]:
        """Of each of `volunteers` that has any, the calendars of the weeks that `slot` touches."""
        endings = [name.removeprefix(_CALENDAR) for name in weeks("", slot)]
        kept, found = self._calendars, {}
        for volunteer in volunteers:
            names = [f"{_CALENDAR}{volunteer}{ending}" for ending in endings]
            if calendars := tuple(kept[name][1] for name in names if name in kept):
                found[volunteer] = calendars
        return found

    def calendar(self, stream: str) -> tuple[int, Calendar] | None:
        """The calendar of a volunteer's week and its version; None of a week that is not kept."""
        if not stream.startswith(_CALENDAR) or stream[-_WEEK:] < self._oldest_week:
            return None
        return self._calendars.get(stream, _EMPTY)

    def visited(self, resident: str) -> Mapping[str, str]:
        """Who has visited the resident, and on which day (`YYYY-MM-DD`, UTC) the last time."""
        return self._visited.get(resident, {})

    def grids(self, volunteers: Iterable[str], now: datetime) -> dict[str, Sequence[str]]:
        """Of each of `volunteers` that has been anywhere, where it was in the 90 days before `now`."""
        since = (now.astimezone(UTC) - LATELY).date().isoformat()
        found = {volunteer: self._grids[volunteer] for volunteer in volunteers if volunteer in self._grids}
        return {
            volunteer: [grid for grid, day in days.items() if day >= since]
            for volunteer, days in found.items()
        }

    def _calendar(self, event: CloudEvent) -> None:
        version, calendar = self._calendars.get(event.stream, _EMPTY)
        said = decode(event.type, event.data)
        if event.version > version and said is not None and event.stream[-_WEEK:] >= self._oldest_week:
            self._calendars[event.stream] = event.version, FOLD.evolve(calendar, said)

    def _ends(self, event: CloudEvent) -> None:
        if event.stream in self._residents:
            resident, _ = self._residents[event.stream]
            self._residents[event.stream] = resident, event.recorded[:10] if event.type in _OVER else ""

    def _visit(self, event: CloudEvent) -> None:
        volunteer, day = str(event.data["volunteer"]), str(event.data["started_at"])[:10]
        if day >= self._since:
            _latest(self._grids.setdefault(volunteer, {}), str(event.data["grid"]), day)
        resident, _ = self._residents.get(event.stream, (None, ""))
        if resident is not None and event.data["contact_made"]:
            _latest(self._visited.setdefault(resident, {}), volunteer, day)

    def _forget(self, today: date) -> None:
        """Drop what is long ago, once a day."""
        if today <= self._today:
            return
        self._today, first = today, today - KEPT
        self._oldest_week, self._since = f"{first:%G}-w{first:%V}", (today - LATELY).isoformat()
        for stream in [stream for stream in self._calendars if stream[-_WEEK:] < self._oldest_week]:
            del self._calendars[stream]
        over = [id for id, (_, day) in self._residents.items() if day and day < first.isoformat()]
        for request in over:
            del self._residents[request]
        for volunteer, days in [*self._grids.items()]:
            self._grids[volunteer] = {grid: day for grid, day in days.items() if day >= self._since}


def _latest(days: dict[str, str], name: str, day: str) -> None:
    days[name] = max(day, days.get(name, day))


def _written(slot: Slot) -> tuple[str, str]:
    return format_time(slot.start), format_time(slot.end)


def _slot(start: str, end: str) -> Slot:
    return Slot(start=parse_time(start), end=parse_time(end))
