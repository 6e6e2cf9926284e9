"""What becomes of a request by the clock alone. Which moments matter is read off its state: nothing is armed,
so nothing can be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, assert_never

from services.dispatch.domain.decision import Decision, of_assignment, of_referral, of_visit
from services.dispatch.domain.ending import Close, close
from services.dispatch.domain.pausing import Resume, resume
from services.dispatch.domain.visiting import GRACE
from services.dispatch.domain.working_time import NATIONAL, WorkingCalendar
from shared.events.dispatch import (
    AssignmentExpired,
    Level,
    ReferralExpired,
    RequestEscalated,
    SlaBreached,
    SlaWarned,
    VisitMissed,
)
from shared.folds.request_state import LIVE, Request

Kind = Literal[
    "sla-warned", "sla-breached", "escalate", "offer", "referral", "missed", "whistle", "resume", "close"
]
NEXT_LEVEL: dict[Level | None, Level] = {
    None: "lead-unit",
    "lead-unit": "community-office",
    "community-office": "committee",
}
"""How an escalation climbs; nobody is above the committee."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """At `due`, something happens unless something else did before. `item` is the offer, the visit, the
    referral or the call that it is about."""

    kind: Kind
    due: datetime
    item: str = ""


@dataclass(frozen=True, slots=True)
class Pass:
    """A deadline is over."""

    deadline: Deadline
    now: datetime
    calendar: WorkingCalendar = NATIONAL


def deadlines(request: Request) -> Iterator[Deadline]:
    """The moments at which the request changes by itself, as it is now."""
    if request.hold is not None:
        yield Deadline("resume", request.hold.until)
    if request.status == "resolved" and request.reopen_until is not None:
        yield Deadline("close", request.reopen_until)
    if request.status in LIVE:
        yield from _of_clock(request)
        yield from _of_people(request)
    # Whoever was called answers, whether or not the rest is put aside.
    for whistle in request.whistles:
        if whistle.next_at is not None:
            yield Deadline("whistle", whistle.next_at, whistle.id)


def _of_clock(request: Request) -> Iterator[Deadline]:
    clock = request.clock
    if clock.met_at is not None:
        return
    if clock.warn_at is not None and not clock.warned:
        yield Deadline("sla-warned", clock.warn_at)
    if clock.due is not None and not clock.breached:
        yield Deadline("sla-breached", clock.due)
    if clock.escalates_at is not None:
        yield Deadline("escalate", clock.escalates_at)


def _of_people(request: Request) -> Iterator[Deadline]:
    for offer in request.offers():
        if offer.expires_at is not None:
            yield Deadline("offer", offer.expires_at, offer.id)
    for referral in request.referrals:
        if referral.status == "offered":
            yield Deadline("referral", referral.expires_at, referral.id)
    for visit in request.visits:
        if visit.status == "scheduled":
            yield Deadline("missed", visit.slot.end + GRACE, visit.id)


def decide(command: Pass, decision: Decision) -> None:
    """What happens at the deadline; nothing if it is none any more, or not over yet."""
    deadline, request = command.deadline, decision.request
    if deadline.due > command.now or deadline not in deadlines(request):
        return
    match deadline.kind:
        case "sla-warned":
            decision.add(SlaWarned, due=request.due)
        case "sla-breached":
            _breach(command, decision)
        case "escalate":
            _escalate(command, decision)
        case "offer" | "referral" | "missed":
            _lapse(deadline, decision)
        case "whistle":
            _unanswered(deadline, decision)
        case "resume":
            resume(Resume(command.now, command.calendar), decision)
        case "close":
            close(Close(command.now), decision)
        case _:
            assert_never(deadline.kind)


def _breach(command: Pass, decision: Decision) -> None:
    decision.add(SlaBreached, due=decision.request.due)
    _escalate(command, decision)


def _escalate(command: Pass, decision: Decision) -> None:
    """Climb by one level, and on after as much working time as the service has to respond."""
    created, level = decision.created, NEXT_LEVEL.get(decision.request.clock.level)
    if level is None:
        return
    then = command.calendar.after(command.deadline.due, created.response_minutes, created.working_hours)
    climbs = level in NEXT_LEVEL
    decision.add(
        RequestEscalated,
        level=level,
        cause="response-time",
        unit=created.lead_unit if level == "lead-unit" else None,
        next_at=then if climbs else None,
    )


def _unanswered(deadline: Deadline, decision: Decision) -> None:
    """A unit that was called has not reported: the office hears of it, then the committee."""
    whistle = decision.request.whistle(deadline.item)
    assert whistle is not None
    level: Level = "community-office" if whistle.level is None else "committee"
    then = deadline.due + timedelta(minutes=whistle.response_minutes)
    decision.add(
        RequestEscalated,
        level=level,
        cause="whistle",
        whistle=whistle.id,
        unit=whistle.unit,
        next_at=then if level in NEXT_LEVEL else None,
    )


def _lapse(deadline: Deadline, decision: Decision) -> None:
    request = decision.request
    if (offer := request.find_assignment(deadline.item)) is not None:
        decision.add(AssignmentExpired, **of_assignment(offer), reason="unanswered")
    if (referral := request.referral(deadline.item)) is not None:
        decision.add(ReferralExpired, **of_referral(referral))
    if (visit := request.visit(deadline.item)) is not None:
        decision.add(VisitMissed, **of_visit(visit))
