"""What registry's routes of working days accept and answer."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from shared.events.registry import DayReason
from shared.runtime.http.bodies import Body
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape

DATE = "2026-12-05"


class DayBody(Body):
    """What a day is."""

    working: bool = Field(description="whether the office is there on this day", examples=[False])
    reason: DayReason


class WorkingDay(Shape):
    """A day of which the community has said something of its own."""

    example: ClassVar[Document] = {"date": DATE, "working": False, "reason": "premises"}

    date: str = Field(description="`YYYY-MM-DD`, in China")
    working: bool
    reason: DayReason


class WorkingDays(Shape):
    """The days of which a community has said something, by date."""

    example: ClassVar[Document] = {"items": [WorkingDay.example]}

    items: list[WorkingDay]


class Withdrawn(Shape):
    """Of this day the country's calendar counts."""

    example: ClassVar[Document] = {"date": DATE, "declared": False}

    date: str
    declared: bool
