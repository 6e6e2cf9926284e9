"""A community's own working days: declared, declared otherwise, taken back."""

from __future__ import annotations

from services.registry.domain.working_days import WORKING_DAYS, Declare, Withdraw
from shared.events.registry import WorkingDayDeclared, WorkingDayWithdrawn
from tests.support.given import given

CLOSED = WorkingDayDeclared(community="shaba", date="2026-12-07", working=False, reason="premises")
WORKED = WorkingDayDeclared(community="shaba", date="2026-12-07", working=True, reason="make-up-day")
ANOTHER = WorkingDayDeclared(community="shaba", date="2026-12-08", working=False, reason="weather")
WITHDRAWN = WorkingDayWithdrawn(community="shaba", date="2026-12-07")


def test_a_day_is_declared_once() -> None:
    given(WORKING_DAYS).when(Declare(CLOSED)).then(CLOSED)
    given(WORKING_DAYS, CLOSED).when(Declare(CLOSED)).then_nothing()
    given(WORKING_DAYS, CLOSED).when(Declare(ANOTHER)).then(ANOTHER)


def test_another_word_of_the_same_day_counts_instead() -> None:
    given(WORKING_DAYS, CLOSED).when(Declare(WORKED)).then(WORKED)
    given(WORKING_DAYS, CLOSED, WORKED).when(Declare(CLOSED)).then(CLOSED)
    reason = CLOSED.model_copy(update={"reason": "weather"})
    given(WORKING_DAYS, CLOSED).when(Declare(reason)).then(reason)


def test_what_was_declared_is_taken_back_once_and_can_be_declared_again() -> None:
    given(WORKING_DAYS, CLOSED).when(Withdraw(WITHDRAWN)).then(WITHDRAWN)
    given(WORKING_DAYS, CLOSED, WITHDRAWN).when(Withdraw(WITHDRAWN)).then_nothing()
    given(WORKING_DAYS, ANOTHER).when(Withdraw(WITHDRAWN)).then_nothing()
    given(WORKING_DAYS, CLOSED, WITHDRAWN).when(Declare(CLOSED)).then(CLOSED)
