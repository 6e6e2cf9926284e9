"""The events of a community's own working days, all on its stream `working-days-<community>`."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.kernel.event import Event

DayReason = Literal[
    "public-holiday", "make-up-day", "local-holiday", "weather", "emergency", "premises", "training", "other"
]
"""Why a day is not as the country's calendar says. `make-up-day`: a weekend day that is worked in return for
a day off (调休)."""


class WorkingDayDeclared(Event):
    """On `date` (`YYYY-MM-DD`, in China) the community's office is there, or is not, whatever the country's
    calendar says. What was declared of the date before counts no longer."""

    type: ClassVar[str] = "working-day-declared"

    date: str
    working: bool
    reason: DayReason


class WorkingDayWithdrawn(Event):
    """Of `date` the country's calendar counts again."""

    type: ClassVar[str] = "working-day-withdrawn"

    date: str
