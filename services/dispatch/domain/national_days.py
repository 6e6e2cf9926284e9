"""The working days of the whole country: public holidays, and the weekend days that are worked in return.

Each year's exchange of days (调休) is announced late in the year before. Of a year that the library does not
know that of yet, the holidays that the law names are days off, and every other day is what its weekday is.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from holidays import country_holidays

_SATURDAY = 5
YEARS = 64
"""So many years are kept worked out."""


def is_working_day(day: date) -> bool:
    """Whether offices are open all over the country."""
    days_off, worked = _of(day.year)
    return day in worked if day.weekday() >= _SATURDAY else day not in days_off


@lru_cache(YEARS)
def _of(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """The days off of a year, and the days of its weekends that are worked.

    The year after is read too: a day off early in January can be worked for late in December.
    """
    known = country_holidays("CN", years=(year, year + 1))
    return (
        frozenset(day for day in known if day.year == year),
        frozenset(day for day in known.weekend_workdays if day.year == year),
    )
