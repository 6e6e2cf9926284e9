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


@dataclass(frozen=True, slots=True)
class Hold:
    """Put it aside, `until` at the latest."""

    reason: HoldReason
    until: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on with it."""

    now: datetime
    calendar: WorkingCalendar = NATIONAL


Command = Hold | Resume


def hold(command: Hold, decision: Decision) -> None:
    """`request-held`."""
    request = decision.request
    if request.hold is not None and request.hold.reason == command.reason:
        return
    require(request.hold is None, "already-on-hold", refusals.ON_HOLD)
    require_live(request)
    require(request.status != "referred", "request-not-open", refusals.NOT_OPEN)
    require(not any(request.open_visits()), "visit-open", refusals.VISIT_OPEN)
    require(not any(request.offers()), "offer-open", refusals.OFFER_OPEN)
    in_range = command.now < command.until <= command.now + LONGEST_HOLD
    require(in_range, "hold-out-of-range", refusals.HOLD_OUT_OF_RANGE)
    decision.add(RequestHeld, reason=command.reason, held_at=command.now, until=command.until)


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
