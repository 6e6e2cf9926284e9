"""A request as such: taken in, judged, put aside, ended."""

from __future__ import annotations

from typing import ClassVar

from shared.events.dispatch.terms import (
    Channel,
    CloseReason,
    Flag,
    HoldReason,
    OfRequest,
    Outcome,
    RejectReason,
    ReopenReason,
    WithdrawReason,
)
from shared.events.registry import Matching, Tier, WorkingHours
from shared.kernel.times import Time


class RequestCreated(OfRequest):
    """Somebody asks for a service. The terms of the service are those that held at this moment.

    Somebody is to have been there by `due`; a warning goes out at `warn_at`.
    """

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
    due: Time | None = None
    warn_at: Time | None = None
    training: tuple[str, ...] = ()
    matching: Matching | None = None
    lead_unit: str | None = None


class RequestTriaged(OfRequest):
    """The request has a priority, and a moment by which somebody must have been there.

    `coordinator` is who of the staff looks after it from now on.
    """

    type: ClassVar[str] = "request-triaged"

    due: Time
    warn_at: Time | None = None
    coordinator: str | None = None


class RequestAmended(OfRequest):
    """What is said of a request changed: what is not None is new. `details` are words that were added."""

    type: ClassVar[str] = "request-amended"

    resident: str | None = None
    tier: Tier | None = None
    details: str | None = None


class RequestMarkedDuplicate(OfRequest):
    """The request is the same as `target`, with which it closes."""

    type: ClassVar[str] = "request-marked-duplicate"

    target: str


class DuplicateJoined(OfRequest):
    """`duplicate` turned out to be this request; the units that it concerned hear of this one from now on."""

    type: ClassVar[str] = "duplicate-joined"

    duplicate: str


class RequestRejected(OfRequest):
    """The request is not for us to meet."""

    type: ClassVar[str] = "request-rejected"

    reason: RejectReason


class RequestWithdrawn(OfRequest):
    """Who asked wants it no longer."""

    type: ClassVar[str] = "request-withdrawn"

    reason: WithdrawReason


class RequestHeld(OfRequest):
    """Nothing can be done for a while, `until` at the latest; the clock stands still since `held_at`."""

    type: ClassVar[str] = "request-held"

    reason: HoldReason
    held_at: Time
    until: Time


class RequestResumed(OfRequest):
    """The request goes on, and so does the clock, with what was left of it."""

    type: ClassVar[str] = "request-resumed"

    due: Time | None = None
    warn_at: Time | None = None
    escalates_at: Time | None = None


class RequestResolved(OfRequest):
    """What was asked for was seen to. It can be reopened until `reopen_until`, and then it closes."""

    type: ClassVar[str] = "request-resolved"

    outcome: Outcome
    resolved_at: Time
    reopen_until: Time
    details: str | None = None


class RequestRated(OfRequest):
    """What the requester says of it: solved or not, and how content from 1 to 5."""

    type: ClassVar[str] = "request-rated"

    solved: bool
    satisfaction: int
    details: str | None = None


class RequestReopened(OfRequest):
    """It was not over after all: triaged anew, with a clock of its own; `volunteer` is the first choice."""

    type: ClassVar[str] = "request-reopened"

    reason: ReopenReason
    due: Time
    warn_at: Time
    reopened_at: Time | None = None
    unit: str | None = None
    volunteer: str | None = None
    details: str | None = None


class RequestClosed(OfRequest):
    """Nothing more comes of it, but for a reopening inside the window."""

    type: ClassVar[str] = "request-closed"

    reason: CloseReason


class RequestFlagged(OfRequest):
    """Something that it was decided on does not hold any more; somebody has to look."""

    type: ClassVar[str] = "request-flagged"

    flag: Flag
    unit: str | None = None
    basis: str


class RequestHandedOver(OfRequest):
    """Another of the staff looks after it."""

    type: ClassVar[str] = "request-handed-over"

    coordinator: str
