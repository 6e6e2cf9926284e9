"""The events of people: teams, volunteers, residents. Who they are is in sealed details."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.events.registry.terms import Amendment, Ending, Name, Reason, Team, Tier
from shared.kernel.event import Event, Partners

Pause = Literal["away", "training-expired", "under-review"]
"""Why a volunteer is not to be placed for a while: a code, which says nothing of health or home."""


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
    """A volunteer of a unit is in a team, and active unless `suspended`. The name is a sealed detail."""

    type: ClassVar[str] = "volunteer-registered"

    unit: str
    team: Team
    skills: tuple[str, ...]
    details: str
    suspended: Pause | None = None


class VolunteerAmended(Amendment, Partners):
    """What is said of a volunteer changed; `details` are the whole of what is kept sealed, anew."""

    type: ClassVar[str] = "volunteer-amended"

    team: Team | None = None
    skills: tuple[str, ...] | None = None
    details: str | None = None


class VolunteerSuspended(Amendment, Partners):
    """A volunteer is not to be placed until resumed."""

    type: ClassVar[str] = "volunteer-suspended"

    suspended: Pause


class VolunteerResumed(Amendment, Partners):
    """A volunteer who was suspended can be placed again."""

    type: ClassVar[str] = "volunteer-resumed"


class VolunteerLeft(Ending, Partners):
    """A volunteer takes part no longer."""

    type: ClassVar[str] = "volunteer-left"

    reason: Reason


class ResidentRegistered(Event):
    """A resident is known. Name, telephone, address and flags are sealed details."""

    type: ClassVar[str] = "resident-registered"

    grid: str
    tier: Tier
    details: str


class ResidentAmended(Amendment):
    """What is said of a resident changed; `details` are the whole of what is kept sealed, anew."""

    type: ClassVar[str] = "resident-amended"

    grid: str | None = None
    tier: Tier | None = None
    details: str | None = None


class ResidentMovedAway(Ending):
    """A resident lives here no longer, or never did; the details are kept until they are erased."""

    type: ClassVar[str] = "resident-moved-away"

    reason: Reason


class ResidentErased(Ending):
    """A resident's personal details are to be erased everywhere; what remains says only codes."""

    type: ClassVar[str] = "resident-erased"
