"""What the routes of volunteers and residents accept besides their registration."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from services.registry.api.bodies import ChangesBody, Flag, Phone, Text
from shared.events.registry import Pause, Team, Tier
from shared.kernel.canonical import Json
from shared.runtime.http.bodies import Body, Code
from shared.runtime.http.shapes import Absent


class VolunteerChanges(ChangesBody):
    """What changes of a volunteer; `skills` are then all that there are."""

    name: Text | Absent = Field(None, examples=["李梅"])
    team: Team | Absent = None
    skills: Annotated[list[Code], Field(max_length=40)] | Absent = Field(None, examples=[["first-aid"]])

    def details(self) -> dict[str, Json]:
        """What changes of what is kept sealed."""
        return {} if self.name is None else {"name": self.name}


class ResidentChanges(ChangesBody):
    """What changes of a resident; `flags` are then all that there are."""

    optional: ClassVar[frozenset[str]] = frozenset({"phone", "address"})

    name: Text | Absent = Field(None, examples=["王秀英"])
    phone: Phone | None = Field(None, examples=["13800000001"])
    address: Text | None = Field(None, examples=["3栋2单元401"])
    grid: Code | Absent = Field(None, examples=["shaba-03"])
    tier: Tier | Absent = None
    flags: Annotated[list[Flag], Field(max_length=5)] | Absent = Field(None, examples=[["lives-alone"]])

    def details(self) -> dict[str, Json]:
        """What changes of what is kept sealed; null for what is taken away."""
        sent: dict[str, Json] = {"name": self.name, "phone": self.phone, "address": self.address}
        if self.flags is not None:
            sent["flags"] = [*sorted(set(self.flags))]
        return {name: value for name, value in sent.items() if name in self.model_fields_set}


class PauseBody(Body):
    """Why a volunteer is not to be placed for a while."""

    reason: Pause
