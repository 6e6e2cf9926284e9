"""One commit, one document, the same bytes for ever: audit's proofs are over them."""

from __future__ import annotations

import json

from shared.kernel.cloudevent import encoded, parse
from shared.kernel.commit import Actor, Commit, StoredEvent
from tests.support.goldens import FOLDER, golden

REQUEST = "request-0192f5d0-7c1e-7a44-9d3b-5f0e6c2a1b47"
ADDED = {"due", "warn_at", "training", "matching", "lead_unit"}
"""Fields that the event got after this document was written."""
CREATED = {name: value for name, value in golden("events", "request-created").items() if name not in ADDED}
COMMIT = Commit(
    id="0192f5d0-7c1d-7000-8000-0000000000c0",
    events=(
        StoredEvent(
            id="0192f5d0-7c20-7001-8000-0000000000aa",
            type="request-created",
            stream=REQUEST,
            version=1,
            data=CREATED,
            occurred_at="2026-11-24T03:29:28.123Z",
        ),
        StoredEvent(
            id="0192f5d0-7c20-7002-8000-0000000000bb",
            type="request-triaged",
            stream=REQUEST,
            version=2,
            data=golden("events", "request-triaged"),
            occurred_at="2026-11-24T03:29:28.123Z",
        ),
    ),
    actor=Actor("dispatcher", "client-0192f5c0-0001-7000-8000-000000000001"),
    correlation="0192f5d0-7c1c-7000-8000-00000000000c",
    causation="0192f5d0-7c10-7000-8000-00000000000d",
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    pos=184,
    at="2026-11-24T03:29:28.456Z",
)
GOLDEN = (FOLDER / "cloudevent.json").read_bytes().removesuffix(b"\n")


def test_a_commit_is_written_as_the_same_bytes_for_ever() -> None:
    assert encoded("dispatch", COMMIT)[0] == GOLDEN


def test_the_golden_document_reads_back() -> None:
    event = parse(GOLDEN)
    assert (event.id, event.stream, event.version) == (COMMIT.events[0].id, REQUEST, 1)
    assert (event.place.pos, event.place.index, event.place.size) == (184, 0, 2)
    assert event.data == CREATED


def test_attribute_names_are_lower_case_letters_and_digits() -> None:
    document = json.loads(GOLDEN)
    assert all(name.isascii() and name.isalnum() and name == name.lower() for name in document)
