"""The events of places: communities, their grids, and facilities."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from shared.events.registry.terms import Amendment, Ending, Name, Reason
from shared.kernel.event import Event

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class CommunityFounded(Event):
    """A community exists."""

    type: ClassVar[str] = "community-founded"

    name: Name


class CommunityAmended(Amendment):
    """What is said of a community changed."""

    type: ClassVar[str] = "community-amended"

    name: Name | None = None


class GridDefined(Event):
    """The smallest area of a community, by its code."""

    type: ClassVar[str] = "grid-defined"

    grid: str
    name: Name


class GridAmended(Amendment):
    """A grid has another name; its code stays."""

    type: ClassVar[str] = "grid-amended"

    name: Name | None = None


class GridRetired(Ending):
    """A grid is not used any more."""

    type: ClassVar[str] = "grid-retired"

    reason: Reason


class Opening(BaseModel):
    """A span of a weekday in which a room is open: `HH:MM` by China's time, `24:00` the day's end."""

    model_config = ConfigDict(frozen=True)

    day: Weekday
    opens: str
    closes: str


class Room(BaseModel):
    """A room of a facility, by a code that is its own in the facility."""

    model_config = ConfigDict(frozen=True)

    code: str
    name: Name
    capacity: int
    opening: tuple[Opening, ...]


class FacilityOpened(Event):
    """A facility of the community has rooms that can be booked. `keeper` is the unit that looks after it."""

    type: ClassVar[str] = "facility-opened"

    name: Name
    kind: str
    grid: str
    rooms: tuple[Room, ...]
    keeper: str | None = None


class FacilityAmended(Amendment):
    """What is said of a facility changed; `rooms` are then all that it has."""

    type: ClassVar[str] = "facility-amended"

    name: Name | None = None
    kind: str | None = None
    grid: str | None = None
    rooms: tuple[Room, ...] | None = None
    keeper: str | None = None


class FacilityClosed(Ending):
    """A facility is closed for good."""

    type: ClassVar[str] = "facility-closed"

    reason: Reason
