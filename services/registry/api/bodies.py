"""What registry's routes accept. Unknown fields, wrong types and over-long texts are refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import Field, StringConstraints, field_validator, model_validator
from pydantic_core.core_schema import ValidationInfo

from shared.events.registry import Category, Matching, Name, Reason, Team, Tier, WorkingHours
from shared.kernel.times import Time
from shared.runtime.http.bodies import Body, Code
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 -]{2,19}$")]

Word = TypeVar("Word", bound=str)


Scopes = Annotated[
    list[Annotated[str, StringConstraints(pattern=r"^[a-z]+(:[a-z]+)?$", max_length=40)]],
    Field(max_length=40),
]


class UnitClientBody(Body):
    """A client for a unit's own system. Without `scopes` it has all of its role."""

    name: Text = Field(examples=["hospital system"])
    scopes: Scopes | None = Field(None, min_length=1, examples=[["registry:read", "dispatch:read"]])
    expires_at: Time | None = Field(None, examples=["2027-12-31T16:00:00Z"])


class VolunteerClientBody(UnitClientBody):
    """A client for a volunteer. Without `scopes` it has all of its role."""

    name: Text = Field(examples=["telephone"])
    scopes: Scopes | None = Field(None, min_length=1, examples=[["dispatch:read", "dispatch:write"]])


Communities = Annotated[list[Code], Field(min_length=1, max_length=500)]


class ClientBody(UnitClientBody):
    """A client for staff. Without `scopes` it has all of its role, without `communities` the caller's."""

    communities: Communities | Absent = Field(None, examples=[["shaba"]])
    name: Text = Field(examples=["night shift"])
    role: Literal["dispatcher", "auditor", "admin"]


class PersonBody(Body):
    """A member of staff who may sign in: by an address that the identity provider has verified, or by its
    subject there."""

    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$")] | None = Field(
        None, examples=["mei.li@example.org"]
    )
    subject: Text | None = None
    role: Literal["dispatcher", "auditor", "admin"]
    communities: Communities | Absent = Field(None, examples=[["shaba"]])
    scopes: Scopes | None = Field(None, min_length=1, examples=[["dispatch:read", "dispatch:write"]])
    expires_at: Time | None = Field(None, examples=["2027-12-31T16:00:00Z"])

    @model_validator(mode="after")
    def known_somehow(self) -> PersonBody:
        """Somebody whom the provider cannot name could never sign in."""
        if self.email is None and self.subject is None:
            raise ValueError("email or subject is needed")
        return self


class SecretBody(Body):
    """A new secret. The earlier ones are good for `overlap_seconds` more: a day, if nothing else is said."""

    overlap_seconds: int = Field(86_400, ge=0, le=604_800)


class PersonalTokenBody(Body):
    """A personal token for a script."""

    name: Text = Field(examples=["weekly export"])
    scopes: Scopes = Field(min_length=1, examples=[["dispatch:read"]])
    expires_at: Time = Field(examples=["2027-01-31T16:00:00Z"])


def in_order(codes: Iterable[Word]) -> tuple[Word, ...]:
    """Codes as events carry them, each once: so that the same, sent in another order, is no change."""
    return tuple(sorted(set(codes)))


class NewBody(Body):
    """A thing that is to be on record in a community."""

    community: Code | Absent = Field(None, description="one of the token's; it may leave out its only one")


class ChangesBody(Body):
    """What changes of a thing: a field that is not sent stays as it is, null takes an optional one away."""

    optional: ClassVar[frozenset[str]] = frozenset()
    """The fields that can be taken away."""

    @field_validator("*", mode="before")
    @classmethod
    def _must_stay(cls, value: object, info: ValidationInfo) -> object:
        if value is None and info.field_name not in cls.optional:
            raise ValueError("it cannot be taken away; leave it out, and it stays as it is")
        return value

    def cleared(self) -> tuple[str, ...]:
        """The fields that are taken away."""
        return tuple(sorted(name for name in self.model_fields_set if getattr(self, name) is None))


class EndBody(Body):
    """Why something ends."""

    reason: Reason


class MergeBody(Body):
    """What a thing turned out to be."""

    into: Id = Field(examples=["unit-health-centre"])


Flag = Literal["over-sixty", "empty-nest", "lives-alone", "low-income", "disabled"]


class NameBody(Body):
    """A name in both languages."""

    zh: Text
    en: Text

    def name(self) -> Name:
        """As events carry it."""
        return Name(zh=self.zh, en=self.en)


class NameChanges(ChangesBody):
    """What changes of a thing that has no more than a name."""

    name: NameBody | Absent = None


class CommunityBody(Body):
    """A community by its code."""

    community: Code = Field(examples=["tangdan"])
    name: NameBody


class TeamBody(NewBody):
    """One of the four service teams of a community."""

    team: Team
    name: NameBody


class GridBody(NewBody):
    """A grid by its code."""

    grid: Code = Field(examples=["shaba-13"])
    name: NameBody


class ServiceBody(NewBody):
    """A service for the catalogue."""

    name: NameBody
    category: Category
    lead_unit: Id
    supporting_units: list[Id] = Field(default_factory=list, max_length=20)
    response_minutes: int = Field(ge=1, le=44_640)
    working_hours: WorkingHours = "always"
    skills: list[Code] = Field(default_factory=list, max_length=40)
    enters_home: bool = False
    training: list[Code] = Field(
        default_factory=list, max_length=40, description="codes of what a volunteer must be trained in"
    )
    eligible_tiers: list[Tier] = Field(
        default_factory=list, max_length=3, description="with eligible_circumstances: whom it is for"
    )
    eligible_circumstances: list[Flag] = Field(
        default_factory=list, max_length=5, description="it is for whoever is of one; empty, for everybody"
    )
    public: bool = Field(True, description="whether anybody may read of it, without a token")
    matching: Matching | Absent = Field(
        None, description="whether volunteers are proposed, and the best asked at once; `suggest` if not said"
    )


class ServiceChanges(ChangesBody):
    """What changes of a service; null takes away training and eligibility."""

    optional: ClassVar[frozenset[str]] = frozenset({"training", "eligible_tiers", "eligible_circumstances"})

    name: NameBody | Absent = None
    category: Category | Absent = None
    lead_unit: Id | Absent = None
    supporting_units: list[Id] | Absent = Field(None, max_length=20)
    response_minutes: int | Absent = Field(None, ge=1, le=44_640)
    working_hours: WorkingHours | Absent = None
    skills: list[Code] | Absent = Field(None, max_length=40)
    enters_home: bool | Absent = None
    training: list[Code] | None = Field(None, max_length=40)
    eligible_tiers: list[Tier] | None = Field(None, max_length=3)
    eligible_circumstances: list[Flag] | None = Field(None, max_length=5)
    public: bool | Absent = None
    matching: Matching | Absent = None
