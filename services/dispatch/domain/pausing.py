"""A request is put aside for a while, and goes on: the clock stands still meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from services.dispatch.domain import refusals
from services.dispatch.domain.decision import Decision, require_live
from services.dispatch.domain.working_time import NATIONAL, WorkingCalendar
from shared.events.dispatch import HoldReason, RequestHeld, RequestResumed
from shared.kernel.decider import require

LONGEST_HOLD = timedelta(days=90)
HELD_FOR = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Hold:
    """Put it aside, `until` at the latest: for two weeks, or as long as it is held already, if None."""

    reason: HoldReason
    until: datetime | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on with it."""

    now: datetime
    calendar: WorkingCalendar = NATIONAL


Command = Hold | Resume


def hold(command: Hold, decision: Decision) -> None:
    """`request-held`; again, if it is to be held for another time than it is."""
    request = decision.request
    held = request.hold
    if held is not None:
        require(held.reason == command.reason, "already-on-hold", refusals.ON_HOLD)
        if command.until not in (None, held.until):
            _hold(command, decision, held.held_at)
        return
    require_live(request)
    require(request.status != "referred", "request-not-open", refusals.NOT_OPEN)
    require(not any(request.open_visits()), "visit-open", refusals.VISIT_OPEN)
    require(not any(request.offers()), "offer-open", refusals.OFFER_OPEN)
    _hold(command, decision, command.now)


def _hold(command: Hold, decision: Decision, held_at: datetime) -> None:
    until = command.until or command.now + HELD_FOR
    in_range = command.now < until <= command.now + LONGEST_HOLD
    require(in_range, "hold-out-of-range", refusals.HOLD_OUT_OF_RANGE)
    decision.add(RequestHeld, reason=command.reason, held_at=held_at, until=until)


def resume(command: Resume, decision: Decision) -> None:
    """`request-resumed`, with each moment as far ahead, in working time, as it was when it was held."""
    request, created = decision.request, decision.created
    held = request.hold
    if held is None:
        require_live(request)
        return
    hours, calendar = created.working_hours, command.calendar

    def moved(moment: datetime | None) -> datetime | None:
        if moment is None or moment <= held.held_at:
            return moment
        left = calendar.between(held.held_at, moment, hours)
        return calendar.after(command.now, left, hours)

    clock = request.clock
    decision.add(
        RequestResumed,
        due=moved(clock.due),
        warn_at=moved(clock.warn_at),
        escalates_at=moved(clock.escalates_at),
    )


def decide(command: Command, decision: Decision) -> None:
    """See `services.dispatch.domain.request.decide`."""
    match command:
        case Hold():
            hold(command, decision)
        case Resume():
            resume(command, decision)
        case _:
            assert_never(command)
