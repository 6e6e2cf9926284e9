"""Agreements with partner units: drawn up, signed, renewed, ended, expired.

Pure. What is shared with other things on record is of `record`; a draft can be amended, what was signed
cannot: another agreement is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.registry.domain import record
from services.registry.domain.record import ENDED
from shared.events.registry import (
    AgreementDrafted,
    AgreementExpired,
    AgreementRenewalDue,
    AgreementRenewed,
    AgreementSigned,
    Amendment,
)
from shared.folds.record import FOLD, Record
from shared.kernel.decider import NOT_FOUND, Decider, require
from shared.kernel.event import Event

REMINDED = timedelta(days=30)
"""How long before its end the renewal of an agreement is due."""

BACKWARD = "an agreement ends after it starts; correct the times"
OVER = "ends_at is not in the future; nothing would hold by it"
SIGNED = "this agreement was signed, so that its terms stay; end it, and make another"
UNSIGNED = "this agreement was not signed yet; sign it first"
NOT_LATER = "ends_at is not later than the end that was agreed on; to end it sooner, end it"
NOT_COVERED = (
    "details_of names a service that `services` does not; a unit sees no details of what it has no part in"
)


@dataclass(frozen=True, slots=True)
class Sign:
    """Both sides have signed at `signed_at`; `details` is the digest of who did, if that is kept."""

    signed_at: datetime
    now: datetime
    details: str | None = None


@dataclass(frozen=True, slots=True)
class Renew:
    """It holds up to `ends_at`."""

    ends_at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Remind:
    """Its end, `ends_at`, is near."""

    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Expire:
    """Its end has come."""

    now: datetime


Command = record.Command | Sign | Renew | Remind | Expire


def decide(command: Command, agreement: Record) -> Sequence[Event]:
    """The events of `command`.

    Raises Refused: those of `record.decide`; agreement-backward, agreement-over, details-not-covered,
    agreement-signed, agreement-not-signed, not-later.
    """
    match command:
        case record.Register(drafted):
            assert isinstance(drafted, AgreementDrafted)
            _require_sound(drafted)
            return record.decide(command, agreement)
        case record.Amend(amendment):
            return _amend(amendment, agreement)
        case Sign():
            return _sign(command, agreement)
        case Renew():
            return _renew(command, agreement)
        case Remind(ends_at):
            facts = agreement.facts
            if agreement.ended or not isinstance(facts, AgreementDrafted) or facts.ends_at != ends_at:
                return []
            return [AgreementRenewalDue(**_whose(facts), ends_at=ends_at)]
        case Expire(now):
            facts = agreement.facts
            if agreement.ended or not isinstance(facts, AgreementDrafted) or now < facts.ends_at:
                return []
            return [AgreementExpired(**_whose(facts), ends_at=facts.ends_at)]
        case _:
            return record.decide(command, agreement)


def _require_sound(facts: AgreementDrafted) -> None:
    require(facts.starts_at < facts.ends_at, "agreement-backward", BACKWARD)
    require(set(facts.details_of) <= set(facts.services), "details-not-covered", NOT_COVERED)


def _amend(amendment: Amendment, agreement: Record) -> Sequence[Event]:
    facts = _living(agreement)
    require(facts.signed_at is None, "agreement-signed", SIGNED)
    events = record.decide(record.Amend(amendment), agreement)
    after = FOLD.over(events, agreement).facts
    assert isinstance(after, AgreementDrafted)
    _require_sound(after)
    return events


def _sign(command: Sign, agreement: Record) -> Sequence[Event]:
    facts = _living(agreement)
    if facts.signed_at is not None:
        return []
    require(command.now < facts.ends_at, "agreement-over", OVER)
    terms = facts.model_dump(include={"services", "details_of", "starts_at", "ends_at"})
    return [AgreementSigned(**_whose(facts), **terms, signed_at=command.signed_at, details=command.details)]


def _renew(command: Renew, agreement: Record) -> Sequence[Event]:
    facts = _living(agreement)
    require(facts.signed_at is not None, "agreement-not-signed", UNSIGNED)
    if command.ends_at == facts.ends_at:
        return []
    require(command.ends_at > facts.ends_at, "not-later", NOT_LATER)
    require(command.ends_at > command.now, "agreement-over", OVER)
    return [AgreementRenewed(**_whose(facts), ends_at=command.ends_at)]


def _living(agreement: Record) -> AgreementDrafted:
    require(isinstance(agreement.facts, AgreementDrafted), "not-found", NOT_FOUND)
    assert isinstance(agreement.facts, AgreementDrafted)
    require(not agreement.ended, "record-ended", ENDED)
    return agreement.facts


def _whose(facts: AgreementDrafted) -> dict[str, Any]:
    return {"community": facts.community, "units": (facts.unit,), "unit": facts.unit}


AGREEMENT: Decider[Command, Record, Event] = Decider(decide, FOLD)
