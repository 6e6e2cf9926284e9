"""A bulletin, and who has read it; a report, and whether it was read."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.events.notify import (
    BulletinPublished,
    BulletinRead,
    BulletinWithdrawn,
    ReportRead,
    ReportSubmitted,
    WithdrawnFor,
)
from shared.kernel.decider import Fold
from shared.kernel.event import Event


@dataclass(frozen=True, slots=True)
class Bulletin:
    """`read_by` are the units that have read it, in that order; `withdrawn` is why it holds no more."""

    published: BulletinPublished | None = None
    read_by: tuple[str, ...] = ()
    withdrawn: WithdrawnFor | None = None

    def is_for(self, unit: str) -> bool:
        """Whether `unit` is told of it: it went to the unit, or it is to all and holds, so that one that
        joined later has it too."""
        if self.published is None:
            return False
        return unit in self.published.units or (self.published.to_all and self.withdrawn is None)


@dataclass(frozen=True, slots=True)
class Report:
    """`read`: somebody of the community office has read it."""

    submitted: ReportSubmitted | None = None
    read: bool = False


def evolve(bulletin: Bulletin, event: Event) -> Bulletin:
    """The bulletin after `event`."""
    match event:
        case BulletinPublished():
            return replace(bulletin, published=bulletin.published or event)
        case BulletinRead(unit=unit) if unit not in bulletin.read_by:
            return replace(bulletin, read_by=(*bulletin.read_by, unit))
        case BulletinWithdrawn(reason=reason):
            return replace(bulletin, withdrawn=reason)
        case _:
            return bulletin


def evolve_report(report: Report, event: Event) -> Report:
    """The report after `event`."""
    match event:
        case ReportSubmitted():
            return replace(report, submitted=report.submitted or event)
        case ReportRead():
            return replace(report, read=True)
        case _:
            return report


FOLD: Fold[Bulletin, Event] = Fold(Bulletin(), evolve)
REPORT: Fold[Report, Event] = Fold(Report(), evolve_report)
