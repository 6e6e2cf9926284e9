"""The events of people: teams, volunteers, residents. Who they are is in sealed details."""

from __future__ import annotations

from typing import ClassVar

from shared.events.registry.terms import Amendment, Ending, Name, Team, Tier
from shared.kernel.event import Event, Partners


class TeamFormed(Event):
    """One of the four service teams exists."""

    type: ClassVar[str] = "team-formed"

    team: Team
    name: Name


class TeamAmended(Amendment):
    """A team has another name."""

    type: ClassVar[str] = "team-amended"

    name: Name | None = None


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


class ResidentErased(Ending):
    """A resident's personal details are to be erased everywhere; what remains says only codes."""

    type: ClassVar[str] = "resident-erased"
