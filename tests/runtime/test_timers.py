"""What is due happens once it is due, whoever looks and whenever; what is not, does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from shared.runtime.mongo import Database
from shared.runtime.timers import Timer, Timers

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    moment: datetime = NOON

    def __call__(self) -> datetime:
        return self.moment


@dataclass
class Fired:
    """Notes what it is given, and fails for keys in `failing`."""

    keys: list[str] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)

    async def __call__(self, timer: Timer) -> None:
        if timer.key in self.failing:
            raise ValueError("not now")
        self.keys.append(timer.key)


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def opened(database: Database, clock: Clock) -> Timers:
    found = Timers(database, clock)
    await found.open()
    return found


def timer(key: str, after: timedelta) -> Timer:
    return Timer(key, NOON + after, {"id": key})


async def test_a_timer_fires_when_it_is_due_and_once(database: Database, clock: Clock) -> None:
    timers, fired = await opened(database, clock), Fired()
    await timers.arm([timer("soon", HOUR), timer("late", 2 * HOUR)])
    clock.moment = NOON + HOUR - timedelta(milliseconds=1)
    assert await timers.look(fired) == 0
    clock.moment = NOON + HOUR
    assert await timers.look(fired) == 1
    assert await timers.look(fired) == 0
    clock.moment = NOON + 30 * 24 * HOUR
    assert await timers.look(fired) == 1
    assert fired.keys == ["soon", "late"]


async def test_timers_fire_in_the_order_in_which_they_are_due(database: Database, clock: Clock) -> None:
    timers, fired = await opened(database, clock), Fired()
    seconds = [50, 7, 30, 1, 20]
    await timers.arm([timer(f"at-{each}", timedelta(seconds=each)) for each in seconds])
    clock.moment = NOON + HOUR
    await timers.look(fired)
    assert fired.keys == [f"at-{each}" for each in sorted(seconds)]


async def test_a_timer_that_is_armed_anew_takes_the_place_of_the_one_before(
    database: Database, clock: Clock
) -> None:
    timers, fired = await opened(database, clock), Fired()
    await timers.arm([timer("moved", HOUR), timer("gone", HOUR)])
    await timers.arm([timer("moved", 3 * HOUR)])
    await timers.disarm(["gone", "never-there"])
    clock.moment = NOON + 2 * HOUR
    assert await timers.look(fired) == 0
    clock.moment = NOON + 3 * HOUR
    assert await timers.look(fired) == 1


async def test_a_timer_that_is_due_already_fires_soon(database: Database, clock: Clock) -> None:
    timers, fired = await opened(database, clock), Fired()
    clock.moment = NOON + 400 * 24 * HOUR
    await timers.look(fired)
    await timers.arm([timer("long-ago", -HOUR)])
    assert await timers.look(fired) == 1


async def test_what_is_armed_while_it_fires_is_kept(database: Database, clock: Clock) -> None:
    timers = await opened(database, clock)

    async def again(found: Timer) -> None:
        await timers.arm([Timer(found.key, found.due + HOUR, found.data)])

    await timers.arm([timer("hourly", HOUR)])
    for hour in (1, 2, 3):
        clock.moment = NOON + hour * HOUR
        assert await timers.look(again) == 1
        assert await timers.look(again) == 0


async def test_a_timer_that_fails_is_tried_again_and_holds_up_no_other(
    database: Database, clock: Clock
) -> None:
    timers, fired = await opened(database, clock), Fired(failing={"bad"})
    await timers.arm([timer("bad", HOUR), timer("good", 2 * HOUR)])
    clock.moment = NOON + 48 * HOUR
    assert await timers.look(fired) == 1
    clock.moment = NOON + 96 * HOUR
    assert await timers.look(fired) == 0
    fired.failing.clear()
    assert await timers.look(fired) == 1
    assert fired.keys == ["good", "bad"]


async def test_a_new_process_looks_on_from_where_the_last_was(database: Database, clock: Clock) -> None:
    await (await opened(database, clock)).arm([timer("kept", HOUR)])
    clock.moment = NOON + 24 * HOUR  # nobody looked for a day
    timers, fired = await opened(database, clock), Fired()
    assert await timers.look(fired) == 1
    await timers.arm([timer("next", 30 * HOUR)])
    clock.moment = NOON + 31 * HOUR
    assert await (await opened(database, clock)).look(fired) == 1
    assert fired.keys == ["kept", "next"]
