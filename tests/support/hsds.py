"""What HSDS 3.0 says of the objects that we write, and what of them does not hold to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

_FACTS = json.loads((Path(__file__).parents[1] / "vectors" / "hsds-3.0.json").read_text(encoding="utf-8"))
_INSIDE = {
    "service": {"schedules": "schedule", "attributes": "attribute", "organization": "organization"},
    "organization": {"organization_identifiers": "organization_identifier"},
}


def schema_of(kind: str, of: str = "service") -> dict[str, Any]:
    """A JSON Schema of an object of HSDS; of a `page`, `of` is what it has."""
    facts = _FACTS[kind]
    properties: dict[str, dict[str, Any]] = {}
    for type in ("string", "number", "boolean", "array", "object"):
        properties |= {name: {"type": type} for name in facts.get(type, ())}
    for name in facts.get("uuid", ()):
        properties[name] |= {"format": "uuid"}
    for name, values in facts.get("enum", {}).items():
        properties[name] |= {"enum": values}
    for name, inner in (_INSIDE.get(kind, {}) if kind != "page" else {"contents": of}).items():
        schema = schema_of(inner)
        properties[name] |= {"items": schema} if properties[name]["type"] == "array" else schema
    return {
        "type": "object",
        "required": facts["required"],
        "properties": properties,
        "additionalProperties": False,
    }


def faults(kind: str, said: object, of: str = "service") -> Iterator[str]:
    """What of `said` is not as HSDS has it."""
    validator = Draft202012Validator(schema_of(kind, of), format_checker=FormatChecker())
    for fault in validator.iter_errors(said):
        yield f"{fault.json_path}: {fault.message}"
