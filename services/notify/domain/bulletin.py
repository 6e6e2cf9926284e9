"""Bulletins from the community office to units, with receipts; reports from a unit to it, likewise."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from shared.events.notify import (
    BulletinPublished,
    BulletinRead,
    BulletinWithdrawn,
    ReportRead,
    ReportSubmitted,
    WithdrawnFor,
)
from shared.folds.bulletin import FOLD, REPORT, Bulletin, Report
from shared.kernel.decider import NOT_FOUND, Decider, require
from shared.kernel.event import Event

MOST_UNITS = 500
_KEEP_THE_WORDS: Sequence[WithdrawnFor] = ("entered-by-mistake", "replaced", "no-longer-needed")

_UNKNOWN_UNIT = (
    "notify knows no unit of this community with one of these ids: look them up in registry; if one is new, "
    "send what Linli-Position said of it as Linli-After"
)
_NO_AGREEMENT = "one of the units has no agreement in force, so that it could not read this: leave it out"
_TOO_MANY = f"a bulletin goes to {MOST_UNITS} units at the most: publish it to some units at a time"
_NOT_LATER = "reply_by must be later than now"
_WITHDRAWN = "the bulletin was withdrawn: there is nothing to be read or answered any more"
_PUBLISHED = "this bulletin is published; publish another one"
_SUBMITTED = "this report was sent; send another one"
_UNKNOWN_BULLETIN = "the unit was sent no bulletin with this id, or it was withdrawn; leave it out"


@dataclass(frozen=True, slots=True)
class Publish:
    """Tell `units`, or all that may come in if there are none.

    `details` is the digest of what is sealed, `known` the units of the community, `entitled` those of them
    that may come in now.
    """

    community: str
    units: tuple[str, ...] | None
    urgent: bool
    reply_by: datetime | None
    details: str
    known: Set[str]
    entitled: Set[str]
    now: datetime


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """A unit has read it, says its `client`."""

    unit: str
    client: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """It holds no more."""

    reason: WithdrawnFor


Command = Publish | Acknowledge | Withdraw


def decide(command: Command, bulletin: Bulletin) -> Sequence[Event]:
    """The events of `command`.

    Raises Refused: not-found, already-published, unknown-unit, unit-without-agreement, too-many-units,
    not-later, bulletin-withdrawn.
    """
    if isinstance(command, Publish):
        require(bulletin.published is None, "already-published", _PUBLISHED)
        return _publish(command)
    require(bulletin.published is not None, "not-found", NOT_FOUND)
    assert bulletin.published is not None
    community, units = bulletin.published.community, bulletin.published.units
    match command:
        case Acknowledge(unit, client):
            if unit in bulletin.read_by:
                return []
            require(bulletin.withdrawn is None, "bulletin-withdrawn", _WITHDRAWN)
            require(bulletin.is_for(unit), "not-found", NOT_FOUND)
            return [BulletinRead(community=community, unit=unit, client=client)]
        case Withdraw(reason):
            # Words that name somebody can be taken away later too.
            if bulletin.withdrawn is not None and reason in (bulletin.withdrawn, *_KEEP_THE_WORDS):
                return []
            return [BulletinWithdrawn(community=community, units=units, reason=reason)]
    assert_never(command)


def _publish(command: Publish) -> Sequence[Event]:
    units = command.entitled if command.units is None else set(command.units)
    require(units <= command.known, "unknown-unit", _UNKNOWN_UNIT)
    require(units <= command.entitled, "unit-without-agreement", _NO_AGREEMENT)
    require(len(units) <= MOST_UNITS, "too-many-units", _TOO_MANY)
    require(command.reply_by is None or command.reply_by > command.now, "not-later", _NOT_LATER)
    return [
        BulletinPublished(
            community=command.community,
            units=tuple(sorted(units)),
            to_all=command.units is None,
            urgent=command.urgent,
            reply_by=command.reply_by,
            details=command.details,
        )
    ]


@dataclass(frozen=True, slots=True)
class Submit:
    """A unit reports, in answer to the bulletin whose id is `answers`, if any: `answered` is what that is."""

    community: str
    unit: str
    client: str
    details: str
    answers: str | None = None
    answered: Bulletin = FOLD.initial


@dataclass(frozen=True, slots=True)
class NoteReading:
    """Somebody of the community office has read it."""


def decide_report(command: Submit | NoteReading, report: Report) -> Sequence[Event]:
    """The events of `command`. Raises Refused: not-found, already-submitted, unknown-bulletin."""
    match command:
        case Submit():
            require(report.submitted is None, "already-submitted", _SUBMITTED)
            require(_may_answer(command), "unknown-bulletin", _UNKNOWN_BULLETIN)
            return [
                ReportSubmitted(
                    community=command.community,
                    unit=command.unit,
                    client=command.client,
                    bulletin=command.answers,
                    details=command.details,
                )
            ]
        case NoteReading():
            require(report.submitted is not None, "not-found", NOT_FOUND)
            assert report.submitted is not None
            community, unit = report.submitted.community, report.submitted.unit
            return [] if report.read else [ReportRead(community=community, units=(unit,), unit=unit)]
    assert_never(command)


def _may_answer(command: Submit) -> bool:
    if command.answers is None:
        return True
    answered = command.answered
    if answered.published is None or answered.withdrawn is not None:
        return False
    return answered.is_for(command.unit) and answered.published.community == command.community


BULLETIN: Decider[Command, Bulletin, Event] = Decider(decide, FOLD)
REPORTS: Decider[Submit | NoteReading, Report, Event] = Decider(decide_report, REPORT)
