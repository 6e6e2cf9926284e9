"""What registry answers of volunteers and residents, for its OpenAPI document."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from services.registry.api.shapes import RESIDENT, UNIT, VOLUNTEER, OnRecord
from services.registry.standing import State
from shared.events.registry import DateException, Opening, Pause, Team, Tier
from shared.kernel.times import Time
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id


class TrainingShown(Shape):
    """A training, and whether it counts now."""

    example: ClassVar[Document] = {
        "course": "home-safety",
        "completed_on": "2026-05-20",
        "expires_at": "2028-05-20T16:00:00.000Z",
        "valid": True,
    }

    course: str
    completed_on: str
    expires_at: Time | Absent = Field(None, description="from when on it counts no longer")
    valid: bool


class Volunteer(OnRecord):
    """A volunteer, without the name."""

    example: ClassVar[Document] = {
        "id": VOLUNTEER,
        "community": "shaba",
        "unit": UNIT,
        "team": "residents",
        "skills": ["first-aid"],
        "state": "active",
        "languages": ["yi", "zh"],
        "load_cap": 4,
        "availability": [{"day": "saturday", "opens": "08:30", "closes": "12:00"}],
        "exceptions": [{"date": "2026-12-05", "available": False, "spans": []}],
        "trainings": [TrainingShown.example],
    }

    unit: Id
    team: Team
    skills: list[str]
    state: State
    languages: list[str] | Absent = None
    load_cap: int | Absent = Field(None, description="duties a week, at most")
    availability: list[Opening] | Absent = None
    exceptions: list[DateException] | Absent = Field(None, description="these go before the availability")
    trainings: list[TrainingShown] | Absent = None
    suspended: Pause | Absent = Field(None, description="why the volunteer is not to be placed at present")


class ListedVolunteer(Volunteer):
    """A volunteer in a list, with most of the name and the telephone hidden."""

    example: ClassVar[Document] = {**Volunteer.example, "name": "李**", "phone": "138****0003"}

    name: str | Absent = None
    phone: str | Absent = None


class Resident(OnRecord):
    """A resident, by codes only."""

    example: ClassVar[Document] = {
        "id": RESIDENT,
        "community": "shaba",
        "grid": "shaba-03",
        "tier": "high",
        "languages": ["zh"],
    }

    grid: str
    tier: Tier
    languages: list[str] | Absent = None


class ListedResident(Resident):
    """A resident in a list, with most of the name and the telephone hidden."""

    example: ClassVar[Document] = {**Resident.example, "name": "王**", "phone": "138****0001"}

    name: str | Absent = None
    phone: str | Absent = None
