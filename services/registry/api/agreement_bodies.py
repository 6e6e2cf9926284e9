"""What the routes of agreements and seats accept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.registry.api.bodies import ChangesBody, NewBody, Phone, Text
from shared.kernel.canonical import Json
from shared.kernel.times import Time
from shared.runtime.http.bodies import Body
from shared.runtime.http.shapes import Absent
from shared.runtime.ids import Id

Services = Annotated[list[Id], Field(max_length=200)]
STARTS, ENDS = "2026-12-01T00:00:00+08:00", "2027-12-01T00:00:00+08:00"


class AgreementBody(NewBody):
    """An agreement that is being drawn up."""

    unit: Id = Field(examples=["unit-health-centre"])
    services: Services = Field(
        description="of the catalogue, that it covers", examples=[["service-home-health-help"]]
    )
    details_of: Services = Field(
        default_factory=list,
        description="those of `services` of whose requests the unit may see the personal details",
        examples=[["service-home-health-help"]],
    )
    starts_at: Time = Field(examples=[STARTS])
    ends_at: Time = Field(description="from then on it does not hold", examples=[ENDS])


class AgreementChanges(ChangesBody):
    """What changes of a draft."""

    services: Services | Absent = None
    details_of: Services | Absent = None
    starts_at: Time | Absent = Field(None, examples=[STARTS])
    ends_at: Time | Absent = Field(None, examples=[ENDS])


class Signatory(Body):
    """Who signed, for which side. Kept sealed."""

    name: Text = Field(examples=["赵敏"])
    side: Literal["community", "unit"]
    role: Text | None = Field(None, examples=["主任"])

    def details(self) -> dict[str, Json]:
        """As it is sealed."""
        return self.model_dump(exclude_none=True)


class SignBody(Body):
    """Both sides have signed."""

    signed_at: Time | None = Field(None, description="now, if it is left out", examples=[STARTS])
    signatories: list[Signatory] = Field(default_factory=list, max_length=10)


class RenewBody(Body):
    """An agreement holds for longer."""

    ends_at: Time = Field(examples=["2028-12-01T00:00:00+08:00"])


class HolderBody(Body):
    """The person of a unit who holds a seat. Kept sealed."""

    name: Text = Field(examples=["陈建国"])
    phone: Phone | None = Field(None, examples=["13800000002"])


class SeatBody(NewBody):
    """A seat of the committee is filled; without a number, the first that is free."""

    seat: Literal["deputy-secretary", "member"]
    number: int | Absent = Field(None, ge=1, le=50)
    unit: Id = Field(examples=["unit-health-centre"])
    holder: HolderBody
    starts_at: Time = Field(examples=[STARTS])
    ends_at: Time | None = Field(None, examples=["2029-12-01T00:00:00+08:00"])
