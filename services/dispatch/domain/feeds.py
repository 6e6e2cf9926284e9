"""The address of a calendar: one for each volunteer, and one for each unit; a stream for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.events.dispatch import CalendarFeedOpened, CalendarFeedRevoked
from shared.folds.feed import FOLD, Feed
from shared.kernel.decider import Decider
from shared.kernel.event import Event


@dataclass(frozen=True, slots=True)
class OpenFeed:
    """Give it an address, in the place of an earlier one."""

    facts: CalendarFeedOpened


@dataclass(frozen=True, slots=True)
class RevokeFeed:
    """Nobody is to read it by its address any more."""

    facts: CalendarFeedRevoked


Command = OpenFeed | RevokeFeed


def decide(command: Command, feed: Feed) -> Sequence[Event]:
    """What happens; nothing if there is no address to revoke."""
    if isinstance(command, RevokeFeed) and feed.details is None:
        return []
    return [command.facts]


def feed_stream(owner: str) -> str:
    """The stream of the calendar of a volunteer or a unit."""
    return f"feed-{owner}"


FEED: Decider[Command, Feed, Event] = Decider(decide, FOLD)
