"""The events of registry: who and what there is, and who may come in."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from shared.kernel.event import Event, Partners

Role = Literal["admin", "dispatcher", "volunteer", "unit", "auditor", "service"]
Team = Literal["party-members", "veterans", "ethnic-minorities", "residents"]
Tier = Literal["high", "key", "general"]
Category = Literal["party-building", "volunteering", "community-service"]
WorkingHours = Literal["always", "extended", "office"]
"""`always`; `extended`: every day 08:00-20:00; `office`: Monday to Friday 08:30-17:30; China's time."""


class Name(BaseModel):
    """A name in both languages."""

    model_config = ConfigDict(frozen=True)

    zh: str
    en: str


class SigningKeyPublished(Event):
    """Tokens signed with this Ed25519 key are good from now on. `x` is the public key, base64url."""

    type: ClassVar[str] = "signing-key-published"

    kid: str
    x: str


class ClientRegistered(Event):
    """A system or a person may ask for tokens. Its name and its secret's hash are sealed details."""

    type: ClassVar[str] = "client-registered"

    role: Role
    unit: str | None = None
    communities: tuple[str, ...]
    details: str


class ClientRevoked(Event):
    """A client's tokens are refused everywhere from now on."""

    type: ClassVar[str] = "client-revoked"


class CommunityFounded(Event):
    """A community exists."""

    type: ClassVar[str] = "community-founded"

    name: Name


class GridDefined(Event):
    """The smallest area of a community, by its code."""

    type: ClassVar[str] = "grid-defined"

    grid: str
    name: Name


class TeamFormed(Event):
    """One of the four service teams exists."""

    type: ClassVar[str] = "team-formed"

    team: Team
    name: Name


class UnitRegistered(Event):
    """A partner unit takes part."""

    type: ClassVar[str] = "unit-registered"

    name: str
    kind: str


class SeatFilled(Event):
    """A unit holds a seat of the community's committee."""

    type: ClassVar[str] = "seat-filled"

    seat: Literal["deputy-secretary", "member"]
    unit: str


class ServicePublished(Partners):
    """A service is in the catalogue, with its lead unit and those that support it."""

    type: ClassVar[str] = "service-published"

    name: Name
    category: Category
    lead_unit: str
    supporting_units: tuple[str, ...]
    response_minutes: int
    working_hours: WorkingHours
    skills: tuple[str, ...]
    enters_home: bool


class VolunteerRegistered(Partners):
    """A volunteer of a unit is in a team. The name is a sealed detail."""

    type: ClassVar[str] = "volunteer-registered"

    unit: str
    team: Team
    skills: tuple[str, ...]
    details: str


class ResidentRegistered(Event):
    """A resident is known. Name, telephone, address and flags are sealed details."""

    type: ClassVar[str] = "resident-registered"

    grid: str
    tier: Tier
    details: str


class ResidentErased(Event):
    """A resident's personal details are to be erased everywhere; what remains says only codes."""

    type: ClassVar[str] = "resident-erased"
