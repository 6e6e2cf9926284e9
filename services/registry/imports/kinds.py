"""The kinds of things that tables are of. Another kind is one more entry of KINDS."""

from __future__ import annotations

from collections.abc import Mapping

from services.registry.api.bodies import ServiceBody
from services.registry.api.facts import (
    resident_facts,
    service_facts,
    unit_facts,
    units_of,
    volunteer_facts,
)
from services.registry.api.listed import likeness
from services.registry.api.people_bodies import ResidentBody, VolunteerBody
from services.registry.api.places import UNKNOWN_GRID
from services.registry.api.unit_bodies import UnitBody, contact_details
from services.registry.imports.community_kinds import COMMUNITY_KINDS, unit_reference
from services.registry.imports.kind import Content, Kind, Reference
from services.registry.names import same
from shared.events.registry import GridDefined


def _grid(body: ResidentBody) -> tuple[Reference, ...]:
    return (Reference("grid", f"grid-{body.grid}", GridDefined, "unknown-grid", UNKNOWN_GRID),)


def _units(body: ServiceBody) -> tuple[Reference, ...]:
    lead, *others = units_of(body)
    return (unit_reference("lead_unit", lead), *(unit_reference("supporting_units", each) for each in others))


_ALL = (
    Kind(
        name="units",
        prefix="unit",
        body=UnitBody,
        scope="registry:admin",
        facts=unit_facts,
        references=lambda body: (),
        sealed=lambda body: contact_details(body.contacts) if body.contacts else None,
        alike=lambda body: tuple(same(body.name)),
    ),
    Kind(
        name="volunteers",
        prefix="volunteer",
        body=VolunteerBody,
        scope="registry:write",
        facts=lambda body, community, details: volunteer_facts(body, community, str(details)),
        references=lambda body: (unit_reference("unit", body.unit),),
        sealed=lambda body: body.details(),
        alike=lambda body: likeness(body.details(), body.unit),
        place="unit",
    ),
    Kind(
        name="residents",
        prefix="resident",
        body=ResidentBody,
        scope="registry:write",
        facts=lambda body, community, details: resident_facts(body, community, str(details)),
        references=_grid,
        sealed=lambda body: body.details(),
        alike=lambda body: likeness(body.details(), body.grid),
        place="grid",
    ),
    Kind(
        name="services",
        prefix="service",
        body=ServiceBody,
        scope="registry:admin",
        facts=lambda body, community, _: service_facts(body, community),
        references=_units,
        sealed=lambda body: None,
        alike=lambda body: (),
    ),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (*_ALL, *COMMUNITY_KINDS)}
"""By the name in paths."""

__all__ = ["KINDS", "Content", "Kind", "Reference"]
