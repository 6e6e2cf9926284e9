"""The country's calendar: public holidays, and the weekend days that are worked in return."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.domain.national_days import is_working_day

SPRING_FESTIVAL_OF_2026 = [date(2026, 2, 15) + timedelta(days=days) for days in range(9)]
NATIONAL_DAY_OF_2026 = [date(2026, 10, 1) + timedelta(days=days) for days in range(7)]
WORKED_IN_RETURN = [
    *(date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28)),
    *(date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10)),
]


@pytest.mark.parametrize("day", [*SPRING_FESTIVAL_OF_2026, *NATIONAL_DAY_OF_2026, date(2026, 1, 2)])
def test_holidays_and_the_days_that_make_them_longer_are_off(day: date) -> None:
    assert not is_working_day(day)


@pytest.mark.parametrize("day", WORKED_IN_RETURN)
def test_weekend_days_are_worked_in_return(day: date) -> None:
    assert day.isoweekday() >= 6
    assert is_working_day(day)


def test_no_other_weekend_day_of_the_year_is_worked() -> None:
    year = [date(2026, 1, 1) + timedelta(days=days) for days in range(365)]
    worked = [day for day in year if day.isoweekday() >= 6 and is_working_day(day)]
    assert worked == WORKED_IN_RETURN


def test_a_weekday_without_a_holiday_is_worked() -> None:
    assert is_working_day(date(2026, 11, 24))
    assert is_working_day(date(2026, 2, 24))


def test_of_a_year_whose_exchange_of_days_is_not_known_the_laws_holidays_are_off_and_weekends_too() -> None:
    assert not is_working_day(date(2040, 5, 1))
    assert not is_working_day(date(2040, 10, 1))
    assert is_working_day(date(2040, 11, 20))
    year = [date(2040, 1, 1) + timedelta(days=days) for days in range(366)]
    assert not any(is_working_day(day) for day in year if day.isoweekday() >= 6)


def test_where_no_holiday_is_known_a_day_is_what_its_weekday_is() -> None:
    assert is_working_day(date(2500, 10, 1)) == (date(2500, 10, 1).isoweekday() <= 5)


@given(st.dates(date(1900, 1, 1), date(2999, 12, 31)))
def test_two_weeks_never_pass_without_a_day_of_work(day: date) -> None:
    assert any(is_working_day(day + timedelta(days=days)) for days in range(14))
