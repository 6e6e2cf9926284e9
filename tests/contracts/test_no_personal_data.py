"""Events carry ids, codes, times and digests: nothing that names, describes or locates a person."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from shared.events.index import ALL
from shared.kernel.canonical import Json
from tests.support.goldens import golden

PERSONAL = {
    *("name", "surname", "nickname", "alias", "title", "person", "contact_person"),
    *("phone", "telephone", "mobile", "email", "mail", "wechat", "fax"),
    *("address", "street", "building", "room", "door", "floor", "flat"),
    *("position", "location", "latitude", "longitude", "coordinates", "gps", "place"),
    *("birth", "birthday", "born", "age", "gender", "sex", "ethnicity", "religion", "nationality"),
    *("health", "illness", "disease", "diagnosis", "medication", "disability", "disabled", "needs"),
    *("flags", "alone", "income", "photo", "picture", "image", "voice", "signature", "fingerprint"),
    *("text", "note", "notes", "comment", "remark", "message", "description", "said", "words", "opinion"),
    *("secret", "password", "token", "url", "ip", "passport", "card", "account"),
}
"""Words of which no field of an event is made."""

ORGANISATIONAL = {
    *((f"community-{happened}", "name") for happened in ("founded", "amended")),
    *((f"grid-{happened}", "name") for happened in ("defined", "amended")),
    *((f"team-{happened}", "name") for happened in ("formed", "amended")),
    *((f"unit-{happened}", "name") for happened in ("registered", "amended")),
    *((f"facility-{happened}", field) for happened in ("opened", "amended") for field in ("name", "rooms")),
    *((f"service-{happened}", "name") for happened in ("published", "amended")),
}
"""Names of what is no person."""

MEANT = {
    *(
        (f"delivery-{happened}", field)
        for happened in ("resent", "cancelled")
        for field in ("message", "message_type")
    ),
    *((f"notification-{happened}", "message") for happened in ("delivered", "failed")),
    ("endpoint-amended", "address"),
    ("endpoint-registered", "signature"),
}
"""Ids, digests and codes whose names are also words for something else."""

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9@.:_/-]*|[a-z*-]+|/linli/[a-z]+", re.ASCII)


def fields(name: str) -> Iterator[str]:
    """All names of properties in the schema of an event type, at any depth."""
    schema = golden("schemas", name)
    parts: list[Json] = [schema]
    definitions = schema.get("$defs", {})
    assert isinstance(definitions, dict)
    # A name in two languages is itself listed where it is used.
    parts.extend(part for title, part in definitions.items() if title != "Name")
    for part in parts:
        assert isinstance(part, dict)
        properties = part["properties"]
        assert isinstance(properties, dict)
        yield from properties


def texts(value: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in `value`, with the names of the fields that lead to it."""
    match value:
        case str():
            yield path, value
        case list():
            for inner in value:
                yield from texts(inner, path)
        case dict():
            for name, inner in value.items():
                yield from texts(inner, (*path, name))


@pytest.mark.parametrize("name", sorted(ALL))
def test_no_field_is_for_personal_data(name: str) -> None:
    for field in fields(name):
        suspicious = PERSONAL & {field, *field.split("_")}
        assert not suspicious or (name, field) in ORGANISATIONAL | MEANT, field


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_value_is_an_id_a_code_a_time_or_a_digest(name: str) -> None:
    for path, text in texts(golden("events", name)):
        assert (name, path[0]) in ORGANISATIONAL or CODE.fullmatch(text), path


def test_only_names_that_exist_are_excepted() -> None:
    assert {(name, field) for name in ALL for field in fields(name)} >= ORGANISATIONAL | MEANT
