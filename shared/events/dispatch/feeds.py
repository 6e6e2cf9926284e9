"""Calendars that can be read by an address alone: a volunteer's duties, or a unit's."""

from __future__ import annotations

from typing import ClassVar

from shared.kernel.event import Partners


class CalendarFeedOpened(Partners):
    """The calendar of `volunteer`, or of all who go for `unit` if there is none, has an address; an earlier
    one is good no longer. `by_unit` if the unit's own system asked. `details` are sealed.
    """

    type: ClassVar[str] = "calendar-feed-opened"

    unit: str
    volunteer: str | None = None
    by_unit: bool
    details: str


class CalendarFeedRevoked(Partners):
    """The calendar has no address any more."""

    type: ClassVar[str] = "calendar-feed-revoked"

    unit: str
    volunteer: str | None = None
