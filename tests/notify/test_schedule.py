"""What an answer means, and when a delivery is tried again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.schedule import SHORT, Answer, Verdict, judge, read_retry_after
from shared.runtime.settings import NotifySettings

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SCHEDULE = (5.0, 300.0)
TEN: list[float] = NotifySettings.model_fields["retry_schedule"].default


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_delivery(status: int) -> None:
    assert judge(Answer(status), 0, SCHEDULE, 0) == Verdict("delivered", 0)


@pytest.mark.parametrize("status", [None, 301, 307, 400, 404, 410, 429, 500, 503])
def test_everything_else_is_tried_again(status: int | None) -> None:
    assert judge(Answer(status), 0, SCHEDULE, 0) == Verdict("failed", 1, 5.0)


def test_a_2xx_against_which_something_was_said_is_none() -> None:
    assert judge(Answer(200, reason="timeout"), 0, SCHEDULE, 0).outcome == "failed"


def test_the_schedule_says_how_long_and_how_often() -> None:
    assert [judge(Answer(500), step, SCHEDULE, 0).wait for step in (0, 1)] == [5.0, 300.0]
    assert judge(Answer(500), 2, SCHEDULE, 0) == Verdict("exhausted", 3)
    assert judge(Answer(200), 2, SCHEDULE, 0) == Verdict("delivered", 2)
    assert judge(Answer(500), 0, (), 0) == Verdict("exhausted", 1)


def test_the_specification_has_ten_attempts_over_seventy_five_hours() -> None:
    waits, step = [], 0
    while (verdict := judge(Answer(500), step, TEN, 0)).wait is not None:
        step = verdict.step
        waits.append(verdict.wait)
    assert len(waits) + 1 == 10
    assert sum(waits) / 3600 == pytest.approx(75, abs=0.7)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 415, 422, 451])
def test_a_refusal_is_given_up_sooner(status: int) -> None:
    assert judge(Answer(status), SHORT - 1, TEN, 0) == Verdict("failed", SHORT, TEN[SHORT - 1])
    assert judge(Answer(status), SHORT, TEN, 0) == Verdict("exhausted", SHORT + 1)


@pytest.mark.parametrize("status", [None, 302, 408, 421, 423, 425, 429, 500, 502, 503, 504])
def test_what_may_be_better_later_has_the_whole_schedule(status: int | None) -> None:
    assert judge(Answer(status), SHORT, TEN, 0) == Verdict("failed", SHORT + 1, TEN[SHORT])


def test_a_refusal_that_asks_for_time_is_none() -> None:
    assert judge(Answer(403, retry_after=60), SHORT, TEN, 0).outcome == "failed"


@pytest.mark.parametrize("reason", ["mailbox", "smtp-refused"])
def test_mail_that_is_refused_for_good_is_given_up_sooner(reason: str) -> None:
    assert judge(Answer(550, reason=reason), SHORT, TEN, 0).outcome == "exhausted"


@pytest.mark.parametrize(("status", "reason"), [(451, "smtp-temporary"), (535, "smtp-login")])
def test_mail_that_may_be_taken_later_has_the_whole_schedule(status: int, reason: str) -> None:
    assert judge(Answer(status, retry_after=60, reason=reason), SHORT, TEN, 0).outcome == "failed"


def test_the_wait_is_moved_by_a_fifth_at_the_most() -> None:
    assert judge(Answer(500), 1, SCHEDULE, -1).wait == pytest.approx(240)
    assert judge(Answer(500), 1, SCHEDULE, 1).wait == pytest.approx(360)


def test_a_receiver_that_asks_for_time_is_given_it_for_a_day_at_the_most() -> None:
    assert judge(Answer(503, retry_after=60), 0, SCHEDULE, 0).wait == 60
    assert judge(Answer(503, retry_after=1), 0, SCHEDULE, 0).wait == 5
    assert judge(Answer(503, retry_after=1e9), 0, SCHEDULE, 0).wait == 86_400


@given(
    st.one_of(st.none(), st.integers(100, 599)),
    st.integers(0, 30),
    st.lists(st.floats(0.001, 100_000), min_size=1, max_size=12),
    st.floats(-1, 1),
    st.floats(0, 1e10),
)
def test_an_attempt_that_does_not_count_gives_nothing_up_and_moves_nothing_on(
    status: int | None, step: int, schedule: list[float], jitter: float, retry_after: float
) -> None:
    verdict = judge(Answer(status, retry_after), step, schedule, jitter, counts=False)
    assert verdict.outcome in ("delivered", "failed")
    assert verdict.step == step
    assert verdict.wait is None or 0 < verdict.wait <= max(*schedule, 86_400.0, 0.0) * 1.2


@given(st.lists(st.floats(0.001, 100_000), max_size=12), st.floats(-1, 1), st.integers(300, 599))
def test_every_delivery_comes_to_an_end(schedule: list[float], jitter: float, status: int) -> None:
    step = 0
    for _ in range(len(schedule) + 1):
        verdict = judge(Answer(status), step, schedule, jitter)
        step = verdict.step
    assert verdict.outcome == "exhausted"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 0),
        ("120", 120),
        (" 7 ", 7),
        ("Tue, 24 Nov 2026 12:01:30 GMT", 90),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0),
        ("-5", 0),
        ("soon", 0),
        ("٣", 0),
        ("9" * 400, 999_999_999),
        ("Tue, 99 Nov 2026 12:01:30 GMT", 0),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 0),
    ],
)
def test_retry_after_is_read_in_both_its_forms(value: str | None, seconds: float) -> None:
    assert read_retry_after(value, NOON) == seconds
