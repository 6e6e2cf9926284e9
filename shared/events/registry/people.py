"""The events of people: teams, volunteers, residents. Who they are is in sealed details."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from shared.events.registry.places import Opening
from shared.events.registry.terms import Amendment, Ending, Erasing, Name, Reason, Team, Tier
from shared.kernel.event import Event, Partners
from shared.kernel.times import Time

Pause = Literal["away", "training-expired", "under-review"]
"""Why a volunteer is not to be placed for a while: a code, which says nothing of health or home."""


class Span(BaseModel):
    """A part of a day: `HH:MM` by China's time, `24:00` the day's end."""

    model_config = ConfigDict(frozen=True)

    opens: str
    closes: str


class DateException(BaseModel):
    """A date (`YYYY-MM-DD`, in China) that goes before the weekly availability: all of it, or `spans`."""

    model_config = ConfigDict(frozen=True)

    date: str
    available: bool
    spans: tuple[Span, ...] = ()


class Training(BaseModel):
    """What a volunteer was trained in, by the course's code, on a date (`YYYY-MM-DD`).

    It is valid before `expires_at`, or for good.
    """

    model_config = ConfigDict(frozen=True)

    course: str
    completed_on: str
    expires_at: Time | None = None


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
    """A volunteer of a unit is in a team, and active unless `invited` or `suspended`.

    Name, telephone and mail address are sealed details. `load_cap` is how many duties a week are wanted at
    most; `availability` says when in each week the volunteer is free, `exceptions` on which dates otherwise.
    """

    type: ClassVar[str] = "volunteer-registered"

    unit: str
    team: Team
    skills: tuple[str, ...]
    details: str
    suspended: Pause | None = None
    invited: bool | None = None
    languages: tuple[str, ...] = ()
    load_cap: int | None = None
    availability: tuple[Opening, ...] = ()
    exceptions: tuple[DateException, ...] = ()
    trainings: tuple[Training, ...] = ()


class VolunteerAmended(Amendment, Partners):
    """What is said of a volunteer changed; `details` are the whole of what is kept sealed, anew."""

    type: ClassVar[str] = "volunteer-amended"

    team: Team | None = None
    skills: tuple[str, ...] | None = None
    details: str | None = None
    languages: tuple[str, ...] | None = None
    load_cap: int | None = None
    availability: tuple[Opening, ...] | None = None
    exceptions: tuple[DateException, ...] | None = None


class VolunteerActivated(Amendment, Partners):
    """A volunteer who was invited takes part from now on."""

    type: ClassVar[str] = "volunteer-activated"


class TrainingRecorded(Amendment, Partners):
    """A volunteer was trained in `course`, for the first time or anew; `trainings` are all there are then."""

    type: ClassVar[str] = "training-recorded"

    course: str
    trainings: tuple[Training, ...]


class TrainingRevoked(Amendment, Partners):
    """A volunteer's training in `course` counts no longer; `trainings` are those that are left."""

    type: ClassVar[str] = "training-revoked"

    course: str
    trainings: tuple[Training, ...]


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


class VolunteerErased(Erasing, Partners):
    """A volunteer's personal details are to be erased everywhere; what remains says only codes."""

    type: ClassVar[str] = "volunteer-erased"


class ResidentRegistered(Event):
    """A resident is known. Name, telephone, address, flags, relatives and notes are sealed details."""

    type: ClassVar[str] = "resident-registered"

    grid: str
    tier: Tier
    details: str
    languages: tuple[str, ...] = ()


class ResidentAmended(Amendment):
    """What is said of a resident changed; `details` are the whole of what is kept sealed, anew."""

    type: ClassVar[str] = "resident-amended"

    grid: str | None = None
    tier: Tier | None = None
    details: str | None = None
    languages: tuple[str, ...] | None = None


class ResidentMovedAway(Ending):
    """A resident lives here no longer, or never did; the details are kept until they are erased."""

    type: ClassVar[str] = "resident-moved-away"

    reason: Reason


class ResidentErased(Erasing):
    """A resident's personal details are to be erased everywhere; what remains says only codes."""

    type: ClassVar[str] = "resident-erased"
