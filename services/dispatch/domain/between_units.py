"""Between units: a request is referred to another, or others are called in by the whistle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from services.dispatch.domain import refusals
from services.dispatch.domain.decision import (
    Decision,
    not_found,
    of_referral,
    require_live,
    require_worked_on,
)
from shared.events.dispatch import (
    Capacity,
    ReferralAccepted,
    ReferralDeclined,
    ReferralDeclineReason,
    ReferReason,
    ReportOutcome,
    RequestEscalated,
    RequestReferred,
    UnitReportedIn,
    WhistleBlown,
    WhistleReason,
)
from shared.folds.request_state import ENDED, Referral
from shared.kernel.decider import require

LONGEST_REFERRAL = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Refer:
    """Ask a unit to take the request over; `waitlist` if its waiting list would do."""

    id: str
    unit: str
    from_unit: str | None
    reason: ReferReason
    capacity: Capacity
    waitlist: bool
    expires_at: datetime
    now: datetime
    basis: str


@dataclass(frozen=True, slots=True)
class AcceptReferral:
    """The unit takes it over."""

    referral: str
    now: datetime


@dataclass(frozen=True, slots=True)
class DeclineReferral:
    """The unit does not take it over."""

    referral: str
    reason: ReferralDeclineReason


@dataclass(frozen=True, slots=True)
class BlowWhistle:
    """Call these units in, each with an id for its call."""

    calls: Sequence[tuple[str, str]]
    from_unit: str | None
    reason: WhistleReason
    response_minutes: int
    now: datetime


@dataclass(frozen=True, slots=True)
class ReportIn:
    """A unit that was called says where it stands."""

    whistle: str
    outcome: ReportOutcome
    details: str | None = None


Command = Refer | AcceptReferral | DeclineReferral | BlowWhistle | ReportIn


def refer(command: Refer, decision: Decision) -> None:
    """`request-referred`; nothing if the unit is being asked already."""
    request = decision.request
    if any(r.unit == command.unit and r.status == "offered" for r in request.referrals):
        return
    require(command.unit != command.from_unit, "referred-to-itself", refusals.TO_ITSELF_REFERRED)
    require_worked_on(request)
    require(not any(request.active()), "volunteer-placed", refusals.PLACED)
    require(not any(request.offers()), "offer-open", refusals.OFFER_OPEN)
    require(not any(request.open_visits()), "visit-open", refusals.VISIT_OPEN)
    require(request.responsible != command.unit, "already-responsible", refusals.RESPONSIBLE)
    require(command.capacity != "full", "unit-full", refusals.UNIT_FULL)
    waits = command.capacity != "waitlist" or command.waitlist
    require(waits, "unit-has-waiting-list", refusals.WAITING_LIST)
    in_range = command.now < command.expires_at <= command.now + LONGEST_REFERRAL
    require(in_range, "expiry-out-of-range", refusals.REFERRAL_OUT_OF_RANGE)
    decision.add(
        RequestReferred,
        joining=[command.unit],
        referral=command.id,
        unit=command.unit,
        from_unit=command.from_unit,
        reason=command.reason,
        capacity=command.capacity,
        expires_at=command.expires_at,
        basis=command.basis,
    )


def accept(command: AcceptReferral, decision: Decision) -> None:
    """`referral-accepted`."""
    found = _referral(decision, command.referral)
    if found.status == "accepted":
        return
    holds = found.status == "offered" and command.now < found.expires_at
    require(holds, "referral-over", refusals.REFERRAL_OVER)
    decision.add(ReferralAccepted, **of_referral(found))


def decline(command: DeclineReferral, decision: Decision) -> None:
    """`referral-declined`: the request is triaged again."""
    found = _referral(decision, command.referral)
    if found.status == "declined":
        return
    require(found.status == "offered", "referral-over", refusals.REFERRAL_OVER)
    decision.add(ReferralDeclined, **of_referral(found), reason=command.reason)


def blow_whistle(command: BlowWhistle, decision: Decision) -> None:
    """`whistle-blown` for every unit that is not called already and has not answered yet."""
    require_live(decision.request)
    waiting = {w.unit for w in decision.request.whistles if w.reported in (None, "on-the-way")}
    for id, unit in command.calls:
        if unit not in waiting:
            decision.add(
                WhistleBlown,
                joining=[unit],
                whistle=id,
                unit=unit,
                from_unit=command.from_unit,
                reason=command.reason,
                response_minutes=command.response_minutes,
                due=command.now + timedelta(minutes=command.response_minutes),
            )


def report_in(command: ReportIn, decision: Decision) -> None:
    """`unit-reported-in`; one that cannot come is reported on to the community's office."""
    found = decision.request.whistle(command.whistle)
    if found is None:
        raise not_found()
    if found.reported == command.outcome:
        return
    decision.add(
        UnitReportedIn,
        whistle=found.id,
        unit=found.unit,
        outcome=command.outcome,
        details=command.details,
    )
    if command.outcome == "cannot-come" and decision.request.status not in ENDED:
        decision.add(
            RequestEscalated,
            level="community-office",
            cause="whistle",
            whistle=found.id,
            unit=found.unit,
        )


def _referral(decision: Decision, id: str) -> Referral:
    found = decision.request.referral(id)
    if found is None:
        raise not_found()
    return found


def decide(command: Command, decision: Decision) -> None:
    """See `services.dispatch.domain.request.decide`."""
    match command:
        case Refer():
            refer(command, decision)
        case AcceptReferral():
            accept(command, decision)
        case DeclineReferral():
            decline(command, decision)
        case BlowWhistle():
            blow_whistle(command, decision)
        case ReportIn():
            report_in(command, decision)
        case _:
            assert_never(command)
