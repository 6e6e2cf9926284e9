"""What notify does about registry's events, besides passing them on."""

from __future__ import annotations

from services.notify.units import Units
from shared.events.registry import UnitRegistered
from shared.runtime.access import KeyTable
from shared.runtime.service import Reaction


def reactions(keys: KeyTable, units: Units) -> dict[str, Reaction]:
    """Event type → what is done about it."""
    return {**keys.reactions(), UnitRegistered.type: units.learn}
