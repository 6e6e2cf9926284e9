"""The address of a calendar: whether it is good, and whose calendar it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.events.dispatch import CalendarFeedOpened, CalendarFeedRevoked
from shared.kernel.decider import Fold
from shared.kernel.event import Event


@dataclass(frozen=True, slots=True)
class Feed:
    """`details` is the digest of what its secret is known by; None if it has no address."""

    details: str | None = None
    community: str = ""
    unit: str = ""
    volunteer: str | None = None
    by_unit: bool = False


def evolve(feed: Feed, event: Event) -> Feed:
    """What holds after `event`."""
    match event:
        case CalendarFeedOpened():
            return Feed(event.details, event.community, event.unit, event.volunteer, event.by_unit)
        case CalendarFeedRevoked():
            return replace(feed, details=None)
        case _:
            return feed


FOLD: Fold[Feed, Event] = Fold(Feed(), evolve)
