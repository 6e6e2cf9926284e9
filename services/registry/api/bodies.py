"""What registry's routes accept. Unknown fields, wrong types and over-long texts are refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.events.registry import Category, Name, Team, Tier, WorkingHours
from shared.runtime.ids import Id

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 -]{2,19}$")]


class Body(BaseModel):
    """What all bodies share: strict types, no unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ClientBody(Body):
    """A client for staff."""

    name: Text = Field(examples=["night shift"])
    role: Literal["dispatcher", "auditor", "admin"]


class UnitClientBody(Body):
    """A client for a unit's own system."""

    name: Text = Field(examples=["hospital system"])


class UnitBody(Body):
    """A partner unit."""

    name: Text = Field(examples=["东川卫生服务中心"])
    kind: Slug = Field(examples=["health"])


class VolunteerBody(Body):
    """A volunteer of a unit."""

    name: Text = Field(examples=["李梅"])
    unit: Id = Field(examples=["unit-health-centre"])
    team: Team
    skills: list[Slug] = Field(default_factory=list, max_length=40, examples=[["first-aid"]])


Flag = Literal["over-sixty", "empty-nest", "lives-alone", "low-income", "disabled"]


class ResidentBody(Body):
    """A resident."""

    name: Text = Field(examples=["王秀英"])
    phone: Phone | None = Field(None, examples=["13800000001"])
    address: Text | None = Field(None, examples=["3栋2单元401"])
    grid: Slug = Field(examples=["shaba-03"])
    tier: Tier
    flags: list[Flag] = Field(default_factory=list, max_length=5, examples=[["lives-alone"]])


class NameBody(Body):
    """A name in both languages."""

    zh: Text
    en: Text

    def name(self) -> Name:
        """As events carry it."""
        return Name(zh=self.zh, en=self.en)


class GridBody(Body):
    """A grid by its code."""

    grid: Slug = Field(examples=["shaba-13"])
    name: NameBody


class ServiceBody(Body):
    """A service for the catalogue."""

    name: NameBody
    category: Category
    lead_unit: Id
    supporting_units: list[Id] = Field(default_factory=list, max_length=20)
    response_minutes: int = Field(ge=1, le=44_640)
    working_hours: WorkingHours = "always"
    skills: list[Slug] = Field(default_factory=list, max_length=40)
    enters_home: bool = False
