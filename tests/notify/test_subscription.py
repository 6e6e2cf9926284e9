"""What an endpoint is told of: types with wildcards, narrowed by what an event says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.subscription import (
    FILTERS,
    TOLD,
    TOLD_TO_VOLUNTEERS,
    facts_of,
    matches,
    wants,
)
from shared.events.notify import EndpointRegistered

CODES = st.sampled_from(["a", "b", "c"])
LISTS = st.fixed_dictionaries({name: st.lists(CODES, max_size=2) for name in FILTERS})
FACTS = st.dictionaries(st.sampled_from(sorted(FILTERS.values())), CODES)


def endpoint(events: Sequence[str] = ("*",), **lists: Sequence[str]) -> EndpointRegistered:
    return EndpointRegistered(community="shaba", unit="unit-1", events=events, details="d", **lists)


@pytest.mark.parametrize(
    ("pattern", "event", "expected"),
    [
        ("*", "request-created", True),
        ("request-created", "request-created", True),
        ("request-created", "request-triaged", False),
        ("request-*", "request-created", True),
        ("request-*", "requests-created", False),
        ("*-created", "request-created", True),
        ("*quest-c*", "request-created", True),
        ("r*-*d", "request-created", True),
        ("request", "request-created", False),
        ("created", "request-created", False),
        ("request-created*", "request-created", True),
        ("*request-created-", "request-created", False),
    ],
)
def test_a_star_stands_for_any_letters(pattern: str, event: str, expected: bool) -> None:
    assert matches(pattern, event) is expected
    assert wants(endpoint([pattern]), event, {}) is expected


@pytest.mark.parametrize("pattern", ["*" * 59 + "z", "*-" * 29 + "z", "*e" * 30, "*r*e" * 15])
def test_no_pattern_takes_long(pattern: str) -> None:
    began = monotonic()
    assert not any(matches(pattern, event) for event in TOLD | {"e" * 29})
    assert monotonic() - began < 1.0


def test_units_are_told_of_requests_of_their_volunteers_and_of_bulletins() -> None:
    assert {"request-created", "visit-completed", "volunteer-registered", "service-published"} <= TOLD
    assert {"endpoint-disabled", "bulletin-published"} <= TOLD
    assert not {"endpoint-registered", "resident-registered", "log-read"} & TOLD
    assert not {"notification-delivered", "notification-failed", "deliveries-attempted"} & TOLD


def test_volunteers_are_told_of_what_they_are_to_do() -> None:
    assert {"assignment-offered", "volunteer-assigned", "visit-cancelled", "duty-freed"} <= TOLD_TO_VOLUNTEERS
    assert not {"request-created", "volunteer-registered", "calendar-feed-opened"} & TOLD_TO_VOLUNTEERS


@pytest.mark.parametrize(("name", "field"), FILTERS.items())
def test_each_list_lets_through_what_says_one_of_it_and_what_says_nothing(name: str, field: str) -> None:
    narrowed = endpoint(**{name: ("a", "b")})
    assert wants(narrowed, "request-created", {field: "a"})
    assert wants(narrowed, "request-created", {field: "b"})
    assert not wants(narrowed, "request-created", {field: "c"})
    assert wants(narrowed, "request-created", {})
    others = {other: "c" for other in FILTERS.values() if other != field}
    assert wants(narrowed, "request-created", others)


@given(lists=LISTS, facts=FACTS)
def test_every_list_must_let_it_through(lists: Mapping[str, list[str]], facts: Mapping[str, str]) -> None:
    each = [wants(endpoint(**{name: items}), "request-created", facts) for name, items in lists.items()]
    assert wants(endpoint(**lists), "request-created", facts) is all(each)


@given(lists=LISTS, facts=FACTS, name=st.sampled_from(sorted(FILTERS)))
def test_an_empty_list_narrows_nothing(
    lists: Mapping[str, list[str]], facts: Mapping[str, str], name: str
) -> None:
    assert wants(endpoint(), "request-created", facts)
    if wants(endpoint(**lists), "request-created", facts):
        assert wants(endpoint(**{**lists, name: ()}), "request-created", facts)


def test_only_texts_of_the_fields_that_are_looked_at_are_kept() -> None:
    data = {"grid": "shaba-03", "priority": None, "service": ["a"], "category": "volunteering", "unit": "u"}
    assert facts_of(data) == {"grid": "shaba-03", "category": "volunteering"}  # type: ignore[arg-type]


def test_that_another_endpoint_is_disabled_every_one_of_the_units_is_told_and_no_volunteers() -> None:
    narrow = endpoint(["request-created"], grids=("a",))
    assert wants(narrow, "endpoint-disabled", {})
    assert not wants(narrow.model_copy(update={"volunteer": "volunteer-1"}), "endpoint-disabled", {})
