"""What a partner unit sees of an event: what concerns it, without persons and without other units."""

from __future__ import annotations

from collections.abc import Mapping

from shared.kernel.canonical import Json

PRIVATE_ATTRIBUTES = frozenset({"authid", "authtype", "authrole", "traceparent", "correlationid"})
PRIVATE_FIELDS = frozenset({"resident", "tier", "details", "feedback", "position", "basis", "coordinator"})
"""Fields of any event's data that no partner sees: a person, what a person is like, a digest of details."""

UNIT_FIELDS = frozenset({"unit", "from_unit", "lead_unit", "supporting_units"})
"""Fields that name units: a partner sees its own name there only."""

VOLUNTEER_FIELDS = frozenset({"volunteer", "on_behalf_of"})
"""Fields that name a volunteer of the event's `unit`: its own unit alone sees them."""

HIDDEN_FIELDS = PRIVATE_FIELDS | UNIT_FIELDS | VOLUNTEER_FIELDS
"""Fields that the partners' form of an event may lack."""


def concerns(data: Mapping[str, Json], unit: str) -> bool:
    """Whether an event with this data names `unit` among those it concerns."""
    units = data.get("units")
    return isinstance(units, list) and unit in units


def partner_form(document: Mapping[str, Json], unit: str) -> dict[str, Json]:
    """The CloudEvent `document` as `unit` sees it; the same `id`, so that it can be told from a repeat."""
    data = document["data"]
    assert isinstance(data, dict)
    hidden = PRIVATE_FIELDS if data.get("unit") == unit else PRIVATE_FIELDS | VOLUNTEER_FIELDS
    seen: dict[str, Json] = {
        name: value
        for name, value in data.items()
        if name not in hidden and not (name in UNIT_FIELDS and value != unit)
    }
    seen["units"] = [unit]
    attributes = {name: value for name, value in document.items() if name not in PRIVATE_ATTRIBUTES}
    return {**attributes, "data": seen}


def volunteer_form(document: Mapping[str, Json], volunteer: str) -> dict[str, Json]:
    """The CloudEvent `document` as `volunteer` sees it: what it is to do, with no unit but its own."""
    data = document["data"]
    assert isinstance(data, dict)
    unit = data.get("unit")
    form = partner_form(document, unit if isinstance(unit, str) else "")
    seen = form["data"]
    assert isinstance(seen, dict)
    return {**form, "data": {**seen, "volunteer": volunteer, "units": [unit] if unit else []}}
