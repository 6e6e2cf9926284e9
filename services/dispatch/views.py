"""dispatch's read model: a row for each request, in memory, for lists."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from operator import attrgetter
from typing import Any, cast

from shared.events.dispatch import (
    RequestCreated,
    RequestTriaged,
    VisitCheckedIn,
    VolunteerAssigned,
)
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent, sequence

VISITED = "in-service"
_STATUS: Mapping[str, str] = {
    RequestTriaged.type: "triaged",
    VolunteerAssigned.type: "assigned",
    VisitCheckedIn.type: VISITED,
}
_CHANGED = ("service", "category", "grid", "priority", "due", "units")
_CREATED = (*_CHANGED, "channel", "community", "resident")
_SHARED = frozenset(_CREATED) - {"resident", "due"}

LOOKED_AT = 20_000
"""Rows that one page may cost; then it ends, with a cursor to go on from."""


@dataclass(slots=True)
class Row:
    """What a list says of a request. `place` is where the log has its creation."""

    id: str
    place: str
    status: str
    created_at: str
    version: int
    channel: str
    community: str
    service: str
    category: str
    grid: str
    units: tuple[str, ...]
    resident: str | None = None
    priority: str | None = None
    due: str | None = None

    def shown(self) -> dict[str, Json]:
        """For an answer."""
        said: dict[str, Json] = dict(zip(_FIELDS, _values(self), strict=True))
        del said["place"]
        said["units"] = [*self.units]
        return {name: value for name, value in said.items() if value is not None}

    def has(self, only: Mapping[str, str]) -> bool:
        """Whether each field that `only` names is so; for `units`, that one of them is."""
        return all(
            value in self.units if name == "units" else getattr(self, name) == value
            for name, value in only.items()
        )


_FIELDS = tuple(field.name for field in fields(Row))
_values = attrgetter(*_FIELDS)


class Requests:
    """All requests, in the order of their creation."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._places: list[str] = []
        self._ordered: list[Row] = []
        self._words: dict[object, object] = {}

    async def follow(self, events: Sequence[CloudEvent]) -> None:
        """See `View.follow`: dispatch's own events."""
        for event in events:
            row = self._rows.get(event.stream)
            if row is not None and row.version < event.version:
                self._change(row, event)
            elif row is None and event.type == RequestCreated.type:
                self._create(event)

    def rows(self) -> Iterator[Json]:
        """See `View.rows`."""
        return ([*_values(row)] for row in self._ordered)

    def restore(self, rows: Sequence[Json]) -> None:
        """See `View.restore`."""
        for values in rows:
            said = dict(zip(_FIELDS, cast(list[Json], values), strict=True))
            self._add(Row(**{name: self._word(name, value) for name, value in said.items()}))

    def page(
        self, after: str, limit: int, only: Mapping[str, str], communities: Collection[str]
    ) -> tuple[list[dict[str, Json]], str | None]:
        """Requests of `communities` behind the place `after`, and the place to go on from; None if there is
        nothing behind.

        A page may be short, or empty, and still not be the last.
        """
        start = bisect_right(self._places, after)
        end = start + LOOKED_AT
        looked_at = islice(self._ordered, start, end)
        fit = (row for row in looked_at if row.community in communities and row.has(only))
        found = list(islice(fit, limit + 1))
        shown = [row.shown() for row in found[:limit]]
        if len(found) > limit:
            return shown, found[limit - 1].place
        return shown, self._places[end - 1] if end < len(self._places) else None

    def _create(self, event: CloudEvent) -> None:
        self._add(
            Row(
                id=event.stream,
                place=sequence(event.place.pos, event.place.index),
                status="received",
                created_at=event.time,
                version=event.version,
                **{name: self._word(name, event.data[name]) for name in _CREATED if name in event.data},
            )
        )

    def _add(self, row: Row) -> None:
        self._rows[row.id] = row
        self._places.append(row.place)
        self._ordered.append(row)

    def _change(self, row: Row, event: CloudEvent) -> None:
        row.version = event.version
        for name in _CHANGED:
            if name in event.data:
                setattr(row, name, self._word(name, event.data[name]))
        # Who is placed while somebody is there already takes nothing back.
        if event.type in _STATUS and row.status != VISITED:
            row.status = _STATUS[event.type]

    def _word(self, name: str, value: Json) -> Any:
        """`value`; one object for the words that most rows share."""
        if name not in _SHARED:
            return value
        kept = tuple(value) if isinstance(value, list) else value
        return self._words.setdefault(kept, kept)
