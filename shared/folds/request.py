"""A request: what its events mean, for dispatch that decides and for audit that replays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from shared.events.dispatch import (
    DuplicateJoined,
    OfRequest,
    RequestAmended,
    RequestClosed,
    RequestCreated,
    RequestEscalated,
    RequestFlagged,
    RequestHandedOver,
    RequestHeld,
    RequestMarkedDuplicate,
    RequestRated,
    RequestRejected,
    RequestReopened,
    RequestResolved,
    RequestResumed,
    RequestTriaged,
    RequestWithdrawn,
    SlaBreached,
    SlaWarned,
    WelfareCheckRaised,
)
from shared.folds.request_state import (
    Assignment,
    Clock,
    Hold,
    Rating,
    Referral,
    Request,
    Status,
    Visit,
    Whistle,
)
from shared.folds.request_work import WORK, with_whistle
from shared.kernel.decider import Fold
from shared.kernel.event import Event

__all__ = ["FOLD", "Assignment", "Clock", "Referral", "Request", "Status", "Visit", "Whistle", "evolve"]


def evolve(request: Request, event: Event) -> Request:
    """The request after `event`. Never raises: what makes no sense here changes nothing."""
    if not isinstance(event, OfRequest) or type(event) not in _MEANINGS:
        return request
    digest = getattr(event, "details", None)
    if digest is not None:
        request = replace(request, details=(*request.details, digest))
    after = _MEANINGS[type(event)](request, event)
    units, due = after.concerned(), after.clock.due
    return after if (units, due) == (after.units, after.due) else replace(after, units=units, due=due)


def _created(request: Request, event: RequestCreated) -> Request:
    clock = Clock(due=event.due, warn_at=event.warn_at)
    return replace(
        request, status="received", created=event, units=event.units, base=event.units, clock=clock
    )


def _triaged(request: Request, event: RequestTriaged) -> Request:
    clock = replace(request.clock, due=event.due, warn_at=event.warn_at or request.clock.warn_at)
    coordinator = event.coordinator or request.coordinator
    return replace(request, status="triaged", priority=event.priority, clock=clock, coordinator=coordinator)


def _amended(request: Request, event: RequestAmended) -> Request:
    created = request.created
    if created is None:
        return request
    said: dict[str, object] = {"grid": event.grid}
    if event.resident is not None:
        said |= {"resident": event.resident, "tier": event.tier}
    return replace(request, created=created.model_copy(update=said), priority=event.priority)


def _marked_duplicate(request: Request, event: RequestMarkedDuplicate) -> Request:
    return _over(replace(request, status="duplicate", target=event.target))


def _joined(request: Request, event: DuplicateJoined) -> Request:
    base = tuple(dict.fromkeys((*request.base, *event.units)))
    return replace(request, base=base, duplicates=(*request.duplicates, event.duplicate))


def _rejected(request: Request, _: RequestRejected) -> Request:
    return _over(replace(request, status="rejected"))


def _withdrawn(request: Request, _: RequestWithdrawn) -> Request:
    return _over(replace(request, status="withdrawn"))


def _held(request: Request, event: RequestHeld) -> Request:
    before = request.hold.before if request.hold is not None else request.status
    return replace(request, status="on-hold", hold=Hold(event.reason, event.held_at, event.until, before))


def _resumed(request: Request, event: RequestResumed) -> Request:
    clock = replace(request.clock, due=event.due, warn_at=event.warn_at, escalates_at=event.escalates_at)
    status = request.hold.before if request.hold is not None else request.status
    if status == "assigned" and not any(request.active()):
        status = "triaged"
    return replace(request, status=status, hold=None, clock=clock)


def _resolved(request: Request, event: RequestResolved) -> Request:
    resolved = replace(
        request,
        status="resolved",
        assignments=_completed(request),
        outcome=event.outcome,
        resolved_at=event.resolved_at,
        reopen_until=event.reopen_until,
    )
    return _over(resolved)


def _completed(request: Request) -> tuple[Assignment, ...]:
    """Whoever went is done, and takes no more time for it."""
    return tuple(replace(a, status="completed") if a.active else a for a in request.assignments)


def _over(request: Request) -> Request:
    """Nobody waits any more: neither for the end of a hold, nor for a unit that was called."""
    calls = tuple(replace(whistle, next_at=None) for whistle in request.whistles)
    return replace(request, hold=None, whistles=calls)


def _rated(request: Request, event: RequestRated) -> Request:
    return replace(request, rating=Rating(event.solved, event.satisfaction))


def _reopened(request: Request, event: RequestReopened) -> Request:
    return replace(
        request,
        status="triaged",
        assignments=_completed(request),
        clock=Clock(due=event.due, warn_at=event.warn_at, since=event.reopened_at),
        outcome=None,
        resolved_at=None,
        reopen_until=None,
        rating=None,
        rounds=request.rounds + 1,
        first_choice=event.volunteer,
    )


def _closed(request: Request, _: RequestClosed) -> Request:
    return replace(request, status="closed")


def _warned(request: Request, _: SlaWarned) -> Request:
    return replace(request, clock=replace(request.clock, warned=True))


def _breached(request: Request, _: SlaBreached) -> Request:
    return replace(request, clock=replace(request.clock, warned=True, breached=True))


def _escalated(request: Request, event: RequestEscalated) -> Request:
    if event.cause == "whistle" and event.whistle is not None:
        return with_whistle(request, event.whistle, level=event.level, next_at=event.next_at)
    if event.cause == "response-time":
        clock = replace(request.clock, level=event.level, escalates_at=event.next_at)
        return replace(request, clock=clock)
    return request


def _welfare_check(request: Request, _: WelfareCheckRaised) -> Request:
    return replace(request, welfare_check=True)


def _flagged(request: Request, event: RequestFlagged) -> Request:
    if event.flag in request.flags:
        return request
    return replace(request, flags=(*request.flags, event.flag))


def _handed_over(request: Request, event: RequestHandedOver) -> Request:
    return replace(request, coordinator=event.coordinator)


_MEANINGS: dict[type[Event], Callable[[Request, Any], Request]] = {
    **WORK,
    RequestCreated: _created,
    RequestTriaged: _triaged,
    RequestAmended: _amended,
    RequestMarkedDuplicate: _marked_duplicate,
    DuplicateJoined: _joined,
    RequestRejected: _rejected,
    RequestWithdrawn: _withdrawn,
    RequestHeld: _held,
    RequestResumed: _resumed,
    RequestResolved: _resolved,
    RequestRated: _rated,
    RequestReopened: _reopened,
    RequestClosed: _closed,
    RequestFlagged: _flagged,
    RequestHandedOver: _handed_over,
    WelfareCheckRaised: _welfare_check,
    SlaWarned: _warned,
    SlaBreached: _breached,
    RequestEscalated: _escalated,
}

FOLD: Fold[Request, Event] = Fold(Request(), evolve)
"""A request, from nothing."""
