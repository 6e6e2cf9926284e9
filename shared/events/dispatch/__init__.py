"""The events of dispatch: what is asked for, who goes, what came of it."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from shared.events.registry import Category, Tier, WorkingHours
from shared.kernel.event import Partners
from shared.kernel.times import Time

Channel = Literal["telephone", "visit", "web", "unit", "alert"]
Priority = Literal["routine", "urgent", "asap", "stat"]
"""FHIR's request priorities, from the least to the most pressing."""
CheckInMethod = Literal["gps", "qr", "nfc", "telephone", "manual"]
ManualReason = Literal["no-signal", "no-device", "other"]
Outcome = Literal["done", "partly-done", "not-done"]


class Slot(BaseModel):
    """A half-open interval of time, UTC."""

    model_config = ConfigDict(frozen=True)

    start: Time
    end: Time

    @model_validator(mode="after")
    def _forward(self) -> Slot:
        if self.end <= self.start:
            raise ValueError("a slot ends after it starts")
        return self

    def overlaps(self, other: Slot) -> bool:
        """Whether the two share a moment."""
        return self.start < other.end and other.start < self.end


class OfRequest(Partners):
    """What every event of a request carries, so that subscribers can choose without a look-up."""

    service: str
    category: Category
    grid: str
    priority: Priority | None = None


class RequestCreated(OfRequest):
    """Somebody asks for a service. The terms of the service are those that held at this moment."""

    type: ClassVar[str] = "request-created"

    resident: str | None = None
    tier: Tier | None = None
    channel: Channel
    response_minutes: int
    working_hours: WorkingHours
    skills: tuple[str, ...]
    details: str | None = None
    basis: str
    """What dispatch knew: the position of registry's log, `registry@184`."""


class RequestTriaged(OfRequest):
    """The request has a priority, and a moment by which somebody must have been there."""

    type: ClassVar[str] = "request-triaged"

    due: Time


class VolunteerAssigned(OfRequest):
    """A volunteer goes, in this slot."""

    type: ClassVar[str] = "volunteer-assigned"

    assignment: str
    volunteer: str
    unit: str
    slot: Slot
    basis: str


class VisitScheduled(OfRequest):
    """An assigned volunteer is to be there in this slot."""

    type: ClassVar[str] = "visit-scheduled"

    visit: str
    volunteer: str
    unit: str
    slot: Slot


class VisitCheckedIn(OfRequest):
    """The volunteer is there. A position is a sealed detail."""

    type: ClassVar[str] = "visit-checked-in"

    visit: str
    volunteer: str
    unit: str
    method: CheckInMethod
    reason: ManualReason | None = None
    on_behalf_of: str | None = None
    checked_in_at: Time
    details: str | None = None


class VisitCompleted(OfRequest):
    """The visit is over. What was said in words is a sealed detail."""

    type: ClassVar[str] = "visit-completed"

    visit: str
    volunteer: str
    unit: str
    outcome: Outcome
    contact_made: bool
    started_at: Time
    ended_at: Time
    details: str | None = None


class DutyBooked(OfRequest):
    """A volunteer's time is taken; on the volunteer's calendar, one stream for each ISO week (UTC)."""

    type: ClassVar[str] = "duty-booked"

    volunteer: str
    unit: str
    duty: str
    """The assignment that takes the time."""
    slot: Slot
