"""Everything that decides whether the demo succeeded: what was played, held against what is on record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from deploy.demo.checks import (
    Check,
    all_verified,
    found_out,
    is_complete,
    same_events,
    same_number,
    same_order,
    small_services,
    small_stack,
    unbroken,
)
from deploy.demo.day import Wish
from deploy.demo.evidence import Evidence
from deploy.demo.partner import ACCEPTED, BROKEN
from deploy.demo.play import Played
from deploy.demo.systems import FIRST_FAILURES, PARTNER, Journal
from deploy.demo.tamper import Tampering
from deploy.stack import PartStatus
from shared.events.dispatch import RequestClosed, RequestCreated, VisitCompleted, VolunteerAssigned


def findings(
    plan: Sequence[Wish],
    played: Played,
    journals: Mapping[str, Journal],
    evidence: Evidence,
    tampering: Tampering,
    parts: Sequence[PartStatus],
    names: Mapping[str, str],
) -> list[Check]:
    """All checks, in the order in which the account tells of things. `names` are the units'."""
    return [
        *_numbers(plan, played, evidence),
        *_tellings(journals, evidence, names),
        *(_record(evidence)),
        same_number(
            "the copy is intact before it is altered",
            {"faults": int(tampering.before is not None), "none": 0},
        ),
        found_out(tampering.seq, tampering.after.seq if tampering.after else None),
        small_services(parts),
        small_stack(parts),
    ]


def _numbers(plan: Sequence[Wish], played: Played, evidence: Evidence) -> Iterator[Check]:
    """What was planned, what the API answered, and what audit has, in numbers."""

    def recorded(event_type: str) -> int:
        return len(evidence.of_type(event_type))

    visited = [wish for wish in plan if wish.ending == "visited"]
    for name, planned, answered, event_type in (
        ("requests", len(plan), played.requests, RequestCreated.type),
        ("assignments", sum(bool(w.volunteers) for w in plan), played.assignments, VolunteerAssigned.type),
        ("visits", len(visited), played.completed, VisitCompleted.type),
        ("closings", sum(w.visit.outcome == "done" for w in visited), played.closed, RequestClosed.type),
    ):
        numbers = {"planned": planned, "answered": len(set(answered)), "in audit": recorded(event_type)}
        yield same_number(f"the {name} add up", numbers)
    clashes = sum(wish.rival is not None for wish in plan)
    yield same_number("nobody is in two places", {"double bookings": clashes, "refused": played.refused})


def _tellings(
    journals: Mapping[str, Journal], evidence: Evidence, names: Mapping[str, str]
) -> Iterator[Check]:
    """What the units' systems got, and whether the health centre's really failed and was really down."""
    received = {
        unit: {event for status, event in journal if status == ACCEPTED} for unit, journal in journals.items()
    }
    for unit, events in received.items():
        yield same_events(names[unit], events, evidence.due(unit))
    yield all_verified(journals)
    delivered = {(made.message, made.unit) for made in evidence.delivered()}
    numbers = {"received": sum(map(len, received.values())), "delivered by notify's report": len(delivered)}
    yield same_number("notify reports what the units received", numbers)
    broken = sum(status == BROKEN for status, _ in journals[PARTNER])
    numbers = {"meant to fail": FIRST_FAILURES, "answered 500": broken}
    yield same_number("the health centre's system failed at first", numbers)
    missed = sum(made.unit == PARTNER and made.status is None for made in evidence.failed())
    yield Check("the health centre's system was down", missed > 0, f"{missed:,} attempts without an answer")


def _record(evidence: Evidence) -> Iterator[Check]:
    """Audit's log against the logs of the services, and audit's verdict on it."""
    for service in ("registry", "dispatch", "notify"):
        recorded = [entry.event.id for entry in evidence.entries if entry.event.service == service]
        yield same_order(service, recorded, evidence.logs[service])
    yield is_complete(evidence.logs, evidence.verdict.entries)
    yield unbroken(evidence.verdict.intact, evidence.verdict.entries)
