"""Words that registry's events share, and what amendments and endings have in common."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.kernel.event import Event

Role = Literal["admin", "dispatcher", "volunteer", "unit", "auditor", "service"]
Team = Literal["party-members", "veterans", "ethnic-minorities", "residents"]
Tier = Literal["high", "key", "general"]
Category = Literal["party-building", "volunteering", "community-service"]
WorkingHours = Literal["always", "extended", "office"]
"""`always`; `extended`: every day 08:00-20:00, on holidays too; `office`: 08:30-17:30 on working days, which
are Monday to Friday but for holidays and what is worked in return; China's time."""
Matching = Literal["off", "suggest", "auto"]
"""Whether dispatch proposes volunteers for a service, and offers the work to the best by itself."""
Reason = Literal["entered-by-mistake", "replaced", "no-longer-needed", "left", "closed"]
"""Why something ended: a code, since a free text could name somebody."""


class Name(BaseModel):
    """A name in both languages."""

    model_config = ConfigDict(frozen=True)

    zh: str
    en: str


class Amendment(Event):
    """Facts of a thing changed. Only what changed is said: a field that is missing is as it was.

    `cleared` names optional facts that were taken away. A fact that has the same name here as in the event
    that registered the thing is that fact.
    """

    cleared: tuple[str, ...] = ()


class Ending(Event):
    """A thing is no more from now on; what was recorded of it stays."""


class Erasing(Ending):
    """Who a person was is forgotten everywhere; what remains says only codes."""
