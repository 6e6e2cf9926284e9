"""The columns of a table of records, made of what the body of the kind's POST route takes.

A plain field is a column, a list has its values in one cell with `;` between them, and a field with fields of
its own is a column for each. What is a list of such, as weekly availability is, is left out; of a unit's
contacts there is the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal

from pydantic import BaseModel

from shared.kernel.canonical import Json

Form = Literal["text", "list", "number", "flag"]
Path = tuple[str | int, ...]

BETWEEN = ";"
FIRST_OF = {"contacts": "contact"}
"""Lists of which the first has columns, and how these begin."""
CONFIRMED = "confirmed"
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_FORMS: Mapping[str, Form] = {"string": "text", "integer": "number", "boolean": "flag"}
_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, where its value is in a body, what it looks like, what it is if left out."""

    name: str
    path: Path
    form: Form
    required: bool
    default: Json = None

    def value(self, cell: str) -> Json:
        """What `cell` says. What it cannot say stays as it is, for the body to refuse."""
        match self.form:
            case "list":
                return [part.strip() for part in cell.split(BETWEEN) if part.strip()]
            case "number":
                return int(cell) if _NUMBER.fullmatch(cell) else cell
            case "flag":
                return _FLAGS.get(cell.lower(), cell)
            case _:
                return cell

    def cell(self, values: Mapping[str, Json]) -> str:
        """What a table says where the body has `values`."""
        found: Any = values
        for part in self.path:
            inside = isinstance(found, dict if isinstance(part, str) else list) and found
            found = found[part] if inside and (isinstance(part, int) or part in found) else None
        value = self.default if found is None else found
        if isinstance(value, list):
            return BETWEEN.join(map(str, value))
        if isinstance(value, bool):
            return str(value).lower()
        return "" if value is None else str(value)


def columns_of(model: type[BaseModel]) -> tuple[Column, ...]:
    """The columns of a kind whose POST route takes `model`."""
    schema = model.model_json_schema()
    return tuple(_columns(schema, schema.get("$defs", {}), "", (), True))


def body_of(cells: Mapping[Column, str]) -> dict[str, Any]:
    """What the route's body would be; empty cells are left out of it."""
    body: dict[str, Any] = {}
    for column, cell in cells.items():
        if not cell:
            continue
        field, value = str(column.path[0]), column.value(cell)
        match column.path:
            case (_,):
                body[field] = value
            case (_, str(inner)):
                body.setdefault(field, {})[inner] = value
            case (_, int(), inner):
                body.setdefault(field, [{}])[0][inner] = value
    return body


def column_at(columns: tuple[Column, ...], location: tuple[int | str, ...]) -> str:
    """The name of the column that a fault at `location` in a body is in; of several, the first."""

    def common(column: Column) -> int:
        pairs = zip(column.path, location, strict=False)
        return len([*takewhile(lambda pair: pair[0] == pair[1], pairs)])

    best = max(columns, key=common)
    return best.name if common(best) else ""


def _columns(
    schema: Mapping[str, Any], known: Mapping[str, Any], prefix: str, path: Path, required: bool
) -> Iterator[Column]:
    needed = schema.get("required", ())
    for field, described in schema["properties"].items():
        said = _resolved(described, known)
        name, where, must = prefix + field, (*path, field), required and field in needed
        if said.get("type") == "object" and "properties" in said:
            yield from _columns(said, known, f"{name}_", where, must)
        elif said.get("type") == "array":
            each = _resolved(said["items"], known)
            if each.get("type") == "string":
                yield Column(name, where, "list", must)
            elif field in FIRST_OF and "properties" in each:
                yield from _columns(each, known, f"{FIRST_OF[field]}_", (*where, 0), False)
        elif said.get("type") in _FORMS:
            yield Column(name, where, _FORMS[said["type"]], must, described.get("default"))


def _resolved(described: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in described:
        return _resolved(known[str(described["$ref"]).rpartition("/")[2]], known)
    others = [each for each in described.get("anyOf", ()) if each.get("type") != "null"]
    return _resolved(others[0], known) if len(others) == 1 else described
