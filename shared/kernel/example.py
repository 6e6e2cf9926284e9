"""A whole CloudEvent as its receivers see one, made of an example of its data, for those who write one."""

from __future__ import annotations

from collections.abc import Mapping

from shared.kernel.canonical import Json
from shared.kernel.cloudevent import sequence, source_of
from shared.kernel.event import Event, Partners
from shared.kernel.partner import partner_form, volunteer_form

ID = "01a20bba-6639-7b21-9d7e-0a3c4de20f11"
AT = "2026-11-24T03:29:28.123Z"


def example_event(service: str, model: type[Event], data: Mapping[str, Json]) -> dict[str, Json]:
    """An event of `service`: as a unit is told of it, with its place in the unit's box, if units are told of
    its type, else as it stands in the log."""
    document = _document(service, model.type, data)
    if not issubclass(model, Partners):
        return document
    unit = _unit_of(data)
    before = f"{service}@{sequence(183, 0)}"
    return {**partner_form(document, unit), "recipient": unit, "unitsequence": 17, "previous": before}


def example_for(
    service: str, name: str, data: Mapping[str, Json], unit: str, volunteer: str | None = None
) -> dict[str, Json]:
    """The same of a type that units, or volunteers, are told of, as if it were about `unit`, or about its
    `volunteer`. It has no place in a box."""
    theirs = _unit_of(data)
    renamed = {field: unit if value == theirs else value for field, value in data.items()}
    document = _document(service, name, {**renamed, "units": [unit]})
    return partner_form(document, unit) if volunteer is None else volunteer_form(document, volunteer)


def _document(service: str, name: str, data: Mapping[str, Json]) -> dict[str, Json]:
    subject = _subject(name)
    return {
        "specversion": "1.0",
        "id": ID,
        "source": source_of(service),
        "type": name,
        "time": AT,
        "recordedtime": AT,
        "subject": subject,
        "partitionkey": subject,
        "streamversion": 1,
        "sequence": sequence(184, 0),
        "commitsize": 1,
        "community": data["community"],
        "datacontenttype": "application/json",
        "dataschema": f"urn:linli:event:{name}:1",
        "data": dict(data),
    }


def _subject(name: str) -> str:
    """The id of a thing of the kind that the type's name begins with."""
    return f"{name.partition('-')[0]}-{ID}"


def _unit_of(data: Mapping[str, Json]) -> str:
    """The unit that sees the most of it: its own, or the first that it concerns."""
    units = data.get("units")
    known = [str(unit) for unit in units] if isinstance(units, list) else []
    own = data.get("unit")
    return own if isinstance(own, str) and own in known else known[0]
