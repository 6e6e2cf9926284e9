"""What was asked for was seen to: resolved, rated, reopened, closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from services.dispatch.domain import refusals
from services.dispatch.domain.decision import Decision, require_worked_on
from services.dispatch.domain.intake import response_span
from services.dispatch.domain.working_time import NATIONAL, WorkingCalendar
from shared.events.dispatch import (
    Outcome,
    ReopenReason,
    RequestClosed,
    RequestRated,
    RequestReopened,
    RequestResolved,
)
from shared.folds.request_state import Rating, Request
from shared.kernel.decider import Refused, require

REOPENING_WINDOW = timedelta(days=5)
"""How long after it was resolved a request can be reopened."""


@dataclass(frozen=True, slots=True)
class Resolve:
    """It was seen to."""

    outcome: Outcome
    now: datetime
    details: str | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """What the requester says of it."""

    solved: bool
    satisfaction: int
    details: str | None = None


@dataclass(frozen=True, slots=True)
class Reopen:
    """It is not over after all."""

    reason: ReopenReason
    now: datetime
    details: str | None = None
    calendar: WorkingCalendar = NATIONAL


@dataclass(frozen=True, slots=True)
class Close:
    """Nothing more comes of it."""

    now: datetime


@dataclass(frozen=True, slots=True)
class CloseWithTarget:
    """The request that it is the same as has ended."""


Command = Resolve | Rate | Reopen | Close | CloseWithTarget


def resolve(command: Resolve, decision: Decision) -> None:
    """`request-resolved`, once nothing is planned any more."""
    request = decision.request
    if request.status == "resolved" and request.outcome == command.outcome:
        return
    require(request.status != "resolved", "already-resolved", refusals.RESOLVED)
    require_worked_on(request)
    require(not any(request.open_visits()), "visit-open", refusals.VISIT_OPEN)
    decision.wind_up(command.now)
    decision.add(
        RequestResolved,
        outcome=command.outcome,
        resolved_at=command.now,
        reopen_until=command.now + REOPENING_WINDOW,
        details=command.details,
    )


def rate(command: Rate, decision: Decision) -> None:
    """`request-rated`, once."""
    request = decision.request
    if request.rating == Rating(command.solved, command.satisfaction):
        return
    over = request.status in ("resolved", "closed") and request.target is None
    require(over, "request-not-resolved", refusals.NOT_RESOLVED)
    require(request.rating is None, "already-rated", refusals.RATED)
    decision.add(
        RequestRated, solved=command.solved, satisfaction=command.satisfaction, details=command.details
    )


def reopen(command: Reopen, decision: Decision) -> None:
    """`request-reopened`, inside the window."""
    request, created = decision.request, decision.created
    if request.target is not None:
        raise Refused("request-is-duplicate", refusals.IS_DUPLICATE, target=request.target)
    if request.rounds > 1 and request.status == "triaged":
        return
    over = request.status in ("resolved", "closed")
    require(over, "request-not-resolved", refusals.NOT_RESOLVED)
    inside = request.reopen_until is not None and command.now <= request.reopen_until
    require(inside, "reopening-window-over", refusals.WINDOW_OVER)
    span = response_span(command.now, created.response_minutes, created.working_hours, command.calendar)
    unit, volunteer = _went_last(request)
    decision.add(
        RequestReopened,
        reason=command.reason,
        due=span.due,
        warn_at=span.warn_at,
        reopened_at=command.now,
        unit=unit,
        volunteer=volunteer,
        details=command.details,
    )


def _went_last(request: Request) -> tuple[str | None, str | None]:
    """Unit and volunteer of the last visit that took place, or else of who was to go last."""
    went = [v for v in request.visits if v.status == "completed"]
    if went:
        last = max(went, key=lambda visit: visit.started_at or visit.slot.start)
        return last.unit, last.volunteer
    placed = [a for a in request.assignments if a.status in ("accepted", "completed")]
    return (placed[-1].unit, placed[-1].volunteer) if placed else (None, None)


def close(command: Close, decision: Decision) -> None:
    """`request-closed`, once it is rated or the window is over."""
    request = decision.request
    if request.status == "closed":
        return
    require(request.status == "resolved", "request-not-resolved", refusals.NOT_RESOLVED)
    over = request.reopen_until is not None and command.now >= request.reopen_until
    require(over or request.rating is not None, "window-open", refusals.WINDOW_OPEN)
    decision.add(RequestClosed, reason="rated" if request.rating is not None else "window-over")


def close_with_target(decision: Decision) -> None:
    """`request-closed`, for a duplicate that is not closed yet."""
    if decision.request.status == "duplicate":
        decision.add(RequestClosed, reason="with-its-target")


def decide(command: Command, decision: Decision) -> None:
    """See `services.dispatch.domain.request.decide`."""
    match command:
        case Resolve():
            resolve(command, decision)
        case Rate():
            rate(command, decision)
        case Reopen():
            reopen(command, decision)
        case Close():
            close(command, decision)
        case CloseWithTarget():
            close_with_target(decision)
        case _:
            assert_never(command)
