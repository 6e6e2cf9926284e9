"""What notify does about registry's events, besides passing them on and knowing who may come in."""

from __future__ import annotations

from services.notify.units import Units
from shared.events.registry import (
    UnitRegistered,
    VolunteerActivated,
    VolunteerAmended,
    VolunteerErased,
    VolunteerLeft,
    VolunteerRegistered,
    VolunteerResumed,
)
from shared.runtime.service import Reaction


def reactions(units: Units) -> dict[str, Reaction]:
    """Event type → what is done about it."""
    speaks = (VolunteerRegistered, VolunteerActivated, VolunteerAmended, VolunteerResumed)
    return {
        UnitRegistered.type: units.learn,
        **{model.type: units.learn_volunteer for model in speaks},
        **{model.type: units.forget_volunteer for model in (VolunteerLeft, VolunteerErased)},
    }
