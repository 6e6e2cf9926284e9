"""A stream as of a moment: what the shared folds make of the events that were on record by then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.audit.domain.replay import AsOf, Recorded, replay, to_json
from tests.support.story import AFTER_COMPLETION

STREAMS = sorted((Path(__file__).parent.parent / "contracts" / "streams").glob("*.json"))
UNREADABLE = {"request-with-an-event-from-the-future": 2}
"""The golden streams that hold an event which nobody here knows, and its version."""


def recorded(events: list[tuple[str, dict[str, Any]]]) -> list[Recorded]:
    """One event a second, each the third entry after the one before."""
    return [
        Recorded(seq=3 * n, at=f"2026-11-24T03:29:{n:02d}.000Z", type=type, version=n + 1, data=data)
        for n, (type, data) in enumerate(events)
    ]


STORY = recorded([(event.type, event.model_dump(mode="json")) for event in AFTER_COMPLETION])


def status(as_of: AsOf, events: list[Recorded] = STORY) -> object:
    state = replay("request-1", events, as_of).state
    assert isinstance(state, dict)
    return state["status"]


@pytest.mark.parametrize("path", STREAMS, ids=[path.stem for path in STREAMS])
def test_every_golden_stream_replays_to_its_state(path: Path) -> None:
    golden = json.loads(path.read_text())
    kind = {"record": "unit", "credential": "client"}.get(golden["fold"], golden["fold"])
    events = recorded([(type, data) for type, data in golden["events"]])
    replayed = replay(f"{kind}-1", events, AsOf())
    assert replayed.state == golden["state"]
    assert replayed.version == len(events)
    assert replayed.complete == (path.stem not in UNREADABLE)
    # Replayed again, and in any order of arrival, it is the same.
    assert replay(f"{kind}-1", events[::-1], AsOf()) == replayed


def test_as_of_an_entry_is_what_the_log_held_then() -> None:
    assert [status(AsOf(seq=seq)) for seq in (0, 2, 3, 6, 9, 12, 99)] == [
        *("received", "received", "triaged", "assigned", "assigned", "in-service", "in-service")
    ]


def test_as_of_a_time_is_what_the_service_had_recorded_by_then() -> None:
    assert status(AsOf(time="2026-11-24T03:28:00.000Z")) == "none"
    assert status(AsOf(time="2026-11-24T03:29:00.000Z")) == "received"
    assert status(AsOf(time="2026-11-24T03:29:00.999Z")) == "received"
    assert status(AsOf(time="2026-11-24T03:29:01.000Z")) == "triaged"


def test_before_its_first_event_a_stream_is_nothing_and_that_is_complete() -> None:
    replayed = replay("request-1", STORY, AsOf(time="2000-01-01T00:00:00.000Z"))
    assert (replayed.version, replayed.complete) == (0, True)


def test_a_missing_version_makes_it_incomplete_from_there_on() -> None:
    gap = [STORY[0], *STORY[2:]]
    assert replay("request-1", gap, AsOf(seq=0)).complete
    assert not replay("request-1", gap, AsOf()).complete
    assert replay("request-1", gap, AsOf()).version == len(STORY)


def test_an_event_that_is_none_of_its_type_makes_it_incomplete_and_is_left_out() -> None:
    broken = Recorded(3, STORY[1].at, "request-triaged", 2, {"community": "shaba"})
    replayed = replay("request-1", [STORY[0], broken], AsOf())
    assert not replayed.complete
    assert status(AsOf(), [STORY[0], broken]) == "received"


def test_what_has_no_json_is_refused() -> None:
    with pytest.raises(TypeError):
        to_json(1.5)


def test_a_batch_of_deliveries_is_what_it_says() -> None:
    taken = {"community": "shaba", "deliveries": [ATTEMPT]}
    lost = {"community": "shaba", "deliveries": [{**ATTEMPT, "error": "timeout", "step": 1}]}
    events = recorded([("notification-delivered", taken), ("notification-failed", lost)])
    replayed = replay("deliveries-1", events, AsOf())
    assert isinstance(replayed.state, dict)
    assert replayed.state["facts"] == {**taken, "deliveries": [{**ATTEMPT, "status": None, "events": []}]}
    assert (replayed.version, replayed.complete) == (2, True)
    old = replay(
        "deliveries-1", recorded([("deliveries-attempted", {"community": "shaba", "outcomes": []})]), AsOf()
    )
    assert old.complete


ATTEMPT: dict[str, Any] = {
    "message": "event-1",
    "type": "request-created",
    "endpoint": "endpoint-1",
    "box": "unit-1",
    "unit": "unit-1",
    "channel": "webhook",
    "number": 1,
    "attempt": 1,
    "at": "2026-11-24T03:29:29.500Z",
    "took_ms": 41,
}
