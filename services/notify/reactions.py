"""What notify does about registry's events, besides passing them on and knowing who may come in."""

from __future__ import annotations

from services.notify.units import Units
from shared.events.registry import UnitRegistered
from shared.runtime.service import Reaction


def reactions(units: Units) -> dict[str, Reaction]:
    """Event type → what is done about it."""
    return {UnitRegistered.type: units.learn}
