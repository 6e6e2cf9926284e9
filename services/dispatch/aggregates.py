"""The streams that dispatch decides on."""

from __future__ import annotations

from services.dispatch.domain.calendar import CALENDAR
from services.dispatch.domain.calendar import Command as OfCalendar
from services.dispatch.domain.capacity import CAPACITY, Declare
from services.dispatch.domain.feeds import FEED
from services.dispatch.domain.feeds import Command as OfFeed
from services.dispatch.domain.hand_over import HAND_OVER
from services.dispatch.domain.request import REQUEST, Command
from shared.events.dispatch import WorkHandedOver
from shared.events.index import decode
from shared.folds.calendar import Calendar
from shared.folds.capacity import Declared
from shared.folds.feed import Feed
from shared.folds.request import Request
from shared.kernel.event import Event
from shared.runtime.execute import Aggregate

REQUESTS: Aggregate[Command, Request, Event] = Aggregate(REQUEST, decode)
CALENDARS: Aggregate[OfCalendar, Calendar, Event] = Aggregate(CALENDAR, decode)
HAND_OVERS: Aggregate[WorkHandedOver, WorkHandedOver | None, Event] = Aggregate(HAND_OVER, decode)
CAPACITIES: Aggregate[Declare, Declared, Event] = Aggregate(CAPACITY, decode)
FEEDS: Aggregate[OfFeed, Feed, Event] = Aggregate(FEED, decode)
