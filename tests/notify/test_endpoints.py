"""The endpoints in memory, by following notify's own log: replayed, restored, and behind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.notify.endpoints import Endpoint, Endpoints
from shared.events.notify import (
    DeliveryResent,
    EndpointAmended,
    EndpointDisabled,
    EndpointPaused,
    EndpointRegistered,
    EndpointRemoved,
    EndpointResumed,
    EndpointSecretRotated,
    NotificationDelivered,
)
from shared.kernel.canonical import Json, decode_object, encode
from shared.kernel.cloudevent import CloudEvent, encoded, parse
from shared.kernel.event import Event
from shared.kernel.times import parse_time
from shared.runtime.keyring import load_keyring
from shared.runtime.log import placed
from shared.runtime.mongo import Database
from shared.runtime.projection import Kept
from shared.runtime.sealed import SealedDetails
from shared.runtime.snapshots import Snapshots
from tests.support.drafts import draft
from tests.support.notifying import AT

C = {"community": "shaba"}
UNIT, OTHER, VOLUNTEER = "unit-1", "unit-2", "volunteer-1"
LATER = parse_time("2026-11-25T03:29:28.123Z")


def registered(unit: str = UNIT, **more: object) -> EndpointRegistered:
    told = {**C, "unit": unit, "events": ("*",), "details": "first", **more}
    return EndpointRegistered.model_validate(told)


def said(*events: tuple[str, int, Event]) -> list[CloudEvent]:
    """notify's log: a commit for each (stream, version, event)."""
    found = []
    for pos, (stream, version, event) in enumerate(events, 1):
        data: dict[str, Json] = json.loads(event.model_dump_json(exclude_none=True))
        commit = placed(draft((stream, version), type=event.type, data=data), pos, AT)
        found.append(parse(encoded("notify", commit)[0]))
    return found


SPOKEN = DeliveryResent(**C, unit=UNIT, box=UNIT, message="m", message_type="t", number=1)
LOG = said(
    ("endpoint-a", 1, registered(grids=("shaba-01",), after=7)),
    ("endpoint-b", 1, registered(OTHER)),
    ("endpoint-a", 2, EndpointAmended(**C, address="second", grids=(), ordered=True)),
    ("deliveries-1", 1, NotificationDelivered(**C, deliveries=())),
    ("endpoint-a", 3, EndpointSecretRotated(**C, details="third", earlier_until=LATER)),
    ("endpoint-c", 1, registered(volunteer=VOLUNTEER, via="endpoint-a", channel="email")),
    ("endpoint-a", 4, EndpointPaused(**C)),
    ("endpoint-a", 5, SPOKEN),
    ("endpoint-b", 2, EndpointDisabled(**C, unit=OTHER, units=(OTHER,), reason="gone")),
    ("endpoint-a", 6, EndpointResumed(**C, backlog="skip", skipped_to=42)),
    ("endpoint-d", 1, registered()),
    ("endpoint-d", 2, EndpointRemoved(**C)),
)


@pytest.fixture
def sealed(database: Database, tmp_path: Path) -> SealedDetails:
    return SealedDetails(database, load_keyring(tmp_path / "notify.json"))


@pytest.fixture
async def view(sealed: SealedDetails) -> Endpoints:
    """A view that has followed the whole log."""
    found = Endpoints(sealed)
    await found.follow(LOG)
    return found


def seen(view: Endpoints) -> tuple[object, ...]:
    """All that a view knows."""
    counts = [view.count(unit) for unit in (UNIT, OTHER)]
    return view.all(), view.of_units([UNIT]), view.ever(), counts, [*view.rows()]


async def test_it_knows_what_was_said_of_each(view: Endpoints) -> None:
    a, b, c = view.all()
    assert (a.id, a.version, a.since, a.unit, a.owner, a.community) == (
        *("endpoint-a", 6, AT, UNIT, UNIT, "shaba"),
    )
    assert (a.facts.grids, a.facts.ordered, a.state.address, a.state.status) == ((), True, "second", "active")
    assert [secret.details for secret in a.state.secrets] == ["third", "first"]
    assert a.state.skipped_to == 42
    assert (b.id, b.version, b.state.status, b.state.reason) == ("endpoint-b", 2, "disabled", "gone")
    assert (c.id, c.unit, c.owner) == ("endpoint-c", UNIT, VOLUNTEER)


async def test_what_was_removed_is_not_there_but_was(view: Endpoints) -> None:
    assert view.get("endpoint-d") is None
    assert view.get("endpoint-none") is None
    assert view.even_if_removed("endpoint-d").state.ended
    assert view.ever() == ["endpoint-a", "endpoint-b", "endpoint-c", "endpoint-d"]
    assert [view.count(unit) for unit in (UNIT, OTHER, "unit-3")] == [2, 1, 0]


@pytest.mark.parametrize("size", [1, 2, 5])
async def test_replayed_in_parts_or_twice_it_is_the_same(
    sealed: SealedDetails, view: Endpoints, size: int
) -> None:
    again = Endpoints(sealed)
    for start in range(0, len(LOG), size):
        await again.follow(LOG[start : start + size])
    assert seen(again) == seen(view)
    await again.follow(LOG)
    assert seen(again) == seen(view)


@pytest.mark.parametrize("start", range(len(LOG)))
async def test_what_is_out_of_date_changes_nothing_and_is_told_to_nobody(view: Endpoints, start: int) -> None:
    before, told = seen(view), list[Endpoint]()
    view.watch(told.append)
    await view.follow(LOG[start:])
    assert seen(view) == before
    assert told == []


@pytest.mark.parametrize("at", range(len(LOG) + 1))
async def test_restored_at_any_moment_and_followed_from_there_it_is_the_same(
    sealed: SealedDetails, view: Endpoints, at: int
) -> None:
    before = Endpoints(sealed)
    await before.follow(LOG[:at])
    rows = decode_object(encode({"rows": [*before.rows()]}))["rows"]
    assert isinstance(rows, list)
    again = Endpoints(sealed)
    await again.follow(said(("endpoint-z", 1, registered())))  # what it was before is forgotten
    again.restore(rows)
    assert seen(again) == seen(before)
    await again.follow(LOG[at:])
    assert seen(again) == seen(view)


async def test_of_deliveries_that_were_asked_for_only_the_version_is_kept(sealed: SealedDetails) -> None:
    view = Endpoints(sealed)
    asked = [("endpoint-a", version, SPOKEN) for version in range(2, 500)]
    await view.follow(said(("endpoint-a", 1, registered()), *asked))
    [row] = view.rows()
    assert len(row[1]) == 2  # type: ignore[index, arg-type]
    assert view.all()[0].version == 499


async def test_a_snapshot_brings_it_back(sealed: SealedDetails, view: Endpoints, database: Database) -> None:
    kept = Kept(view, "notify", Snapshots(database, "endpoints"))
    await kept.save()
    again = Endpoints(sealed)
    await Kept(again, "notify", Snapshots(database, "endpoints")).open()
    assert seen(again) == seen(view)


async def test_whoever_watches_is_told_of_each_change_once(sealed: SealedDetails) -> None:
    view, told = Endpoints(sealed), list[Endpoint]()
    view.watch(told.append)
    await view.follow(LOG)
    assert [(each.id, each.version) for each in told] == streams(LOG)


def streams(events: Sequence[CloudEvent]) -> list[tuple[str, int]]:
    return [(event.stream, event.version) for event in events if event.stream.startswith("endpoint-")]
