"""What registry's answers look like, for its OpenAPI document; a test compares them with real ones."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from shared.events.registry import Category, Matching, Name, Reason, Role, Room, Team, Tier, WorkingHours
from shared.kernel.times import Time
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id

CLIENT = "client-01a20bba-5f11-7c0e-8f3c-6a4de1a0b9d2"
RESIDENT = "resident-01a20bba-65d1-763e-9050-2b0bfdad0bb6"
VOLUNTEER = "volunteer-01a20bba-65bf-7092-bb24-d5c070452313"
UNIT = "unit-health-centre"
AT = "2026-11-24T03:34:55.102Z"
CONFIRMED: Document = {"assured_at": AT, "stale": False}


class Registered(Shape):
    """The id under which it is on record."""

    example: ClassVar[Document] = {"id": VOLUNTEER}

    id: Id


class Erased(Registered):
    """The resident's personal details are erased."""

    example: ClassVar[Document] = {"id": RESIDENT, "erased": True}

    erased: Literal[True]


class Ended(Registered):
    """It has ended, for this reason."""

    example: ClassVar[Document] = {"id": "grid-shaba-13", "ended": "replaced"}

    ended: Reason


class Merged(Registered):
    """It is on record as another thing from now on."""

    example: ClassVar[Document] = {"id": "unit-health-center", "merged_into": UNIT}

    merged_into: Id


class Assured(Registered):
    """It is confirmed, since then."""

    example: ClassVar[Document] = {"id": UNIT, "assured_at": AT}

    assured_at: Time


class OnRecord(Registered):
    """A thing on record. `assured_at` is when it was last registered, changed or confirmed."""

    community: str
    assured_at: Time | Absent = None
    stale: bool | Absent = Field(None, description="whether nobody has confirmed it for 90 days")
    ended: Reason | Absent = Field(None, description="why it is no more")
    merged_into: Id | Absent = Field(None, description="under which other id it is on record")


class Client(OnRecord):
    """An API client: its role, its unit if it is a unit's, and the unit's volunteer if it is that one's."""

    example: ClassVar[Document] = {
        "id": CLIENT,
        "community": "shaba",
        "role": "unit",
        "unit": UNIT,
        "communities": ["shaba"],
        "scopes": ["dispatch:read", "registry:read"],
        "expires_at": "2027-12-31T16:00:00.000Z",
        "last_used_at": "2026-11-24T03:00:00.000Z",
    }

    role: Role
    unit: Id | Absent = None
    volunteer: Id | Absent = None
    communities: list[str]
    scopes: list[str] | Absent = Field(None, description="without it all of the role's")
    expires_at: str | Absent = None
    last_used_at: str | None = Field(description="to the hour; null if it was not used")


class Unit(OnRecord):
    """A partner unit."""

    example: ClassVar[Document] = {
        "id": UNIT,
        "community": "shaba",
        "name": "东川卫生服务中心",
        "kind": "health",
        **CONFIRMED,
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
    number: int | Absent = None
    starts_at: Time | Absent = None
    ends_at: Time | Absent = None


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


class Community(OnRecord):
    """A community."""

    example: ClassVar[Document] = {
        "id": "community-shaba",
        "community": "shaba",
        "name": {"zh": "沙坝社区", "en": "Shaba community"},
        **CONFIRMED,
    }

    name: Name


class Facility(OnRecord):
    """A facility, its rooms and when they are open. `keeper` is the unit that looks after it."""

    example: ClassVar[Document] = {
        "id": "facility-01a20bba-66aa-7b3c-9f10-0a2b4c6d8e01",
        "community": "shaba",
        "name": {"zh": "居家养老服务中心", "en": "Home care centre"},
        "kind": "elder-care",
        "grid": "shaba-03",
        "rooms": [
            {
                "code": "rehabilitation",
                "name": {"zh": "康复室", "en": "Rehabilitation room"},
                "capacity": 12,
                "opening": [{"day": "monday", "opens": "08:30", "closes": "17:30"}],
            }
        ],
        "keeper": UNIT,
        **CONFIRMED,
    }

    name: Name
    kind: str
    grid: str
    rooms: list[Room]
    keeper: Id | Absent = None


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
        "training": ["home-safety"],
        "eligible_tiers": ["high", "key"],
        "eligible_circumstances": ["lives-alone"],
        "public": True,
        "matching": "auto",
        **CONFIRMED,
    }

    name: Name
    category: Category
    lead_unit: Id
    supporting_units: list[Id]
    response_minutes: int
    working_hours: WorkingHours
    skills: list[str]
    enters_home: bool
    training: list[str] | Absent = None
    eligible_tiers: list[Tier] | Absent = None
    eligible_circumstances: list[str] | Absent = None
    public: bool | Absent = Field(None, description="whether anybody may read of it; true if not said")
    matching: Matching | Absent = Field(None, description="`suggest` if not said")
