"""The list of requests says what each request's own events say, however often they come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from services.dispatch.choosing import Choice
from services.dispatch.domain.request import REQUEST
from services.dispatch.rows import said_by
from services.dispatch.states import States
from services.dispatch.views import LOOKED_AT, Requests
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent, Place, encoded, parse
from shared.kernel.commit import Actor, Commit, StoredEvent
from shared.kernel.event import Event
from shared.kernel.times import format_time
from tests.support.story import (
    AFTER_COMPLETION,
    BO,
    CREATED_AT,
    MEI,
    TEN_TO_ELEVEN,
    WITH_SCHOOL,
    assigned,
    booked,
    checked_in,
    completed,
    scheduled,
)

HERE = Choice(communities=frozenset({"shaba"}))
HELPED = {"units": WITH_SCHOOL}
HISTORY: tuple[Event, ...] = (
    *AFTER_COMPLETION[:-1],  # somebody is there
    assigned(BO, TEN_TO_ELEVEN, 2, **HELPED),
    completed(MEI, 1, **HELPED),
    scheduled(BO, TEN_TO_ELEVEN, 2, **HELPED),
    checked_in(BO, 2, **HELPED),
)


def as_heard(events: Sequence[Event], stream: str = "request-1") -> list[CloudEvent]:
    """`events` as dispatch's own log tells them, a commit each."""
    heard: list[CloudEvent] = []
    for stored in as_stored(events, stream):
        version, time = stored.version, stored.occurred_at
        commit = Commit(str(version), (stored,), Actor("dispatcher", "client-1"), "c", pos=version, at=time)
        heard.extend(parse(raw) for raw in encoded("dispatch", commit))
    return heard


def as_stored(events: Sequence[Event], stream: str = "request-1") -> list[StoredEvent]:
    """`events` as the log of one stream has them."""
    found: list[StoredEvent] = []
    for version, event in enumerate(events, start=1):
        data: dict[str, Json] = event.model_dump(mode="json", exclude_none=True)
        time = format_time(CREATED_AT)
        found.append(StoredEvent(f"{stream}-{version}", event.type, stream, version, data, time))
    return found


async def stream_read(stream: str) -> list[StoredEvent]:
    """All that the log has of a stream: the whole history."""
    return as_stored(HISTORY, stream)


def fresh() -> Requests:
    return Requests(stream_read)


@pytest.fixture
def requests() -> Requests:
    return fresh()


def listed(view: Requests) -> list[dict[str, Json]]:
    rows, following = view.page(HERE, 10)
    assert following is None
    return [{**row.shown(), "work": [[*each] for each in row.work]} for row in rows]


@pytest.mark.parametrize("length", range(1, len(HISTORY) + 1))
async def test_the_list_says_what_the_events_say(requests: Requests, length: int) -> None:
    history = HISTORY[:length]
    await requests.follow(as_heard(history))
    (item,) = listed(requests)
    state = REQUEST.fold.over(history)
    assert (item["status"], item["units"], item["version"]) == (state.status, list(state.units), length)
    assert item.get("priority") == state.priority
    assert item.get("due") == (format_time(state.due) if state.due is not None else None)
    assert item["created_at"] == format_time(CREATED_AT)


async def test_all_of_it_again_is_the_same(requests: Requests) -> None:
    heard = as_heard(HISTORY)
    await requests.follow(heard)
    once = listed(requests)
    await requests.follow(heard)
    for event in heard[3:]:
        await requests.follow([event])
    assert listed(requests) == once


async def test_one_by_one_is_the_same_as_all_at_once(requests: Requests) -> None:
    for event in as_heard(HISTORY):
        await requests.follow([event])
    at_once = fresh()
    await at_once.follow(as_heard(HISTORY))
    assert listed(at_once) == listed(requests) != []


@pytest.mark.parametrize("length", range(1, len(HISTORY) + 1))
async def test_a_restored_list_goes_on_as_if_it_had_never_ended(requests: Requests, length: int) -> None:
    heard = as_heard(HISTORY)
    await requests.follow(heard[:length])
    restored = fresh()
    restored.restore(json.loads(json.dumps(list(requests.rows()))))
    assert listed(restored) == listed(requests)
    for view in (requests, restored):
        await view.follow(heard[max(length - 2, 0) :])  # a snapshot may have more than its place says
    assert listed(restored) == listed(requests)


async def test_calendars_are_not_listed(requests: Requests) -> None:
    await requests.follow(as_heard([booked("request-1.assignment-1")], "calendar-volunteer-mei-2026-w48"))
    assert listed(requests) == []


async def test_a_request_is_found_by_each_unit_that_it_concerns(requests: Requests) -> None:
    await requests.follow(as_heard(HISTORY))
    for unit in WITH_SCHOOL:
        rows, _ = requests.page(replace(HERE, unit=unit), 10)
        assert [row.id for row in rows] == ["request-1"]
    assert requests.page(replace(HERE, unit="unit-police-station"), 10) == ([], None)


async def test_another_communitys_requests_are_in_no_list(requests: Requests) -> None:
    await requests.follow(as_heard(HISTORY))
    assert requests.page(Choice(frozenset({"tangdan"})), 10) == ([], None)
    assert len(requests.page(Choice(frozenset({"tangdan", "shaba"})), 10)[0]) == 1


async def test_a_stale_batch_takes_nothing_back(requests: Requests) -> None:
    heard = as_heard(HISTORY)
    await requests.follow(heard)
    now = listed(requests)
    await requests.follow(heard[1:3])
    assert listed(requests) == now


async def test_pages_are_complete_and_each_costs_a_bounded_number_of_rows() -> None:
    requests = fresh()
    rare = {1, 2, LOOKED_AT - 1, LOOKED_AT, LOOKED_AT + 1, 2 * LOOKED_AT + 7}
    (created,) = as_heard(HISTORY[:1])
    for pos in range(1, 2 * LOOKED_AT + 10):
        data = {**created.data, "grid": "shaba-09" if pos in rare else "shaba-03"}
        place = Place(pos, 0, 1)
        await requests.follow([replace(created, stream=f"request-{pos}", place=place, data=data)])
    seen: list[object] = []
    after: str | None = ""
    pages = 0
    while after is not None:
        rows, after = requests.page(replace(HERE, only={"grid": "shaba-09"}), 3, "created", after)
        assert len(rows) <= 3
        seen += [row.id for row in rows]
        pages += 1
        assert pages < 6
    assert seen == [f"request-{pos}" for pos in sorted(rare)]
    assert requests.page(replace(HERE, only={"grid": "shaba-10"}), 3)[0] == []


async def test_a_state_that_is_not_at_hand_is_folded_anew_from_its_stream() -> None:
    asked: list[str] = []

    async def read(stream: str) -> list[StoredEvent]:
        asked.append(stream)
        return as_stored(HISTORY, stream)

    states = States(read, at_hand=1)
    one, two = as_heard(HISTORY, "request-1"), as_heard(HISTORY, "request-2")
    for at, pair in enumerate(zip(one, two, strict=True), start=1):
        for event in pair:
            assert said_by(await states.after(event)) == said_by(REQUEST.fold.over(HISTORY[:at]))
    assert asked.count("request-1") == asked.count("request-2") == len(HISTORY) - 1


async def test_whoever_watches_hears_of_what_was_restored_and_of_what_follows(requests: Requests) -> None:
    heard, told = as_heard(HISTORY), []
    await requests.follow(heard[:2])
    restored = fresh()
    restored.watch(lambda row, before: told.append((row.id, before is None, row.version)))
    restored.restore(json.loads(json.dumps(list(requests.rows()))))
    await restored.follow(heard[2:3])
    assert told == [("request-1", True, 2), ("request-1", False, 3)]


async def test_a_view_that_becomes_a_fresh_one_has_its_rows_and_its_watchers(requests: Requests) -> None:
    heard = as_heard(HISTORY)
    told: list[int] = []
    requests.watch(lambda row, _: told.append(row.version))
    await requests.follow(heard[:2])
    other = fresh()
    await other.follow(heard)
    expected = listed(other)
    requests.become(other)
    assert listed(requests) == expected
    await requests.follow(heard)
    assert told == [1, 2, len(heard)]
