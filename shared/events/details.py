"""Events about sealed details, which every service records of its own."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.kernel.event import Event

Purpose = Literal["service", "follow-up", "complaint", "emergency", "report", "duplicate-check"]
"""What a reading is for: giving the service, following up, a complaint, an emergency, a report; whether
somebody who is being entered is on record already."""


class DetailsViewed(Event):
    """Somebody (the event's `authid`) was shown the personal details of `subject`."""

    type: ClassVar[str] = "details-viewed"

    subject: str
    purpose: Purpose
    count: int


class DetailsErased(Event):
    """A service deleted all that it had kept about a person; the proofs over the log stay valid."""

    type: ClassVar[str] = "details-erased"

    subject: str
    count: int
