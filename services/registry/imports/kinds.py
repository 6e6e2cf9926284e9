"""The kinds of things that tables are of. Another kind is one more entry of KINDS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.registry.api.bodies import NewBody, ServiceBody
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
from services.registry.api.units import UNKNOWN_UNIT
from services.registry.imports.columns import CONFIRMED, Column, columns_of
from services.registry.names import same
from shared.events.registry import GridDefined, UnitRegistered
from shared.kernel.canonical import Json
from shared.kernel.event import Event

Content = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Reference:
    """What a row speaks of and must be on record: its stream, what put it there; else the refusal."""

    column: str
    stream: str
    registered_by: type[Event]
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: `name` as in paths, `prefix` of its ids, and what a row's body makes of itself.

    `facts` is given the body, its community and the digest of `sealed`, which is what is kept sealed of it.
    `alike` is what a body has in common with another of the same thing; `place` the fact that a person is
    likely to share with that, for those who are found by sealed details.
    """

    name: str
    prefix: str
    body: type[NewBody]
    scope: str
    facts: Callable[[Any, str, str | None], Event]
    references: Callable[[Any], tuple[Reference, ...]]
    sealed: Callable[[Any], Content | None]
    alike: Callable[[Any], tuple[str, ...]]
    place: str | None = None
    columns: tuple[Column, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", columns_of(self.body))

    @property
    def shown(self) -> tuple[Column, ...]:
        """The columns of what is on record, which are those of an export."""
        return tuple(column for column in self.columns if column.name != CONFIRMED)

    def cells(self, community: str, facts: Mapping[str, Json], content: Mapping[str, Json]) -> dict[str, str]:
        """What a table says of a thing on record, by column."""
        values = {**facts, **content, "community": community}
        return {column.name: column.cell(values) for column in self.shown}


def _unit(column: str, unit: str) -> Reference:
    return Reference(column, unit, UnitRegistered, "unknown-unit", UNKNOWN_UNIT)


def _grid(body: ResidentBody) -> tuple[Reference, ...]:
    return (Reference("grid", f"grid-{body.grid}", GridDefined, "unknown-grid", UNKNOWN_GRID),)


def _units(body: ServiceBody) -> tuple[Reference, ...]:
    lead, *others = units_of(body)
    return (_unit("lead_unit", lead), *(_unit("supporting_units", each) for each in others))


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
        references=lambda body: (_unit("unit", body.unit),),
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

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
"""By the name in paths."""
