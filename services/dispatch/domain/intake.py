"""A request is taken in, judged, corrected; or it is not for us: a duplicate, rejected, withdrawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, assert_never

from services.dispatch.domain import refusals
from services.dispatch.domain.decision import (
    Decision,
    require_live,
    require_nobody_there,
    require_not_ended,
)
from services.dispatch.domain.working_time import NATIONAL, WorkingCalendar
from shared.events.dispatch import (
    DuplicateJoined,
    Flag,
    Priority,
    RejectReason,
    RequestAmended,
    RequestCreated,
    RequestFlagged,
    RequestHandedOver,
    RequestMarkedDuplicate,
    RequestRejected,
    RequestTriaged,
    RequestWithdrawn,
    WithdrawReason,
)
from shared.events.registry import Tier, WorkingHours
from shared.folds.request_state import Request
from shared.kernel.decider import Refused, require

WARNED_AT = 0.8
"""The part of the response time after which a warning goes out."""


@dataclass(frozen=True, slots=True)
class Create:
    """Take a request in. The facts are complete: the service's terms, the resident's tier, what we knew."""

    facts: RequestCreated


@dataclass(frozen=True, slots=True)
class Triage:
    """Say how pressing it is; `created_at` is when the clock began. `coordinator` looks after it."""

    priority: Priority
    created_at: datetime
    calendar: WorkingCalendar = NATIONAL
    coordinator: str | None = None


@dataclass(frozen=True, slots=True)
class Amend:
    """Correct what was said of it; None is as it was. The clock is not touched."""

    grid: str | None = None
    priority: Priority | None = None
    resident: str | None = None
    tier: Tier | None = None
    details: str | None = None


@dataclass(frozen=True, slots=True)
class MarkDuplicate:
    """It, `id`, is the same as another request, whose state is `other`."""

    id: str
    target: str
    other: Request
    now: datetime


@dataclass(frozen=True, slots=True)
class JoinDuplicate:
    """Another request, of these units, is the same as this one."""

    duplicate: str
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reject:
    """It is not for us to meet."""

    reason: RejectReason
    now: datetime


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Who asked wants it no longer."""

    reason: WithdrawReason
    now: datetime


@dataclass(frozen=True, slots=True)
class FlagRequest:
    """What it was decided on does not hold any more."""

    flag: Flag
    unit: str | None
    basis: str


@dataclass(frozen=True, slots=True)
class HandOver:
    """Another of the staff looks after it."""

    coordinator: str


Command = Create | Triage | Amend | MarkDuplicate | JoinDuplicate | Reject | Withdraw | FlagRequest | HandOver


@dataclass(frozen=True, slots=True)
class Span:
    """By when a warning goes out, and by when somebody must have been there."""

    warn_at: datetime
    due: datetime


def response_span(began: datetime, minutes: int, hours: WorkingHours, calendar: WorkingCalendar) -> Span:
    """The response time of a service from the moment on at which the clock begins."""
    warned = calendar.after(began, timedelta(minutes=minutes) * WARNED_AT, hours)
    return Span(warned, calendar.after(began, minutes, hours))


def triage(command: Triage, decision: Decision) -> None:
    """`request-triaged`, with the clock as it was since the creation."""
    request, created = decision.request, decision.created
    if request.priority == command.priority and request.status != "received":
        return
    require_live(request)
    require(request.status == "received", "already-triaged", refusals.TRIAGED)
    due, warn_at = request.due, request.clock.warn_at
    if due is None or warn_at is None:
        span = response_span(
            command.created_at, created.response_minutes, created.working_hours, command.calendar
        )
        due, warn_at = due or span.due, warn_at or span.warn_at
    decision.add(
        RequestTriaged,
        priority=command.priority,
        due=due,
        warn_at=warn_at,
        coordinator=command.coordinator,
    )


def amend(command: Amend, decision: Decision) -> None:
    """`request-amended`; nothing if it was so already."""
    request, created = decision.request, decision.created
    require_not_ended(request)
    said: dict[str, Any] = {}
    if command.grid not in (None, created.grid):
        said["grid"] = command.grid
    if command.priority not in (None, request.priority):
        judged = request.status != "received" and (request.hold is None or request.hold.before != "received")
        require(judged, "request-not-triaged", refusals.NOT_TRIAGED)
        said["priority"] = command.priority
    if command.resident not in (None, created.resident):
        require(created.resident is None, "resident-known", refusals.RESIDENT_KNOWN)
        said |= {"resident": command.resident, "tier": command.tier}
    if command.details is not None and command.details not in request.details:
        said["details"] = command.details
    if said:
        decision.add(RequestAmended, **said)


def mark_duplicate(command: MarkDuplicate, decision: Decision) -> None:
    """`request-marked-duplicate`, once what was planned for it has ended."""
    request, other = decision.request, command.other
    if request.status == "duplicate" and request.target == command.target:
        return
    require(command.target != command.id, "merged-into-itself", refusals.ITSELF)
    require_not_ended(request)
    if other.status == "duplicate":
        raise Refused("target-is-duplicate", refusals.TARGET_IS_DUPLICATE, target=other.target)
    same = other.created is not None and other.created.community == decision.created.community
    require(same, "other-community", refusals.OTHER_COMMUNITY)
    require_not_ended(other)
    require_not_visited(request)
    decision.wind_up(command.now)
    decision.add(RequestMarkedDuplicate, target=command.target, joining=other.units)


def join_duplicate(command: JoinDuplicate, decision: Decision) -> None:
    """`duplicate-joined`."""
    if command.duplicate not in decision.request.duplicates:
        decision.add(DuplicateJoined, duplicate=command.duplicate, joining=command.units)


def reject(command: Reject, decision: Decision) -> None:
    """`request-rejected`, once what was planned for it has ended."""
    if decision.request.status == "rejected":
        return
    require_not_ended(decision.request)
    require_not_visited(decision.request)
    decision.wind_up(command.now)
    decision.add(RequestRejected, reason=command.reason)


def withdraw(command: Withdraw, decision: Decision) -> None:
    """`request-withdrawn`, once what was planned for it has ended."""
    if decision.request.status == "withdrawn":
        return
    require_not_ended(decision.request)
    require_nobody_there(decision.request)
    decision.wind_up(command.now)
    decision.add(RequestWithdrawn, reason=command.reason)


def require_not_visited(request: Request) -> None:
    """Raises Refused `already-visited` if somebody has been there."""
    visited = request.clock.met_at is not None or request.rounds > 1
    require(not visited, "already-visited", refusals.ALREADY_VISITED)


def flag(command: FlagRequest, decision: Decision) -> None:
    """`request-flagged`, once; not for one that is over."""
    ended = decision.request.status in ("duplicate", "rejected", "withdrawn", "resolved", "closed")
    if not ended and command.flag not in decision.request.flags:
        decision.add(RequestFlagged, flag=command.flag, unit=command.unit, basis=command.basis)


def hand_over(command: HandOver, decision: Decision) -> None:
    """`request-handed-over`."""
    if decision.request.coordinator != command.coordinator:
        require_not_ended(decision.request)
        decision.add(RequestHandedOver, coordinator=command.coordinator)


def decide(command: Command, decision: Decision) -> None:
    """See `services.dispatch.domain.request.decide`."""
    match command:
        case Create():
            require(decision.created == command.facts, "already-registered", refusals.ANOTHER_REQUEST)
        case Triage():
            triage(command, decision)
        case Amend():
            amend(command, decision)
        case MarkDuplicate():
            mark_duplicate(command, decision)
        case JoinDuplicate():
            join_duplicate(command, decision)
        case Reject():
            reject(command, decision)
        case Withdraw():
            withdraw(command, decision)
        case FlagRequest():
            flag(command, decision)
        case HandOver():
            hand_over(command, decision)
        case _:
            assert_never(command)
