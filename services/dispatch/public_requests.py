"""The read model of requests that anybody may follow without a token: those that came from the web and name
no resident. It knows codes and times alone."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from operator import attrgetter
from typing import cast

from shared.events.dispatch import (
    ReferralAccepted,
    ReferralDeclined,
    ReferralExpired,
    RequestClosed,
    RequestCreated,
    RequestHeld,
    RequestMarkedDuplicate,
    RequestReferred,
    RequestRejected,
    RequestReopened,
    RequestResolved,
    RequestResumed,
    RequestTriaged,
    RequestWithdrawn,
    VisitCheckedIn,
)
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.times import later

STATUS: Mapping[str, str] = {
    RequestTriaged.type: "triaged",
    RequestReferred.type: "referred",
    ReferralAccepted.type: "referral-accepted",
    ReferralDeclined.type: "triaged",
    ReferralExpired.type: "triaged",
    RequestHeld.type: "on-hold",
    RequestResumed.type: "resumed",
    VisitCheckedIn.type: "in-service",
    RequestResolved.type: "resolved",
    RequestReopened.type: "reopened",
    RequestMarkedDuplicate.type: "duplicate",
    RequestRejected.type: "rejected",
    RequestWithdrawn.type: "withdrawn",
    RequestClosed.type: "closed",
}
"""Event type → the word for how a request stands after it; after others it stands as before."""
CLOSED = frozenset({"resolved", "closed", "rejected", "withdrawn", "duplicate"})

SKEW_S = 60.0
"""By how much the clocks of two replicas may differ: so far back updates are not in their order."""


@dataclass(slots=True)
class Row:
    """What is shown of a request. `updated_at` is when something that is shown last changed; `hidden` is one
    that turned out to be about somebody."""

    id: str
    community: str
    service: str
    grid: str
    lead_unit: str | None
    created_at: str
    updated_at: str
    version: int
    status: str = "received"
    due: str | None = None
    hidden: bool = False

    @property
    def open(self) -> bool:
        """Whether it is still to be seen to."""
        return self.status not in CLOSED


_FIELDS = tuple(field.name for field in fields(Row))
_values = attrgetter(*_FIELDS)
_shown = attrgetter("service", "grid", "lead_unit", "status", "due")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests: of `services`; taken in and changed between two written times, both included;
    only the open or only the closed ones if `open` says so."""

    services: Collection[str]
    created: tuple[str | None, str | None] = (None, None)
    updated: tuple[str | None, str | None] = (None, None)
    open: bool | None = None

    def has(self, row: Row) -> bool:
        """Whether `row` is one."""
        return (
            row.service in self.services
            and not row.hidden
            and self.open in (None, row.open)
            and _within(row.created_at, self.created)
            and _within(row.updated_at, self.updated)
        )


class PublicRequests:
    """Those requests, in the order of their creation, and in that of their last change."""

    def __init__(self) -> None:
        self._created: list[Row] = []
        self._updated: dict[str, Row] = {}

    async def follow(self, events: Sequence[CloudEvent]) -> None:
        """See `View.follow`: dispatch's own events."""
        for event in events:
            row = self._updated.get(event.stream)
            if row is not None and row.version < event.version:
                self._change(row, event)
            elif row is None and event.type == RequestCreated.type and _is_public(event):
                self._add(_created(event))

    def rows(self) -> Iterator[Json]:
        """See `View.rows`: in the order of the last change."""
        return ([*_values(row)] for row in [*self._updated.values()])

    def restore(self, rows: Sequence[Json]) -> None:
        """See `View.restore`."""
        for values in rows:
            said = dict(zip(_FIELDS, cast(list[Json], values), strict=True))
            row = Row(**said)  # type: ignore[arg-type]  # as `rows` wrote it
            self._updated[row.id] = row
        self._created = sorted(self._updated.values(), key=attrgetter("created_at"))

    def get(self, id: str, services: Collection[str]) -> Row | None:
        """One of `services`; None if there is none that anybody may follow."""
        row = self._updated.get(id)
        return row if row is not None and Wanted(services).has(row) else None

    def page(self, wanted: Wanted, number: int, size: int) -> list[Row]:
        """The page `number`, from 1: the newest first, or what changed last if it is asked for by that."""
        if not wanted.services:
            return []
        by_change = wanted.updated != (None, None)
        candidates = self._changed_since(wanted.updated[0]) if by_change else self._taken_in(wanted.created)
        fitting = (row for row in candidates if wanted.has(row))
        return [*islice(fitting, (number - 1) * size, number * size)]

    def _taken_in(self, between: tuple[str | None, str | None]) -> Iterator[Row]:
        first, last = between
        key = attrgetter("created_at")
        start = 0 if first is None else bisect_left(self._created, first, key=key)
        end = len(self._created) if last is None else bisect_right(self._created, last, key=key)
        return (self._created[index] for index in range(end - 1, start - 1, -1))

    def _changed_since(self, first: str | None) -> Iterator[Row]:
        earliest = "" if first is None else later(first, -SKEW_S)
        for row in reversed(self._updated.values()):
            if row.updated_at < earliest:
                return
            yield row

    def _add(self, row: Row) -> None:
        self._updated[row.id] = row
        at = bisect_right(self._created, row.created_at, key=attrgetter("created_at"))
        self._created.insert(at, row)

    def _change(self, row: Row, event: CloudEvent) -> None:
        before, data = _shown(row), event.data
        row.version = event.version
        row.hidden = row.hidden or data.get("resident") is not None
        row.status = STATUS.get(event.type, row.status)
        row.service, row.grid = str(data.get("service", row.service)), str(data.get("grid", row.grid))
        if event.type == ReferralAccepted.type:
            row.lead_unit = str(data["unit"])
        if event.type in _SETS_DUE and "due" in data:
            row.due = str(data["due"])
        if _shown(row) != before:
            row.updated_at = event.recorded
            self._updated[row.id] = self._updated.pop(row.id)


_SETS_DUE = frozenset({RequestTriaged.type, RequestResumed.type, RequestReopened.type})


def _is_public(event: CloudEvent) -> bool:
    return event.data["channel"] == "web" and event.data.get("resident") is None


def _created(event: CloudEvent) -> Row:
    data = event.data
    units = cast(list[str], data["units"])
    lead = data.get("lead_unit") or (units[0] if units else None)
    return Row(
        id=event.stream,
        community=event.community,
        service=str(data["service"]),
        grid=str(data["grid"]),
        lead_unit=cast(str | None, lead),
        created_at=event.time,
        updated_at=event.recorded,
        version=event.version,
        due=cast(str | None, data.get("due")),
    )


def _within(time: str, between: tuple[str | None, str | None]) -> bool:
    first, last = between
    return (first is None or first <= time) and (last is None or time <= last)
