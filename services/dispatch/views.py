"""dispatch's read model: a row for each request, in memory, for lists, the board and the clock."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, cast

from services.dispatch.agenda import Agenda
from services.dispatch.choosing import Choice
from services.dispatch.rows import FIELDS, Row, said_by, values_of
from services.dispatch.shelves import Shelves, Sort
from services.dispatch.states import Read, Recall, States
from shared.events.dispatch import REQUEST_EVENTS
from shared.folds.request import Request
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent, sequence
from shared.kernel.times import later

LOOKED_AT = 20_000
"""Rows that one page may cost; then it ends, with a cursor to go on from."""
MOST_SIMILAR = 5

_OF_REQUEST = frozenset(model.type for model in REQUEST_EVENTS)
_SHARED = frozenset(
    {
        *("status", "channel", "community", "service", "category", "grid", "units", "priority"),
        *("volunteers", "responsible", "coordinator", "alarms"),
    }
)

_CREATED = ("channel", "community", "service", "category", "grid", "units")

Changed = Callable[[Row, Row | None], None]
"""Told of a row as it is now, and as it was; None if it is new."""
Happened = Callable[[Row, Row | None, str], None]
"""The same, with the place in the log of the event that did it."""


class Requests:
    """All requests, in the order of their creation."""

    def __init__(self, read: Read, recall: Recall | None = None) -> None:
        self._states = States(read, recall)
        self._rows: dict[str, Row] = {}
        self._places: list[str] = []
        self._ordered: list[Row] = []
        self._of: dict[str, list[Row]] = {}
        self._words: dict[object, object] = {}
        self._services: set[str] = set()
        self._shelves = Shelves()
        self._agenda = Agenda()
        self._watchers: list[Changed] = []
        self._listeners: list[Happened] = []

    def watch(self, changed: Changed) -> None:
        """Tell `changed` of every row that there is, and of every one that changes, from now on."""
        for row in self._ordered:
            changed(row, None)
        self._watchers.append(changed)

    def listen(self, happened: Happened) -> None:
        """Tell `happened` of what an event changes, from now on."""
        self._listeners.append(happened)

    def become(self, fresh: Requests) -> None:
        """Have what `fresh` has, which is used up by it; whoever watches is told of it as of a start."""
        watchers, listeners = self._watchers, self._listeners
        vars(self).update(vars(fresh))
        self._watchers, self._listeners = [], listeners
        for changed in watchers:
            self.watch(changed)

    async def follow(self, events: Sequence[CloudEvent]) -> None:
        """See `View.follow`: dispatch's own events."""
        for event in events:
            if event.type not in _OF_REQUEST:
                self._moved(event)
                continue
            row = self._rows.get(event.stream)
            if row is None or row.version < event.version:
                self._tell(event, row, await self._states.after(event))

    def rows(self) -> Iterator[Json]:
        """See `View.rows`."""
        return ([*values_of(row)] for row in self._ordered)

    def restore(self, rows: Sequence[Json]) -> None:
        """See `View.restore`."""
        for values in rows:
            said = dict(zip(FIELDS, cast(list[Json], values), strict=True))
            for name in ("clock", "work"):
                said[name] = [tuple(each) for each in cast(list[list[Json]], said[name])]  # type: ignore[misc]
            row = Row(**{name: self._word(name, value) for name, value in said.items()})
            self._add(row)
            self._put(row, None)
        for row in self._ordered:
            for changed in self._watchers:
                changed(row, None)

    def row(self, id: str) -> Row | None:
        """The row of a request."""
        return self._rows.get(id)

    def all(self) -> Sequence[Row]:
        """Every row, oldest first."""
        return self._ordered

    def services(self) -> Collection[str]:
        """Those that something was asked of."""
        return self._services

    def page(
        self, choice: Choice, limit: int, sort: Sort = "created", after: str = ""
    ) -> tuple[list[Row], str | None]:
        """Requests behind the key `after` of the order, and the key to go on from; None if there is nothing
        behind.

        A page may be short, or empty, and still not be the last.
        """
        found: list[Row] = []
        key = last = after
        for looked_at, (following, row) in enumerate(self._in_order(choice, sort, after)):
            if looked_at == LOOKED_AT:
                return found, last if len(found) == limit else key
            if choice.fits(row):
                if len(found) == limit:
                    return found, last
                found.append(row)
                last = following
            key = following
        return found, None

    def among(self, statuses: Iterable[str], sort: Sort = "due") -> Iterator[Row]:
        """All of `statuses`, in order; nothing may change meanwhile."""
        return (row for _, row in self._shelves.of(statuses, sort))

    def on_days(self, first: str, last: str | None = None) -> list[Row]:
        """Those at which somebody is to be, or was, from the day `first` up to and with `last`."""
        return self._agenda.between(first, last)

    def _in_order(self, choice: Choice, sort: Sort, after: str) -> Iterator[tuple[str, Row]]:
        if choice.statuses is not None or sort == "due":
            statuses = self._shelves.statuses() if choice.statuses is None else choice.statuses
            return self._shelves.of(statuses, sort, after)
        start = bisect_right(self._places, after)
        return ((self._places[at], self._ordered[at]) for at in range(start, len(self._places)))

    def of_resident(self, resident: str) -> Sequence[Row]:
        """The requests of a resident, oldest first."""
        return [row for row in self._of.get(resident, ()) if row.resident == resident]

    def merged_into(self, id: str) -> list[Row]:
        """Those that turned out to be the same as `id`."""
        return [row for row in self._ordered if row.target == id]

    def open_with(self, volunteer: str) -> list[Row]:
        """Open requests that a volunteer was asked for, or placed on."""
        return [row for row in self._ordered if row.open and volunteer in row.volunteers]

    def open_of_unit(self, unit: str) -> list[Row]:
        """Open requests that concern a unit."""
        return [row for row in self._ordered if row.open and unit in row.units]

    def open_for(self, service: str) -> list[Row]:
        """Open requests for a service."""
        return [row for row in self._ordered if row.open and row.service == service]

    def unanswered(self, resident: str, but: str) -> int:
        """At how many visits in a row, at requests of `resident` other than `but`, nobody has opened."""
        visited = [row for row in self.of_resident(resident) if row.visited_at is not None and row.id != but]
        times = 0
        for row in sorted(visited, key=lambda row: row.visited_at or "", reverse=True):
            times += row.unanswered
            if row.answered:
                break
        return times

    def similar(self, service: str, resident: str | None, grid: str, now: str, days: int) -> list[Row]:
        """Open requests for the same service, of the same resident, or of nobody in the same grid, that were
        taken in within so many days; the latest first."""
        since = later(now, -days * 86_400)
        rows = self._of.get(resident or f"{service}@{grid}", ())
        found = (
            row
            for row in reversed(rows)
            if row.open
            and (row.service, row.resident) == (service, resident)
            and (resident is not None or row.grid == grid)
            and row.created_at >= since
        )
        return list(islice(found, MOST_SIMILAR))

    def _tell(self, event: CloudEvent, row: Row | None, state: Request) -> None:
        if state.created is None:
            return  # a stream that does not begin with its creation is none of ours
        before = None if row is None else Row(*values_of(row))
        if row is None:
            row = self._begun(event)
            self._add(row)
        for name, value in said_by(state).items():
            if getattr(row, name) != value:
                setattr(row, name, self._word(name, cast(Json, value)))
        row.version = event.version
        if before is not None and (before.resident, before.grid) != (row.resident, row.grid):
            self._index(row)
        self._put(row, before)
        for changed in self._watchers:
            changed(row, before)
        for happened in self._listeners:
            happened(row, before, sequence(event.place.pos, event.place.index))

    def _put(self, row: Row, before: Row | None) -> None:
        self._shelves.move(row, before)
        self._agenda.move(row, before)

    def _begun(self, event: CloudEvent) -> Row:
        said = {name: self._word(name, event.data[name]) for name in _CREATED}
        return Row(
            id=event.stream,
            place=sequence(event.place.pos, event.place.index),
            status="received",
            created_at=event.time,
            version=event.version,
            resident=cast(str | None, event.data.get("resident")),
            **said,
        )

    def _moved(self, event: CloudEvent) -> None:
        """An event of a request's stream that says nothing of its row: the version counts all."""
        row = self._rows.get(event.stream)
        if row is not None and row.version < event.version:
            row.version = event.version

    def _add(self, row: Row) -> None:
        self._rows[row.id] = row
        self._places.append(row.place)
        self._ordered.append(row)
        self._services.add(row.service)
        self._index(row)

    def _index(self, row: Row) -> None:
        self._of.setdefault(row.resident or f"{row.service}@{row.grid}", []).append(row)

    def _word(self, name: str, value: Json) -> Any:
        """`value`; one object for the words that most rows share."""
        kept: Any = tuple(value) if isinstance(value, list) else value
        if name == "work":
            return tuple(
                (self._same(item), self._same(who), self._same(unit), start, end, self._same(status))
                for item, who, unit, start, end, status in kept
            )
        return self._same(kept) if name in _SHARED else kept

    def _same(self, kept: Any) -> Any:
        return self._words.setdefault(kept, kept)
