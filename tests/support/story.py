"""The events of one request, as they come one after another, for tests that need some of them.

A day in November: created at 11:30 China's time, triaged as urgent, visited between nine and ten next day.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.dispatch.domain.decision import Volunteer
from shared.events.dispatch import (
    DutyBooked,
    RequestCreated,
    RequestTriaged,
    Slot,
    VisitCheckedIn,
    VisitCompleted,
    VisitScheduled,
    VolunteerAssigned,
)
from shared.kernel.event import Event
from shared.kernel.times import parse_time


def at(text: str) -> datetime:
    """`25T01:30` of November 2026, UTC."""
    return parse_time(f"2026-11-{text}:00Z")


def slot(start: str, end: str) -> Slot:
    """From `25T01:00` to `25T02:00` of November 2026, UTC."""
    return Slot(start=at(start), end=at(end))


REQUEST_ID = "request-1"
MEI = Volunteer("volunteer-mei", "unit-health-centre")
BO = Volunteer("volunteer-bo", "unit-school")
NINE_TO_TEN = slot("25T01:00", "25T02:00")
TEN_TO_ELEVEN = slot("25T02:00", "25T03:00")
CREATED_AT = at("24T03:30")
DUE = at("24T04:00")
WARN_AT = at("24T03:54")
UNITS = ("unit-health-centre", "unit-red-cross")
WITH_SCHOOL = (*UNITS, "unit-school")
DIGEST = "d" * 64
TERMS: dict[str, Any] = {
    "community": "shaba",
    "units": UNITS,
    "service": "service-home-health-help",
    "category": "community-service",
    "grid": "shaba-03",
    "priority": "urgent",
}


def created(**other: Any) -> RequestCreated:
    """The call that opens it."""
    facts = {
        **TERMS,
        "priority": None,
        "resident": "resident-1",
        "tier": "high",
        "channel": "telephone",
        "response_minutes": 30,
        "working_hours": "always",
        "skills": ("first-aid",),
        "basis": "registry@184",
    }
    return RequestCreated(**{**facts, **other})


def triaged(**other: Any) -> RequestTriaged:
    """Urgent, and due half an hour after its creation."""
    return RequestTriaged(**{**TERMS, "due": DUE, "warn_at": WARN_AT, **other})


def assigned(
    volunteer: Volunteer = MEI, when: Slot = NINE_TO_TEN, number: int = 1, **other: Any
) -> VolunteerAssigned:
    """The volunteer is placed, as the `number`th."""
    facts = {
        **TERMS,
        "assignment": f"{REQUEST_ID}.assignment-{number}",
        "volunteer": volunteer.id,
        "unit": volunteer.unit,
        "slot": when,
        "basis": "registry@190",
    }
    return VolunteerAssigned(**{**facts, **other})


def scheduled(
    volunteer: Volunteer = MEI, when: Slot = NINE_TO_TEN, number: int = 1, **other: Any
) -> VisitScheduled:
    """The `number`th visit is fixed, by the first assignment."""
    facts = {**TERMS, **_visit(volunteer, number), "slot": when, "assignment": f"{REQUEST_ID}.assignment-1"}
    return VisitScheduled(**{**facts, **other})


def checked_in(volunteer: Volunteer = MEI, number: int = 1, **other: Any) -> VisitCheckedIn:
    """The volunteer is at the door, five minutes late."""
    facts = {**TERMS, **_visit(volunteer, number), "method": "gps", "checked_in_at": at("25T01:05")}
    return VisitCheckedIn(**{**facts, **other})


def completed(volunteer: Volunteer = MEI, number: int = 1, **other: Any) -> VisitCompleted:
    """All that was asked for is done."""
    facts = {
        **TERMS,
        **_visit(volunteer, number),
        "outcome": "done",
        "contact_made": True,
        "started_at": at("25T01:05"),
        "ended_at": at("25T01:50"),
    }
    return VisitCompleted(**{**facts, **other})


def booked(duty: str, when: Slot = NINE_TO_TEN, volunteer: Volunteer = MEI, **other: Any) -> DutyBooked:
    """The volunteer's time is taken."""
    facts = {
        **TERMS,
        "units": (volunteer.unit,),
        "volunteer": volunteer.id,
        "unit": volunteer.unit,
        "duty": duty,
        "slot": when,
    }
    return DutyBooked(**{**facts, **other})


def _visit(volunteer: Volunteer, number: int) -> dict[str, str]:
    visit = f"{REQUEST_ID}.visit-{number}"
    return {"visit": visit, "volunteer": volunteer.id, "unit": volunteer.unit}


AFTER_TRIAGE: tuple[Event, ...] = (created(), triaged())
AFTER_ASSIGNMENT = (*AFTER_TRIAGE, assigned())
AFTER_SCHEDULING = (*AFTER_ASSIGNMENT, scheduled())
AFTER_CHECK_IN = (*AFTER_SCHEDULING, checked_in())
AFTER_COMPLETION = (*AFTER_CHECK_IN, completed())
