"""What the routes of volunteers and residents accept, and what of it is kept sealed."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, Field, StringConstraints

from services.registry.api.availability_bodies import Availability, Exceptions
from services.registry.api.bodies import ChangesBody, Flag, NewBody, Phone, Text
from services.registry.api.unit_bodies import Email
from shared.events.registry import DateException, Opening, Pause, Team, Tier
from shared.kernel.canonical import Json
from shared.runtime.http.bodies import Body, Code
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id

Language = Annotated[
    str, StringConstraints(pattern=r"^[a-z]{2,8}(-[a-z0-9]{1,8})*$", max_length=35), Field(examples=["yi"])
]
"""A language by its BCP 47 tag in lower case: `zh`, `yi`, `en`."""
Languages = Annotated[list[Language], Field(max_length=20)]
LoadCap = Annotated[int, Field(ge=1, le=40, description="duties a week, at most")]
Flags = Annotated[list[Flag], Field(max_length=5)]
Notes = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
CONFIRMED = Field(False, description="that it is nobody of those who are likely the same")


class RelativeBody(Body):
    """A person to turn to for a resident. Kept sealed."""

    name: Text = Field(examples=["王强"])
    phone: Phone = Field(examples=["13800000002"])
    relation: Text | None = Field(None, examples=["儿子"])


class VolunteerBody(NewBody):
    """A volunteer of a unit; one who is `invited` is not to be placed until activated."""

    name: Text = Field(examples=["李梅"])
    phone: Phone | None = Field(None, examples=["13800000003"])
    email: Email | None = Field(None, examples=["mei.li@example.org"])
    unit: Id = Field(examples=["unit-health-centre"])
    team: Team
    skills: list[Code] = Field(default_factory=list, max_length=40, examples=[["first-aid"]])
    languages: Languages = Field(default_factory=list)
    load_cap: LoadCap | None = None
    availability: Availability = Field(default_factory=list)
    exceptions: Exceptions = Field(default_factory=list)
    invited: bool = False
    confirmed: bool = CONFIRMED

    def details(self) -> dict[str, Json]:
        """What is kept sealed."""
        return {"name": self.name, **_said(self, ("phone", "email"))}


class VolunteerChanges(ChangesBody):
    """What changes of a volunteer; a list is then all that there is."""

    optional: ClassVar[frozenset[str]] = frozenset(
        {"phone", "email", "languages", "load_cap", "availability", "exceptions"}
    )

    name: Text | Absent = Field(None, examples=["李梅"])
    phone: Phone | None = Field(None, examples=["13800000003"])
    email: Email | None = Field(None, examples=["mei.li@example.org"])
    team: Team | Absent = None
    skills: Annotated[list[Code], Field(max_length=40)] | Absent = Field(None, examples=[["first-aid"]])
    languages: Languages | None = None
    load_cap: LoadCap | None = None
    availability: Availability | None = None
    exceptions: Exceptions | None = None

    def details(self) -> dict[str, Json]:
        """What changes of what is kept sealed; null for what is taken away."""
        return _sent(self, ("name", "phone", "email"))


class ResidentBody(NewBody):
    """A resident. All but grid, tier and languages is kept sealed."""

    name: Text = Field(examples=["王秀英"])
    phone: Phone | None = Field(None, examples=["13800000001"])
    address: Text | None = Field(None, examples=["3栋2单元401"])
    grid: Code = Field(examples=["shaba-03"])
    tier: Tier
    flags: Flags = Field(default_factory=list, examples=[["lives-alone"]])
    languages: Languages = Field(default_factory=list)
    guardian: RelativeBody | None = None
    emergency_contact: RelativeBody | None = None
    notes: Notes | None = Field(None, examples=["耳背, 敲门要重"])
    confirmed: bool = CONFIRMED

    def details(self) -> dict[str, Json]:
        """What is kept sealed."""
        always: dict[str, Json] = {"name": self.name, "phone": self.phone, "address": self.address}
        further = _said(self, ("guardian", "emergency_contact", "notes"))
        return {**always, "flags": [*sorted(set(self.flags))], **further}


class ResidentChanges(ChangesBody):
    """What changes of a resident; a list is then all that there is."""

    optional: ClassVar[frozenset[str]] = frozenset(
        {"phone", "address", "languages", "guardian", "emergency_contact", "notes"}
    )

    name: Text | Absent = Field(None, examples=["王秀英"])
    phone: Phone | None = Field(None, examples=["13800000001"])
    address: Text | None = Field(None, examples=["3栋2单元401"])
    grid: Code | Absent = Field(None, examples=["shaba-03"])
    tier: Tier | Absent = None
    flags: Flags | Absent = Field(None, examples=[["lives-alone"]])
    languages: Languages | None = None
    guardian: RelativeBody | None = None
    emergency_contact: RelativeBody | None = None
    notes: Notes | None = Field(None, examples=["耳背, 敲门要重"])

    def details(self) -> dict[str, Json]:
        """What changes of what is kept sealed; null for what is taken away."""
        sent = _sent(self, ("name", "phone", "address", "guardian", "emergency_contact", "notes"))
        return sent if self.flags is None else {**sent, "flags": [*sorted(set(self.flags))]}


class PauseBody(Body):
    """Why a volunteer is not to be placed for a while."""

    reason: Pause


def openings(availability: Availability) -> tuple[Opening, ...]:
    """A weekly availability as events carry it."""
    return tuple(span.opening() for span in availability)


def dates(exceptions: Exceptions) -> tuple[DateException, ...]:
    """Exceptions as events carry them."""
    return tuple(each.exception() for each in exceptions)


def _said(body: BaseModel, names: tuple[str, ...]) -> dict[str, Json]:
    told = body.model_dump(mode="json", include={*names}, exclude_none=True)
    return {name: told[name] for name in names if name in told}


def _sent(body: BaseModel, names: tuple[str, ...]) -> dict[str, Json]:
    sent = {name for name in names if name in body.model_fields_set}
    return {**dict.fromkeys(sent), **_said(body, tuple(sorted(sent)))}
