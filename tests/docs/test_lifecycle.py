"""The page on the life of a request says what is so."""

from __future__ import annotations

import re
from typing import get_args

from services.dispatch.domain.clock import Kind
from shared.events.dispatch import REQUEST_EVENTS
from tests.support.lifecycle import STATUSES
from tests.support.lifecycle_docs import PAGE, clock, commands, diagram, made

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_diagram_and_the_tables_are_what_the_deciders_decide() -> None:
    assert made(TEXT) == TEXT, "run python -m tests.support.lifecycle_docs"


def test_every_state_is_in_the_diagram_and_is_reached() -> None:
    reached = set(re.findall(r"--> (\w+)", diagram()))
    assert reached == {status.replace("-", "_") for status in STATUSES}


def test_every_deadline_and_every_event_is_there() -> None:
    assert set(re.findall(r"^\| `([a-z-]+)`", clock(), re.MULTILINE)) == set(get_args(Kind))
    named = set(re.findall(r"`([a-z-]+)`", commands() + clock()))
    assert {event.type for event in REQUEST_EVENTS} - named == {"request-created"}
