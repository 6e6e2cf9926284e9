"""What events mean: golden streams, and the state that each leads to, for ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from services.audit.domain.replay import to_json
from shared.events.dispatch import REQUEST_EVENTS
from shared.events.index import decode
from shared.folds import (
    bulletin,
    calendar,
    capacity,
    credential,
    endpoint,
    feed,
    record,
    request,
    working_days,
)
from shared.kernel.canonical import Json
from shared.kernel.event import Event
from tests.support.goldens import golden, names

FOLDS: Mapping[str, Callable[[Sequence[Event]], object]] = {
    "request": request.FOLD.over,
    "bulletin": bulletin.FOLD.over,
    "report": bulletin.REPORT.over,
    "calendar": calendar.FOLD.over,
    "capacity": capacity.FOLD.over,
    "endpoint": endpoint.FOLD.over,
    "feed": feed.FOLD.over,
    "working-days": working_days.FOLD.over,
    "record": record.FOLD.over,
    "credential": credential.FOLD.over,
}
STREAMS = names("streams")


def events_of(stream: dict[str, Json]) -> list[Event]:
    """The events of a golden stream that are known here."""
    listed = stream["events"]
    assert isinstance(listed, list)
    found = []
    for item in listed:
        assert isinstance(item, list)
        name, data = item
        assert isinstance(data, dict)
        found.append(decode(str(name), data))
    return [event for event in found if event is not None]


def fold_of(stream: dict[str, Json]) -> Callable[[Sequence[Event]], object]:
    return FOLDS[str(stream["fold"])]


def test_every_fold_has_a_golden_stream() -> None:
    assert {str(golden("streams", name)["fold"]) for name in STREAMS} == set(FOLDS)


def test_every_event_of_a_request_is_in_a_golden_stream() -> None:
    streams = (golden("streams", name) for name in STREAMS)
    seen = {type(event) for stream in streams if stream["fold"] == "request" for event in events_of(stream)}
    assert seen == set(REQUEST_EVENTS)


@pytest.mark.parametrize("name", STREAMS)
def test_a_golden_stream_leads_to_its_state(name: str) -> None:
    stream = golden("streams", name)
    assert to_json(fold_of(stream)(events_of(stream))) == stream["state"]


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("fold", FOLDS)
def test_folding_never_raises_whatever_comes_in_whatever_order(name: str, fold: str) -> None:
    events = events_of(golden("streams", name))
    for start in range(len(events)):
        FOLDS[fold](events[start:])
        FOLDS[fold](events[: start + 1])
    FOLDS[fold](events[::-1])
    FOLDS[fold](events + events)
