"""The breaker of an endpoint: it holds after five failures in a row, probes, and recovers by degrees."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.breaker import (
    FAILURES_TO_OPEN,
    FIRST_PROBE_S,
    GIVEN_UP_AFTER_S,
    LONGEST_PEACE_S,
    LONGEST_PROBE_S,
    Breaker,
    closed,
)
from services.notify.domain.breaker import opened as opened_before

MOST = 4
NOON = 1_764_000_000.0


def opened(at: float = NOON) -> Breaker:
    """One that failed five times at once."""
    breaker = closed(MOST)
    for _ in range(FAILURES_TO_OPEN):
        breaker = breaker.failed(at)
    return breaker


def test_four_failures_in_a_row_hold_nothing() -> None:
    breaker = closed(MOST)
    for _ in range(FAILURES_TO_OPEN - 1):
        breaker = breaker.failed(NOON)
    assert (breaker.open, breaker.room(NOON)) == (False, MOST)


def test_a_success_in_between_begins_the_row_again() -> None:
    breaker = closed(MOST)
    for _ in range(3):
        for _ in range(FAILURES_TO_OPEN - 1):
            breaker = breaker.failed(NOON)
        breaker = breaker.succeeded()
    assert not breaker.open


def test_the_fifth_failure_in_a_row_holds_all_until_the_probe() -> None:
    breaker = opened()
    assert breaker.open
    assert breaker.room(NOON) == breaker.room(NOON + FIRST_PROBE_S - 0.001) == 0
    assert breaker.room(NOON + FIRST_PROBE_S) == 1


def test_each_probe_that_fails_doubles_the_wait_up_to_five_minutes() -> None:
    breaker, now, waits = opened(), NOON, []
    for _ in range(9):
        assert breaker.probe_at is not None
        waits.append(breaker.probe_at - now)
        now = breaker.probe_at
        breaker = breaker.failed(now)
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]


@pytest.mark.parametrize(("jitter", "wait"), [(-1, 4), (0, 5), (1, 6)])
def test_a_probe_is_moved_by_a_fifth_at_the_most(jitter: float, wait: float) -> None:
    breaker = closed(MOST)
    for _ in range(FAILURES_TO_OPEN):
        breaker = breaker.failed(NOON, jitter=jitter)
    assert breaker.probe_at == pytest.approx(NOON + wait)


def test_a_receiver_that_asks_for_peace_has_it_at_once() -> None:
    breaker = closed(MOST).failed(NOON, retry_after=90)
    assert (breaker.room(NOON + 89.9), breaker.room(NOON + 90)) == (0, 1)


def test_no_receiver_is_left_alone_for_longer_than_it_may_ask() -> None:
    assert closed(MOST).failed(NOON, retry_after=1e9).room(NOON + LONGEST_PEACE_S) == 1


def test_what_was_on_its_way_when_it_opened_puts_the_probe_off_no_further() -> None:
    breaker = opened()
    later = breaker.failed(NOON + 1).failed(NOON + 2)
    assert later.probe_at == breaker.probe_at


def test_recovery_goes_by_one_two_and_four() -> None:
    breaker = opened().succeeded()
    rooms = []
    for _ in range(8):
        rooms.append(breaker.room(NOON))
        breaker = breaker.succeeded()
    assert rooms == [1, 2, 2, 4, 4, 4, 4, 4]


def test_a_failure_during_recovery_begins_that_round_again() -> None:
    breaker = opened().succeeded().succeeded()
    assert breaker.room(NOON) == 2
    breaker = breaker.succeeded().failed(NOON).succeeded()
    assert breaker.room(NOON) == 2
    assert breaker.succeeded().room(NOON) == 4


def test_an_ordered_endpoint_has_room_for_one_and_no_more() -> None:
    breaker = closed(1)
    for _ in range(FAILURES_TO_OPEN):
        breaker = breaker.failed(NOON)
    assert [breaker.succeeded().room(NOON), breaker.succeeded().succeeded().room(NOON)] == [1, 1]


def test_five_days_without_a_success_are_hopeless_and_a_moment_less_is_not() -> None:
    breaker = closed(MOST)
    for _ in range(FAILURES_TO_OPEN):
        breaker = breaker.failed(NOON)
    assert not breaker.hopeless(NOON + GIVEN_UP_AFTER_S - 1)
    assert breaker.hopeless(NOON + GIVEN_UP_AFTER_S)
    assert not breaker.succeeded().hopeless(NOON + GIVEN_UP_AFTER_S)


def test_a_receiver_that_asks_for_peace_while_it_is_held_gets_it() -> None:
    breaker = opened(NOON).failed(NOON + 1, retry_after=600)
    assert [breaker.room(NOON + 600), breaker.room(NOON + 601)] == [0, 1]


def test_two_failures_a_week_apart_are_not_hopeless() -> None:
    rarely = closed(MOST).failed(NOON).failed(NOON + 2 * GIVEN_UP_AFTER_S)
    assert not rarely.hopeless(NOON + 3 * GIVEN_UP_AFTER_S)


def test_since_when_it_fails_is_known_after_a_restart() -> None:
    later = NOON + GIVEN_UP_AFTER_S
    assert opened_before(MOST, 5.0, NOON, later).room(later) == 1
    breaker = opened_before(MOST, 5.0, NOON, later).failed(later)
    assert (breaker.failing_since, breaker.hopeless(NOON + GIVEN_UP_AFTER_S)) == (NOON, True)


@dataclass
class Lane:
    """What a lane does with a breaker: it begins where there is room, and hears what came of it."""

    breaker: Breaker
    now: float = NOON
    on_their_way: int = 0
    failing_since: float | None = None

    def begin(self) -> None:
        if self.on_their_way < self.breaker.room(self.now):
            self.on_their_way += 1

    def end(self, taken: bool, retry_after: float, jitter: float) -> None:
        if self.on_their_way == 0:
            return
        self.on_their_way -= 1
        if taken:
            self.breaker, self.failing_since = self.breaker.succeeded(), None
        else:
            self.breaker = self.breaker.failed(self.now, retry_after, jitter)
            self.failing_since = self.now if self.failing_since is None else self.failing_since


STEPS = st.one_of(
    st.just("begin"),
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.0, 0.0, 7.0, 1e9]), st.floats(-1, 1)),
    st.floats(0.001, 1000.0),
)


@given(st.integers(1, 8), st.lists(STEPS, max_size=120))
def test_whatever_happens_it_lets_through_no_more_than_its_room_and_knows_since_when_it_fails(
    most: int, steps: list[str | tuple[bool, float, float] | float]
) -> None:
    lane = Lane(closed(most))
    for step in steps:
        if isinstance(step, str):
            lane.begin()
        elif isinstance(step, tuple):
            lane.end(*step)
        else:
            lane.now += step
        assert 0 <= lane.breaker.room(lane.now) <= most
        assert lane.on_their_way <= most
        assert lane.breaker.failing_since == lane.failing_since
        assert lane.breaker.open or lane.breaker.room(lane.now) >= 1, "closed, it lets at least one through"
        if lane.breaker.probe_at is not None:
            assert lane.breaker.probe_at <= lane.now + LONGEST_PEACE_S + 1, "it is probed within a day"
            assert lane.breaker.wait <= LONGEST_PROBE_S


@given(st.lists(STEPS, max_size=60))
def test_successes_alone_bring_it_back_to_all_it_may(
    steps: list[str | tuple[bool, float, float] | float],
) -> None:
    lane = Lane(closed(MOST))
    for step in steps:
        if isinstance(step, tuple):
            lane.begin()
            lane.end(*step)
        elif isinstance(step, float):
            lane.now += step
    for _ in range(8):
        lane.breaker = lane.breaker.succeeded()
    assert lane.breaker == closed(MOST) or lane.breaker.room(lane.now) == MOST
