"""The story of one request, from audit's entries: what happened, and which unit was told of it when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from deploy.demo.evidence import Entry, delivered, failed
from services.dispatch.domain.working_time import LOCAL
from services.registry.case.case import Case
from shared.events.dispatch import (
    DutyBooked,
    RequestClosed,
    RequestCreated,
    RequestRated,
    RequestResolved,
    RequestTriaged,
    Slot,
    VisitCheckedIn,
    VisitCompleted,
    VisitScheduled,
    VolunteerAssigned,
)
from shared.events.index import decode
from shared.events.notify import Attempted
from shared.kernel.times import parse_time


@dataclass(frozen=True, slots=True)
class Chapter:
    """One event of the story. `told` has, for each unit, the attempt that reached it first."""

    at: datetime
    type: str
    text: str
    told: Sequence[Attempted]


def most_telling(entries: Collection[Entry], unit: str) -> str:
    """The completed request of which it was hardest to tell `unit`; of equals the one told to the fewest.

    Raises ValueError if no visit was completed.
    """
    completed = {entry.event.stream for entry in entries if entry.event.type == VisitCompleted.type}
    request_of = {entry.event.id: entry.event.stream for entry in entries}
    unanswered: defaultdict[str, int] = defaultdict(int)
    told: defaultdict[str, int] = defaultdict(int)
    for made in failed(entries):
        unanswered[request_of.get(made.message, "")] += made.unit == unit and made.status is None
    for taken in delivered(entries):
        told[request_of.get(taken.message, "")] += 1
    return max(sorted(completed), key=lambda request: (unanswered[request], -told[request]))


def tell(entries: Collection[Entry], request: str, case: Case) -> list[Chapter]:
    """The chapters of a request, in order: its own events, and its duty in the volunteer's calendar."""
    reached: defaultdict[str, dict[str, Attempted]] = defaultdict(dict)
    for made in delivered(entries):
        reached[made.message].setdefault(made.unit, made)
    return [
        Chapter(
            at=parse_time(entry.event.recorded).astimezone(LOCAL),
            type=entry.event.type,
            text=_text(entry, case),
            told=sorted(reached[entry.event.id].values(), key=lambda made: made.at),
        )
        for entry in sorted(entries, key=lambda entry: entry.seq)
        if entry.event.stream == request or str(entry.event.data.get("duty", "")).startswith(f"{request}.")
    ]


def unit_name(case: Case, id: str) -> str:
    """A unit's English name."""
    return next((unit.name.en for unit in case.units if unit.id == id), id)


def _text(entry: Entry, case: Case) -> str:
    match decode(entry.event.type, entry.event.data):
        case RequestCreated(channel=channel, grid=grid, tier=tier, resident=resident):
            whom = f"for resident-… (tier {tier}) in {grid}" if resident else f"for grid {grid}"
            return f"channel {channel}, {whom}"
        case RequestTriaged(priority=priority, due=due):
            return f"{priority}; somebody must be there by {due.astimezone(LOCAL):%d %b %H:%M}"
        case VolunteerAssigned(unit=unit, slot=slot):
            return f"a volunteer of {unit_name(case, unit)} goes, {_slot(slot)}"
        case DutyBooked(slot=slot):
            return f"the volunteer's calendar is taken, {_slot(slot)}"
        case VisitScheduled(slot=slot):
            return f"the visit is to be {_slot(slot)}"
        case VisitCheckedIn(method=method, on_behalf_of=volunteer):
            return f"by {method}" + (", said by its unit on the volunteer's behalf" if volunteer else "")
        case VisitCompleted(outcome=outcome, contact_made=met):
            return f"{outcome}, {'somebody' if met else 'nobody'} was met"
        case RequestResolved(outcome=outcome, reopen_until=until):
            return f"{outcome}; it could be reopened until {until.astimezone(LOCAL):%d %b %H:%M}"
        case RequestRated(solved=solved, satisfaction=satisfaction):
            return f"{'solved' if solved else 'not solved'}, says the requester: {satisfaction} of 5"
        case RequestClosed():
            return "nothing more comes of it"
        case _:
            return ""


def _slot(slot: Slot) -> str:
    start, end = slot.start.astimezone(LOCAL), slot.end.astimezone(LOCAL)
    return f"{start:%d %b %H:%M}-{end:%H:%M}"
