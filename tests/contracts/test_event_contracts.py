"""The published language: every event type has a complete golden example and a schema that stay true."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from services.notify.domain.subscription import TOLD_TO_VOLUNTEERS
from shared.events.index import ALL, BY_SERVICE, decode
from shared.kernel.canonical import Json, decode_object, encode
from shared.kernel.event import Event, Partners
from shared.kernel.partner import partner_form, volunteer_form
from shared.runtime.http.asyncapi import schema_of
from tests.support.goldens import golden, names

TYPES = sorted(ALL)
TOLD = [name for name in TYPES if issubclass(ALL[name], Partners)]
REMAKE = "another schema: see tests/support/goldens.py before you write it anew"


def stored(event: Event) -> dict[str, Json]:
    """The data as the event store keeps it."""
    data: dict[str, Json] = event.model_dump(mode="json", exclude_none=True)
    return data


def validate(data: Json, name: str) -> None:
    Draft202012Validator(golden("schemas", name)).validate(data)


def objects(value: Json) -> Iterator[dict[str, Json]]:
    """Every object inside `value`, itself included."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def test_every_event_type_has_its_golden_and_every_golden_its_event_type() -> None:
    assert names("events") == TYPES
    assert names("schemas") == TYPES


def test_a_name_means_one_thing_whichever_service_says_it() -> None:
    for models in BY_SERVICE.values():
        for name, model in models.items():
            assert ALL[name] is model
            assert model.type == name
    assert len(set(ALL.values())) == len(ALL)


@pytest.mark.parametrize("name", TYPES)
def test_a_name_is_hyphenated_lower_case(name: str) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", name)


@pytest.mark.parametrize("name", TYPES)
def test_a_golden_reads_and_is_written_as_the_same_bytes(name: str) -> None:
    event = decode(name, golden("events", name))
    assert event is not None
    assert encode(stored(event)) == encode(golden("events", name))


@pytest.mark.parametrize("name", TYPES)
def test_a_golden_leaves_nothing_out(name: str) -> None:
    whole = ALL[name].model_validate(golden("events", name)).model_dump(mode="json")
    assert encode(whole) == encode(golden("events", name))
    assert all(value not in (None, [], "") for found in objects(whole) for value in found.values())


@pytest.mark.parametrize("name", TYPES)
def test_a_golden_holds_to_its_schema(name: str) -> None:
    validate(golden("events", name), name)


@pytest.mark.parametrize("name", TYPES)
def test_the_schema_is_what_the_code_makes(name: str) -> None:
    assert golden("schemas", name) == schema_of(ALL[name]), REMAKE


@pytest.mark.parametrize("name", TYPES)
def test_a_schema_is_one_and_is_named_as_events_name_it(name: str) -> None:
    Draft202012Validator.check_schema(golden("schemas", name))
    assert golden("schemas", name)["$id"] == f"urn:linli:event:{name}:1"


@pytest.mark.parametrize("name", TYPES)
def test_a_schema_refuses_what_is_not_so(name: str) -> None:
    for field in ALL[name].model_fields:
        wrong: dict[str, Json] = {**golden("events", name), field: {"not": "this"}}
        with pytest.raises(ValidationError):
            validate(wrong, name)


@pytest.mark.parametrize("name", TYPES)
def test_what_a_later_version_adds_is_no_obstacle_at_any_depth(name: str) -> None:
    later = golden("events", name)
    for found in list(objects(later)):
        found["added_later"] = {"by": ["somebody"]}
    event = decode(name, later)
    assert event is not None
    assert stored(event) == golden("events", name)
    validate(later, name)


@pytest.mark.parametrize("name", TYPES)
def test_what_was_optional_may_be_missing(name: str) -> None:
    model = ALL[name]
    required = {field for field, info in model.model_fields.items() if info.is_required()}
    least = {field: value for field, value in golden("events", name).items() if field in required}
    event = decode(name, least)
    assert event is not None
    validate(stored(event), name)


@pytest.mark.parametrize("name", TOLD)
def test_the_partners_form_holds_to_the_same_schema_and_names_nobody_else(name: str) -> None:
    data = golden("events", name)
    units = data["units"]
    assert isinstance(units, list)
    for unit in units:
        seen = partner_form({"id": "event-1", "data": data}, str(unit))["data"]
        validate(seen, name)
        text = encode(seen).decode()
        assert set(re.findall(r"unit-[a-z-]+", text)) == {unit}
        assert not re.search(r"resident-|[0-9a-f]{64}", text)


@pytest.mark.parametrize("name", sorted(TOLD_TO_VOLUNTEERS))
def test_the_volunteers_form_holds_to_the_same_schema_and_names_nobody_else(name: str) -> None:
    data = golden("events", name)
    seen = volunteer_form({"id": "event-1", "data": data}, str(data["volunteer"]))["data"]
    validate(seen, name)
    text = encode(seen).decode()
    assert set(re.findall(r"unit-[a-z-]+", text)) == {data["unit"]}
    assert set(re.findall(r"volunteer-[0-9a-f-]+", text)) <= {data["volunteer"]}
    assert not re.search(r"resident-|[0-9a-f]{64}", text)


def test_a_type_that_is_not_known_is_none_and_one_that_is_wrong_raises() -> None:
    assert decode("request-sung-about", {"community": "shaba"}) is None
    with pytest.raises(ValueError, match="community"):
        decode("client-revoked", {})


def test_reading_a_golden_twice_gives_equal_events() -> None:
    for name in TYPES:
        again = decode_object(encode(golden("events", name)))
        assert decode(name, golden("events", name)) == decode(name, again)
