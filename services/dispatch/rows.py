"""A request as a list and the board have it: a row of what its state says, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import Literal

from services.dispatch.domain.clock import deadlines
from shared.folds.request_state import ENDED, Assignment, Request, Visit
from shared.kernel.canonical import Json
from shared.kernel.times import format_time

Due = tuple[str, str, str]
"""A deadline of the clock: kind, item, moment."""
Work = tuple[str, str, str, str, str, str]
"""What takes a volunteer's time: item (`visit-1`), volunteer, unit, start, end, status."""


Alarm = Literal[
    "breached",
    "escalated",
    "welfare-check",
    "untaken",
    "missed",
    "unanswered",
    "not-solved",
    "agreement-ended",
    "service-withdrawn",
]
"""What somebody has to look at."""


@dataclass(slots=True)
class Row:
    """What a list says of a request. `place` is where the log has its creation.

    `unanswered` is at how many visits in a row nobody has opened, `answered` whether somebody has before
    those, `visited_at` when the last visit was; `clock` the deadlines as they are now; `work` the assignments
    and visits that hold, or did until they were over.
    """

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
    volunteers: tuple[str, ...] = ()
    responsible: str | None = None
    coordinator: str | None = None
    target: str | None = None
    alarms: tuple[str, ...] = ()
    visited_at: str | None = None
    unanswered: int = 0
    answered: bool = False
    clock: tuple[Due, ...] = ()
    work: tuple[Work, ...] = ()

    @property
    def open(self) -> bool:
        """Whether something is to come of it yet."""
        return self.status not in ENDED

    def is_overdue(self, now: str) -> bool:
        """Whether somebody must have been there by `now`, and nobody has."""
        return "breached" in self.alarms or any(
            kind == "sla-breached" and at <= now for kind, _, at in self.clock
        )

    def volunteers_of(self, unit: str) -> tuple[str, ...]:
        """Those of `volunteers` who go for `unit`."""
        theirs = {volunteer for _, volunteer, of, *_ in self.work if of == unit}
        return tuple(volunteer for volunteer in self.volunteers if volunteer in theirs)

    def shown(self) -> dict[str, Json]:
        """For an answer."""
        said: dict[str, Json] = {name: _json(getattr(self, name)) for name in _SHOWN}
        return {name: value for name, value in said.items() if value is not None}

    def has(self, only: Mapping[str, str]) -> bool:
        """Whether each field that `only` names is so; where it has several values, that one of them is."""
        for name, value in only.items():
            said = getattr(self, name)
            if value not in said if isinstance(said, tuple) else value != said:
                return False
        return True


_FIELDS = tuple(field.name for field in fields(Row))
_HIDDEN = frozenset({"place", "clock", "work", "visited_at", "unanswered", "answered"})
_SHOWN = tuple(name for name in _FIELDS if name not in _HIDDEN)
FIELDS = _FIELDS
"""The names of all fields, in the order in which a snapshot has them."""
values_of = attrgetter(*_FIELDS)


def _json(value: object) -> Json:
    return [*value] if isinstance(value, tuple) else value  # type: ignore[return-value]


def said_by(request: Request) -> dict[str, object]:
    """What a row says by a request's state."""
    created = request.created
    assert created is not None
    return {
        "status": request.status,
        "grid": created.grid,
        "units": request.units,
        "resident": created.resident,
        "priority": request.priority,
        "due": _time(request.due),
        "volunteers": tuple(dict.fromkeys(_volunteers(request))),
        "responsible": request.responsible,
        "coordinator": request.coordinator,
        "target": request.target,
        "alarms": tuple(alarms(request)),
        "clock": tuple((each.kind, each.item, format_time(each.due)) for each in deadlines(request)),
        "work": tuple(_work(request)),
        **_visits(request),
    }


def alarms(request: Request) -> Iterator[str]:
    """What somebody has to look at: `breached`, `escalated`, `welfare-check`, `untaken` (asked, and nobody
    goes), `missed` (nobody came to the last visit), `unanswered` (a unit that was called does not report),
    `not-solved` (says the requester), and flags."""
    if request.status not in ENDED:
        if request.clock.breached and request.clock.met_at is None:
            yield "breached"
        if request.clock.level not in (None, "lead-unit") and request.clock.met_at is None:
            yield "escalated"
        if request.welfare_check:
            yield "welfare-check"
        if request.untaken() and not any(request.active()) and not any(request.offers()):
            yield "untaken"
        if any(whistle.level is not None and whistle.reported is None for whistle in request.whistles):
            yield "unanswered"
        if _missed(request):
            yield "missed"
        yield from request.flags
    if request.status == "resolved" and request.rating is not None and not request.rating.solved:
        yield "not-solved"


def _missed(request: Request) -> bool:
    """Whether the last visit was to be, nobody came, and none is planned."""
    planned = [visit for visit in request.visits if visit.status != "cancelled"]
    last = max(planned, key=lambda visit: visit.slot.start, default=None)
    return last is not None and last.status == "missed" and not any(request.open_visits())


def _volunteers(request: Request) -> Iterator[str]:
    """Who goes, is asked, or was there."""
    yield from (a.volunteer for a in request.assignments if a.status in ("offered", "accepted", "completed"))
    yield from (visit.volunteer for visit in request.visits if visit.status != "cancelled")


def _work(request: Request) -> Iterator[Work]:
    for assignment in request.assignments:
        if assignment.status in ("offered", "accepted", "completed"):
            yield _worked(assignment)
    for visit in request.visits:
        if visit.status != "cancelled":
            yield _worked(visit)


def _worked(part: Assignment | Visit) -> Work:
    item, slot = part.id.partition(".")[2], part.slot
    return item, part.volunteer, part.unit, format_time(slot.start), format_time(slot.end), part.status


def _visits(request: Request) -> dict[str, object]:
    over = [visit for visit in request.visits if visit.status in ("completed", "no-answer")]
    over.sort(key=lambda visit: visit.started_at or visit.slot.start)
    times, answered = 0, False
    for visit in reversed(over):
        answered = visit.status == "completed" and bool(visit.contact_made)
        if answered:
            break
        times += visit.status == "no-answer"
    last = _time(over[-1].started_at or over[-1].slot.start) if over else None
    return {"visited_at": last, "unanswered": times, "answered": answered}


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
