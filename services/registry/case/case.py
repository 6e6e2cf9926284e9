"""A community as it is before its first event: grids, units, teams, seats, skills and the catalogue.

`shaba.json` is written from Shaba community's own account of its work. Units with `added: true` are not
partner units there; they are added so that every service has somebody to lead it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.events.registry import Category, WorkingHours
from shared.kernel.times import Time

SeatKind = Literal["deputy-secretary", "member"]
UnitKind = Literal[
    "community-office",
    "police",
    "health",
    "red-cross",
    "school",
    "firm",
    "property",
    "justice",
    "culture",
    "elder-care",
]

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
UnitId = Annotated[str, Field(pattern=r"^unit-[a-z0-9-]{1,80}$")]
SeatId = Annotated[str, Field(pattern=r"^seat-[a-z0-9-]{1,80}$")]
ServiceId = Annotated[str, Field(pattern=r"^service-[a-z0-9-]{1,80}$")]
Text = Annotated[str, Field(min_length=1, max_length=80)]


class Record(BaseModel):
    """What all parts of a case share: frozen, no coercion of types, no unknown fields."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Name(Record):
    """A name in Chinese and in English."""

    zh: Text
    en: Text


class Named(Record):
    """Something with no more than an id and a name: the community, a grid, a team, a skill."""

    id: Slug
    name: Name


class Unit(Record):
    """A partner unit, or the community office itself."""

    id: UnitId
    name: Name
    kind: UnitKind
    added: bool


class Seat(Record):
    """A seat on the community's committee and the unit whose person holds it."""

    id: SeatId
    seat: SeatKind
    unit: UnitId


class Service(Record):
    """A service of the catalogue. `response_minutes` counts minutes within `working_hours`."""

    id: ServiceId
    name: Name
    category: Category
    lead_unit: UnitId
    supporting_units: tuple[UnitId, ...]
    response_minutes: Annotated[int, Field(ge=1, le=44_640)]
    working_hours: WorkingHours
    skills: tuple[Slug, ...]
    enters_home: bool

    @property
    def units(self) -> tuple[str, ...]:
        """The lead unit, then the supporting ones."""
        return (self.lead_unit, *self.supporting_units)


class Agreements(Record):
    """From when to when the agreement of each unit holds, by which it has its part in the services."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    starts_at: Time
    ends_at: Time


class Case(Record):
    """A whole community. Ids are unique within their kind, and whatever is referred to exists."""

    community: Named
    grids: tuple[Named, ...]
    units: tuple[Unit, ...]
    teams: tuple[Named, ...]
    committee: tuple[Seat, ...]
    agreements: Agreements
    skills: tuple[Named, ...]
    services: tuple[Service, ...]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        faults = [*self._repeated(), *self._dangling()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _repeated(self) -> Iterator[str]:
        groups: dict[str, Iterable[Named | Unit | Seat | Service]] = {
            "grids": self.grids,
            "units": self.units,
            "teams": self.teams,
            "committee": self.committee,
            "skills": self.skills,
            "services": self.services,
        }
        for group, records in groups.items():
            yield from (f"{group}: {twice} appears twice" for twice in _twice(r.id for r in records))
        for service in self.services:
            yield from (f"{service.id}: {twice} appears twice" for twice in _twice(service.units))
            yield from (f"{service.id}: {twice} appears twice" for twice in _twice(service.skills))

    def _dangling(self) -> Iterator[str]:
        units = {unit.id for unit in self.units}
        skills = {skill.id for skill in self.skills}
        yield from (f"{s.id}: no unit {s.unit}" for s in self.committee if s.unit not in units)
        for service in self.services:
            yield from (f"{service.id}: no unit {unit}" for unit in service.units if unit not in units)
            yield from (f"{service.id}: no skill {skill}" for skill in service.skills if skill not in skills)


def load_case(name: str) -> Case:
    """The case called `name`, checked.

    Raises ValueError when there is no such case, and pydantic's ValidationError, itself a ValueError,
    when its file is not sound.
    """
    # Looked up among the names rather than built into a path: the name comes from the environment.
    folder = resources.files(__package__)
    files = {
        file.name.removesuffix(".json"): file for file in folder.iterdir() if file.name.endswith(".json")
    }
    if name not in files:
        raise ValueError(f"no case named {name!r}; there is: {', '.join(sorted(files))}")
    return Case.model_validate_json(files[name].read_text(encoding="utf-8"))


def _twice(ids: Iterable[str]) -> list[str]:
    return [key for key, count in Counter(ids).items() if count > 1]
