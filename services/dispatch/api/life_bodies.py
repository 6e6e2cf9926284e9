"""What the routes of a request's life accept."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from services.dispatch.api.bodies import CheckInBody, SlotBody, Text, plain_slot
from shared.events.dispatch import (
    AmendReason,
    Capacity,
    ChangeReason,
    DeclineReason,
    HoldReason,
    Outcome,
    Priority,
    ReferralDeclineReason,
    ReferReason,
    RejectReason,
    ReopenReason,
    ReportOutcome,
    WhistleReason,
    WithdrawReason,
)
from shared.kernel.times import Time
from shared.runtime.http.bodies import Body, Code
from shared.runtime.ids import Id

CALLED_AT_ONCE = 20

ReleaseBodyReason = Literal["volunteer-asked", "volunteer-unavailable", "not-eligible", "other"]
PlainSlot = Annotated[SlotBody, AfterValidator(plain_slot)]


class AmendmentBody(Body):
    """What is to be so from now on; what is left out stays. `text` is added to what was said."""

    grid: Code | None = Field(None, examples=["shaba-04"])
    priority: Priority | None = None
    resident: Id | None = None
    text: Text | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("say what is to change")
        return self


class MergeBody(Body):
    """The request that it is the same as."""

    into: Id


class RejectionBody(Body):
    """Why it is not for us."""

    reason: RejectReason


class WithdrawalBody(Body):
    """Why it is wanted no longer."""

    reason: WithdrawReason


class HoldBody(Body):
    """Why nothing can be done, and until when at the latest: 14 days from now, if nothing is said."""

    reason: HoldReason
    until: Time | None = None


class ResolutionBody(Body):
    """What came of it in the end."""

    outcome: Outcome
    text: Text | None = None


class RatingBody(Body):
    """What the requester says of it."""

    solved: bool
    satisfaction: int = Field(ge=1, le=5)
    text: Text | None = None


class ReopeningBody(Body):
    """Why it is not over."""

    reason: ReopenReason
    text: Text | None = None


class OfferBody(Body):
    """Who is asked, for when; and until when the answer is waited for: two hours, or the slot's start if that
    is sooner, if nothing is said."""

    volunteer: Id
    slot: PlainSlot
    expires_at: Time | None = None


class DeclineBody(Body):
    """Why the volunteer does not go."""

    reason: DeclineReason


class ReleaseBody(Body):
    """Why the volunteer does not go after all."""

    reason: ReleaseBodyReason


class ReassignBody(Body):
    """Who goes instead."""

    volunteer: Id
    reason: ReleaseBodyReason


class RescheduleBody(Body):
    """When the visit is to be."""

    slot: PlainSlot
    reason: ChangeReason


class CancelBody(Body):
    """Why the visit is not to be."""

    reason: ChangeReason


class CheckOutBody(CheckInBody):
    """The volunteer goes away again."""


class NoAnswerBody(Body):
    """Nobody opened, at `occurred_at` if it was earlier than now."""

    occurred_at: Time | None = None
    text: Text | None = None


class VisitAmendmentBody(Body):
    """What is not as it was said of a visit that is over; what is left out stays."""

    reason: AmendReason
    outcome: Outcome | None = None
    contact_made: bool | None = None
    started_at: Time | None = None
    ended_at: Time | None = None
    follow_up: bool | None = None
    text: Text | None = None


class ReferralBody(Body):
    """Which unit is asked to take the request over, why, and until when: a day, if nothing is said.
    `waitlist`: its waiting list would do."""

    unit: Id
    reason: ReferReason
    waitlist: bool = False
    expires_at: Time | None = None


class ReferralDeclineBody(Body):
    """Why the unit does not take it over."""

    reason: ReferralDeclineReason


class WhistleBody(Body):
    """Which units are called in, why, and within how many minutes each is to report."""

    units: list[Id] = Field(min_length=1, max_length=CALLED_AT_ONCE)
    reason: WhistleReason
    response_minutes: int = Field(30, ge=5, le=1440)


class ReportBody(Body):
    """Where a unit that was called stands."""

    outcome: ReportOutcome
    text: Text | None = None


class CapacityBody(Body):
    """How much more a unit can take on of a service."""

    capacity: Capacity


class HandOverBody(Body):
    """All that one has open is to go to another: two volunteers, or two of the staff."""

    giver: Id
    taker: Id
