"""Visits: the six elements of electronic visit verification are the service, the recipient, the provider, the
date, the place, and the start and end. A position is a sealed detail."""

from __future__ import annotations

from typing import ClassVar

from shared.events.dispatch.terms import (
    AmendReason,
    CancelReason,
    ChangeReason,
    CheckInMethod,
    ManualReason,
    OfRequest,
    Outcome,
    Slot,
)
from shared.kernel.times import Time


class VisitScheduled(OfRequest):
    """An assigned volunteer is to be there in this slot."""

    type: ClassVar[str] = "visit-scheduled"

    visit: str
    volunteer: str
    unit: str
    slot: Slot
    assignment: str | None = None


class VisitRescheduled(OfRequest):
    """The visit is at another time."""

    type: ClassVar[str] = "visit-rescheduled"

    visit: str
    volunteer: str
    unit: str
    slot: Slot
    reason: ChangeReason


class VisitCancelled(OfRequest):
    """The visit does not take place."""

    type: ClassVar[str] = "visit-cancelled"

    visit: str
    volunteer: str
    unit: str
    reason: CancelReason


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


class VisitCheckedOut(OfRequest):
    """The volunteer goes away again; what came of it may be said later."""

    type: ClassVar[str] = "visit-checked-out"

    visit: str
    volunteer: str
    unit: str
    method: CheckInMethod
    reason: ManualReason | None = None
    on_behalf_of: str | None = None
    checked_out_at: Time
    details: str | None = None


class VisitCompleted(OfRequest):
    """The visit is over. What was said in words is a sealed detail, what the resident thinks another."""

    type: ClassVar[str] = "visit-completed"

    visit: str
    volunteer: str
    unit: str
    outcome: Outcome
    contact_made: bool
    started_at: Time
    ended_at: Time
    details: str | None = None
    feedback: str | None = None
    follow_up: bool | None = None


class VisitAmended(OfRequest):
    """What was said of a visit that is over is corrected; what is not None is new."""

    type: ClassVar[str] = "visit-amended"

    visit: str
    volunteer: str
    unit: str
    reason: AmendReason
    outcome: Outcome | None = None
    contact_made: bool | None = None
    started_at: Time | None = None
    ended_at: Time | None = None
    details: str | None = None
    follow_up: bool | None = None


class VisitNoAnswer(OfRequest):
    """The volunteer was there at `at`, and nobody opened."""

    type: ClassVar[str] = "visit-no-answer"

    visit: str
    volunteer: str
    unit: str
    at: Time
    details: str | None = None


class VisitMissed(OfRequest):
    """Nobody had checked in when the visit's window was over. A check-in that was in time corrects it."""

    type: ClassVar[str] = "visit-missed"

    visit: str
    volunteer: str
    unit: str


class WelfareCheckRaised(OfRequest):
    """Nobody has opened at a resident's of the tier `high`, `times` in a row: somebody has to look."""

    type: ClassVar[str] = "welfare-check-raised"

    visit: str
    times: int
