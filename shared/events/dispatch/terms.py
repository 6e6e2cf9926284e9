"""The terms that events of dispatch speak in."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from shared.events.registry import Category
from shared.kernel.event import Partners
from shared.kernel.times import Time

Channel = Literal["telephone", "visit", "web", "unit", "alert"]
Priority = Literal["routine", "urgent", "asap", "stat"]
"""FHIR's request priorities, from the least to the most pressing."""
CheckInMethod = Literal["gps", "qr", "nfc", "telephone", "manual"]
ManualReason = Literal["no-signal", "no-device", "other"]
Outcome = Literal["done", "partly-done", "not-done"]

RejectReason = Literal[
    "out-of-scope", "not-eligible", "insufficient-information", "unsafe", "already-served", "other"
]
WithdrawReason = Literal["no-longer-needed", "solved-otherwise", "unreachable", "other"]
HoldReason = Literal["requester-asked", "waiting-for-unit", "waiting-for-material", "weather", "other"]
ReopenReason = Literal["not-solved", "came-back", "new-facts", "other"]
CloseReason = Literal["rated", "window-over", "with-its-target"]
ReleaseReason = Literal[
    "volunteer-asked",
    "volunteer-unavailable",
    "volunteer-suspended",
    "volunteer-left",
    "not-eligible",
    "reassigned",
    "handed-over",
    "request-ended",
    "other",
]
DeclineReason = Literal["not-free", "too-far", "not-trained", "other"]
ExpiryReason = Literal["unanswered", "slot-taken", "request-ended"]
ChangeReason = Literal["requester-asked", "volunteer-unavailable", "weather", "other"]
"""Why a visit is moved or cancelled by those who plan it."""
CancelReason = ChangeReason | Literal["volunteer-released", "request-ended"]
ReferReason = Literal["other-competence", "no-capacity", "nearer", "other"]
ReferralDeclineReason = Literal["full", "not-competent", "insufficient-information", "other"]
Capacity = Literal["open", "waitlist", "full"]
WhistleReason = Literal["needs-another-unit", "emergency", "several-units", "other"]
ReportOutcome = Literal["on-the-way", "arrived", "done", "cannot-come"]
Level = Literal["lead-unit", "community-office", "committee"]
"""Where an escalation has climbed to."""
Cause = Literal["response-time", "whistle", "welfare-check"]
Flag = Literal["agreement-ended", "service-withdrawn"]
AmendReason = Literal["wrong-time", "wrong-outcome", "other"]


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

    def covers(self, other: Slot) -> bool:
        """Whether all of `other` lies inside."""
        return self.start <= other.start and other.end <= self.end


class OfRequest(Partners):
    """What every event of a request carries, so that subscribers can choose without a look-up."""

    service: str
    category: Category
    grid: str
    priority: Priority | None = None
