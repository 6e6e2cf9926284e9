"""What the routes of facilities accept: rooms, and when each is open."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Annotated, ClassVar, get_args

from pydantic import AfterValidator, Field, StringConstraints

from services.registry.api.bodies import ChangesBody, NameBody, NewBody
from shared.events.registry import Opening, Room, Weekday
from shared.runtime.http.bodies import Body, Code
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id

_DAYS: tuple[Weekday, ...] = get_args(Weekday)

Opens = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Closes = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]


class OpeningBody(Body):
    """A span of a weekday, by China's time; `24:00` is the end of the day."""

    day: Weekday
    opens: Opens = Field(examples=["08:30"])
    closes: Closes = Field(examples=["17:30"])

    def opening(self) -> Opening:
        """As events carry it."""
        return Opening(day=self.day, opens=self.opens, closes=self.closes)


def in_order(spans: list[OpeningBody]) -> list[OpeningBody]:
    """`spans` sorted. Raises ValueError if one closes before it opens, or two of a day overlap."""
    if any(span.opens >= span.closes for span in spans):
        raise ValueError("a span must open before it closes; one over midnight is two")
    ordered = sorted(spans, key=lambda span: (_DAYS.index(span.day), span.opens))
    for _, of_day in groupby(ordered, key=lambda span: span.day):
        if any(earlier.closes > later.opens for earlier, later in pairwise(of_day)):
            raise ValueError("two spans of one day overlap; send them as one")
    return ordered


Openings = Annotated[list[OpeningBody], Field(max_length=42), AfterValidator(in_order)]
"""Spans of a week, in order, of which no two overlap."""


class RoomBody(Body):
    """A room, by a code that is its own in the facility."""

    code: Code = Field(examples=["rehabilitation"])
    name: NameBody
    capacity: int = Field(ge=1, le=100_000, description="persons at once")
    opening: Openings

    def room(self) -> Room:
        """As events carry it."""
        spans = tuple(span.opening() for span in self.opening)
        return Room(code=self.code, name=self.name.name(), capacity=self.capacity, opening=spans)


def _of_different_codes(rooms: list[RoomBody]) -> list[RoomBody]:
    if len({room.code for room in rooms}) < len(rooms):
        raise ValueError("two rooms have one code; each needs its own")
    return rooms


Rooms = Annotated[list[RoomBody], Field(max_length=100), AfterValidator(_of_different_codes)]


class FacilityBody(NewBody):
    """A facility of the community."""

    name: NameBody
    kind: Code = Field(examples=["elder-care"])
    grid: Code = Field(examples=["shaba-03"])
    rooms: Rooms = Field(default_factory=list)
    keeper: Id | Absent = Field(None, description="the unit that looks after it", examples=["unit-red-cross"])


class FacilityChanges(ChangesBody):
    """What changes of a facility; `rooms` are then all that it has."""

    optional: ClassVar[frozenset[str]] = frozenset({"keeper"})

    name: NameBody | Absent = None
    kind: Code | Absent = None
    grid: Code | Absent = None
    rooms: Rooms | Absent = None
    keeper: Id | None = None
