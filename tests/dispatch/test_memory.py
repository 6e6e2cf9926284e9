"""All read models in memory: replayed twice they are equal, and so are those made anew."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from services.dispatch.memory import Memory, new_views
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent
from tests.dispatch.test_requests_view import HISTORY, as_heard, stream_read
from tests.support.story import booked


def fresh() -> Memory:
    return Memory(new_views(stream_read), lambda: new_views(stream_read))


def log() -> list[CloudEvent]:
    """Three requests, and a volunteer's week."""
    requests = [event for number in (1, 2, 3) for event in as_heard(HISTORY, f"request-{number}")]
    return [*requests, *as_heard([booked("request-1.assignment-1")], "calendar-volunteer-mei-2026-w48")]


def said(memory: Memory) -> list[Json]:
    found: list[Json] = json.loads(json.dumps([*memory.rows()]))
    return found


async def replayed(events: Sequence[CloudEvent], part: int = 1_000) -> Memory:
    memory = fresh()
    for start in range(0, len(events), part):
        await memory.follow(events[start : start + part])
    return memory


@pytest.mark.parametrize("part", [1, 2, 7, 1_000])
async def test_two_replays_are_equal_however_they_come(part: int) -> None:
    once = await replayed(log())
    assert said(await replayed(log(), part)) == said(once)
    await once.follow(log())
    assert said(once) == said(await replayed(log()))
    names = [row[0] for row in said(once) if isinstance(row, list)]
    assert set(names) == {"requests", "duties", "figures"}


@pytest.mark.parametrize("behind", [0, 1, 9, 20])
async def test_what_is_made_anew_takes_the_place_of_what_was_there_and_goes_on(behind: int) -> None:
    events = log()
    memory = await replayed(events[: len(events) - behind])
    requests = memory.views["requests"]
    other = memory.fresh()
    assert said(other) == []
    await other.follow(events)
    memory.become(other)
    assert memory.views["requests"] is requests
    assert said(memory) == said(await replayed(events))
    await memory.follow(events[len(events) - behind :])
    assert said(memory) == said(await replayed(events))


@pytest.mark.parametrize("length", range(0, 30, 4))
async def test_a_restored_one_is_equal_and_goes_on_equal(length: int) -> None:
    memory = await replayed(log()[:length])
    restored = fresh()
    restored.restore(said(memory))
    assert said(restored) == said(memory)
    await restored.follow(log())
    assert said(restored) == said(await replayed(log()))
