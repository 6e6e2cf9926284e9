"""What registry's answers look like, for its OpenAPI document; a test compares them with real ones."""

from __future__ import annotations

from typing import ClassVar, Literal

from services.registry.api.bodies import Flag
from shared.events.registry import Category, Name, Role, Team, Tier, WorkingHours
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id

CLIENT = "client-01a20bba-5f11-7c0e-8f3c-6a4de1a0b9d2"
RESIDENT = "resident-01a20bba-65d1-763e-9050-2b0bfdad0bb6"
VOLUNTEER = "volunteer-01a20bba-65bf-7092-bb24-d5c070452313"
UNIT = "unit-health-centre"


class Registered(Shape):
    """The id under which it is on record."""

    example: ClassVar[Document] = {"id": VOLUNTEER}

    id: Id


class Erased(Registered):
    """The resident's personal details are erased."""

    example: ClassVar[Document] = {"id": RESIDENT, "erased": True}

    erased: Literal[True]


class OnRecord(Registered):
    """A thing on record."""

    community: str


class Client(OnRecord):
    """An API client: its role, and its unit if it is a unit's."""

    example: ClassVar[Document] = {
        "id": CLIENT,
        "community": "shaba",
        "role": "unit",
        "unit": UNIT,
        "communities": ["shaba"],
    }

    role: Role
    unit: Id | Absent = None
    communities: list[str]


class Unit(OnRecord):
    """A partner unit."""

    example: ClassVar[Document] = {
        "id": UNIT,
        "community": "shaba",
        "name": "东川卫生服务中心",
        "kind": "health",
    }

    name: str
    kind: str


class Seat(OnRecord):
    """A seat of the committee, and the unit that holds it."""

    example: ClassVar[Document] = {
        "id": "seat-member-1",
        "community": "shaba",
        "seat": "member",
        "unit": UNIT,
    }

    seat: Literal["deputy-secretary", "member"]
    unit: Id


class ServiceTeam(OnRecord):
    """A service team."""

    example: ClassVar[Document] = {
        "id": "team-residents",
        "community": "shaba",
        "team": "residents",
        "name": {"zh": "社区居民服务队", "en": "Residents' service team"},
    }

    team: Team
    name: Name


class Grid(OnRecord):
    """A grid, by its code."""

    example: ClassVar[Document] = {
        "id": "grid-shaba-03",
        "community": "shaba",
        "grid": "shaba-03",
        "name": {"zh": "沙坝社区第三网格", "en": "Shaba grid 3"},
    }

    grid: str
    name: Name


class Service(OnRecord):
    """A service of the catalogue."""

    example: ClassVar[Document] = {
        "id": "service-home-health-help",
        "community": "shaba",
        "name": {"zh": "上门健康服务", "en": "Health help at home"},
        "category": "community-service",
        "lead_unit": UNIT,
        "supporting_units": ["unit-red-cross"],
        "response_minutes": 30,
        "working_hours": "always",
        "skills": ["first-aid"],
        "enters_home": True,
    }

    name: Name
    category: Category
    lead_unit: Id
    supporting_units: list[Id]
    response_minutes: int
    working_hours: WorkingHours
    skills: list[str]
    enters_home: bool


class Volunteer(OnRecord):
    """A volunteer, without the name."""

    example: ClassVar[Document] = {
        "id": VOLUNTEER,
        "community": "shaba",
        "unit": UNIT,
        "team": "residents",
        "skills": ["first-aid"],
    }

    unit: Id
    team: Team
    skills: list[str]


class Resident(OnRecord):
    """A resident, by codes only."""

    example: ClassVar[Document] = {"id": RESIDENT, "community": "shaba", "grid": "shaba-03", "tier": "high"}

    grid: str
    tier: Tier


class VolunteerDetail(Shape):
    """The name of a volunteer."""

    example: ClassVar[Document] = {"name": "李梅"}

    name: str


class VolunteerDetails(Shape):
    """What is kept sealed of a volunteer: one item."""

    example: ClassVar[Document] = {"items": [VolunteerDetail.example]}

    items: list[VolunteerDetail]


class ResidentDetail(Shape):
    """A resident's name, telephone, address and flags."""

    example: ClassVar[Document] = {
        "name": "王秀英",
        "phone": "13800000001",
        "address": "3栋2单元401",
        "flags": ["lives-alone"],
    }

    name: str
    phone: str | None
    address: str | None
    flags: list[Flag]


class ResidentDetails(Shape):
    """What is kept sealed of a resident: one item."""

    example: ClassVar[Document] = {"items": [ResidentDetail.example]}

    items: list[ResidentDetail]
