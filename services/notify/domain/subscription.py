"""What an endpoint is told of: types with wildcards, narrowed by what an event says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from shared.events.index import BY_SERVICE
from shared.events.notify import EndpointDisabled, EndpointRegistered
from shared.kernel.canonical import Json
from shared.kernel.event import Partners

SOURCES = ("registry", "dispatch", "notify")
"""The services whose events are told."""

TOLD: frozenset[str] = frozenset(
    name for service in SOURCES for name, model in BY_SERVICE[service].items() if issubclass(model, Partners)
)
"""The event types that partner units are told of."""

TOLD_TO_VOLUNTEERS: frozenset[str] = frozenset(
    name
    for name, model in BY_SERVICE["dispatch"].items()
    if "volunteer" in model.model_fields
    and name.split("-", 1)[0] in ("assignment", "volunteer", "visit", "duty")
)
"""The event types that volunteers are told of: offers, assignments, and what becomes of their visits."""

PATTERN = r"^[a-z*][a-z*-]{0,59}$"
"""An event type, in which `*` stands for any letters."""

FILTERS = {"services": "service", "categories": "category", "grids": "grid", "priorities": "priority"}
"""The lists of an endpoint that narrow it, each with the field of an event that it looks at."""


@lru_cache(maxsize=4096)
def matches(pattern: str, event_type: str) -> bool:
    """Whether `pattern` stands for `event_type`."""
    return fnmatchcase(event_type, pattern)


def matches_any(patterns: Sequence[str], event_type: str) -> bool:
    """Whether one of `patterns` stands for `event_type`."""
    return any(matches(pattern, event_type) for pattern in patterns)


def facts_of(data: Mapping[str, Json]) -> dict[str, str]:
    """What of an event's data a subscription can look at, by field."""
    facts = {name: value for name in FILTERS.values() if isinstance(value := data.get(name), str)}
    return {**facts, "urgent": "true"} if data.get("urgent") is True else facts


def wants(endpoint: EndpointRegistered, event_type: str, facts: Mapping[str, str]) -> bool:
    """Whether `endpoint` is told of an event of this type that says these facts.

    A list that is empty narrows nothing; one that is not lets through what says one of it, and what has no
    such field at all: an agreement has no grid. That another endpoint of its unit is disabled, each of the
    unit's is told, whatever it asked for.
    """
    if event_type == EndpointDisabled.type:
        return endpoint.volunteer is None
    if not matches_any(endpoint.events, event_type):
        return False
    lists = (endpoint.services, endpoint.categories, endpoint.grids, endpoint.priorities)
    return all(
        not wanted or field not in facts or facts[field] in wanted
        for wanted, field in zip(lists, FILTERS.values(), strict=True)
    )
