"""Between units: one refers to another, or calls it in."""

from __future__ import annotations

from typing import ClassVar

from shared.events.dispatch.terms import (
    Capacity,
    OfRequest,
    ReferralDeclineReason,
    ReferReason,
    ReportOutcome,
    WhistleReason,
)
from shared.kernel.event import Partners
from shared.kernel.times import Time


class CapacityDeclared(Partners):
    """How much more `unit` can take on of `service`."""

    type: ClassVar[str] = "capacity-declared"

    unit: str
    service: str
    capacity: Capacity


class RequestReferred(OfRequest):
    """`unit` is asked to take the request over, and has until `expires_at` to answer.

    `from_unit` is the unit that asks, none if it is the staff. `capacity` is what the unit had declared.
    """

    type: ClassVar[str] = "request-referred"

    referral: str
    unit: str
    from_unit: str | None = None
    reason: ReferReason
    capacity: Capacity
    expires_at: Time
    basis: str


class ReferralAccepted(OfRequest):
    """The unit takes the request over."""

    type: ClassVar[str] = "referral-accepted"

    referral: str
    unit: str
    from_unit: str | None = None


class ReferralDeclined(OfRequest):
    """The unit does not take the request over."""

    type: ClassVar[str] = "referral-declined"

    referral: str
    unit: str
    from_unit: str | None = None
    reason: ReferralDeclineReason


class ReferralExpired(OfRequest):
    """The unit has not answered in time, or the request ended meanwhile."""

    type: ClassVar[str] = "referral-expired"

    referral: str
    unit: str
    from_unit: str | None = None


class WhistleBlown(OfRequest):
    """`unit` is called in, and has until `due` to report. One event for each unit that is called."""

    type: ClassVar[str] = "whistle-blown"

    whistle: str
    unit: str
    from_unit: str | None = None
    reason: WhistleReason
    response_minutes: int
    due: Time


class UnitReportedIn(OfRequest):
    """A unit that was called says where it stands."""

    type: ClassVar[str] = "unit-reported-in"

    whistle: str
    unit: str
    outcome: ReportOutcome
    details: str | None = None
