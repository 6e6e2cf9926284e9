"""When a volunteer is free, as routes accept it: each week, and on dates that go before the week."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.registry.api.facility_bodies import Closes, OpeningBody, Openings, Opens, in_order
from shared.events.registry import DateException, Span
from shared.runtime.http.bodies import Body


def _of_a_calendar(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError("there is no such date") from None
    return text


Date = Annotated[
    str,
    StringConstraints(pattern=r"^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}$"),
    AfterValidator(_of_a_calendar),
    Field(examples=["2026-12-05"]),
]
"""A date in China, `YYYY-MM-DD`."""


class SpanBody(Body):
    """A part of a day, by China's time; `24:00` is the end of the day."""

    opens: Opens = Field(examples=["14:00"])
    closes: Closes = Field(examples=["17:30"])


class ExceptionBody(Body):
    """A date that goes before the weekly availability: available the whole day or in `spans`, or not."""

    date: Date
    available: bool
    spans: list[SpanBody] = Field(default_factory=list, max_length=6)

    @model_validator(mode="after")
    def spans_are_of_somebody_available(self) -> ExceptionBody:
        """Whoever is not available has no spans; those there are do not overlap."""
        if self.spans and not self.available:
            raise ValueError("spans are when the volunteer is available; send available: true, or no spans")
        in_order([OpeningBody(day="monday", opens=each.opens, closes=each.closes) for each in self.spans])
        return self

    def exception(self) -> DateException:
        """As events carry it."""
        spans = sorted((Span(opens=each.opens, closes=each.closes) for each in self.spans), key=_start)
        return DateException(date=self.date, available=self.available, spans=tuple(spans))


def _start(span: Span) -> str:
    return span.opens


def _of_different_dates(exceptions: list[ExceptionBody]) -> list[ExceptionBody]:
    if len({each.date for each in exceptions}) < len(exceptions):
        raise ValueError("a date is there twice; send each once")
    return sorted(exceptions, key=lambda each: each.date)


Availability = Openings
Exceptions = Annotated[list[ExceptionBody], Field(max_length=400), AfterValidator(_of_different_dates)]
"""Exceptions by date, each date once."""
