"""The streams that dispatch decides on."""

from __future__ import annotations

from collections.abc import Callable

from services.dispatch.domain.calendar import CALENDAR
from services.dispatch.domain.calendar import Command as OfCalendar
from services.dispatch.domain.capacity import CAPACITY, Declare
from services.dispatch.domain.feeds import FEED
from services.dispatch.domain.feeds import Command as OfFeed
from services.dispatch.domain.hand_over import HAND_OVER
from services.dispatch.domain.request import REQUEST, Command
from services.dispatch.duties import Duties
from shared.events.dispatch import WorkHandedOver
from shared.events.index import decode
from shared.folds.calendar import Calendar
from shared.folds.capacity import Declared
from shared.folds.feed import Feed
from shared.folds.request import Request
from shared.kernel.event import Event
from shared.runtime.at_hand import Known
from shared.runtime.execute import Aggregate

REQUESTS: Aggregate[Command, Request, Event] = Aggregate(REQUEST, decode)
CALENDARS: Aggregate[OfCalendar, Calendar, Event] = Aggregate(CALENDAR, decode)
HAND_OVERS: Aggregate[WorkHandedOver, WorkHandedOver | None, Event] = Aggregate(HAND_OVER, decode)
CAPACITIES: Aggregate[Declare, Declared, Event] = Aggregate(CAPACITY, decode)
FEEDS: Aggregate[OfFeed, Feed, Event] = Aggregate(FEED, decode)


def calendars_from(duties: Duties) -> Callable[[str], Known | None]:
    """Calendars as the view has them: one that nobody has written in is known to be empty."""

    def known(stream: str) -> Known | None:
        found = duties.calendar(stream)
        return None if found is None else Known(CALENDARS, found[0], "", found[1])

    return known
