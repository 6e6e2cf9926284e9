"""What an answer means, and when a delivery is tried again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.notify.domain.schedule import Answer, Verdict, judge, read_retry_after

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SCHEDULE = (5.0, 300.0)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_delivery(status: int) -> None:
    assert judge(Answer(status), 1, SCHEDULE, 0) == Verdict("delivered")


@pytest.mark.parametrize("status", [None, 301, 307, 400, 404, 410, 429, 500, 503])
def test_everything_else_is_tried_again(status: int | None) -> None:
    assert judge(Answer(status), 1, SCHEDULE, 0) == Verdict("failed", 5.0)


def test_the_schedule_says_how_long_and_how_often() -> None:
    assert [judge(Answer(500), attempt, SCHEDULE, 0).wait for attempt in (1, 2)] == [5.0, 300.0]
    assert judge(Answer(500), 3, SCHEDULE, 0) == Verdict("exhausted")
    assert judge(Answer(200), 3, SCHEDULE, 0) == Verdict("delivered")
    assert judge(Answer(500), 1, (), 0) == Verdict("exhausted")


def test_the_wait_is_moved_by_a_fifth_at_the_most() -> None:
    assert judge(Answer(500), 2, SCHEDULE, -1).wait == pytest.approx(240)
    assert judge(Answer(500), 2, SCHEDULE, 1).wait == pytest.approx(360)


def test_a_receiver_that_asks_for_time_is_given_it_for_a_day_at_the_most() -> None:
    assert judge(Answer(503, retry_after=60), 1, SCHEDULE, 0).wait == 60
    assert judge(Answer(503, retry_after=1), 1, SCHEDULE, 0).wait == 5
    assert judge(Answer(503, retry_after=1e9), 1, SCHEDULE, 0).wait == 86_400


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
