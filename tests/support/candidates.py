"""Volunteers as matching sees them, on a morning in November."""

from __future__ import annotations

from datetime import datetime

from services.dispatch.domain.eligibility import Candidate
from shared.events.dispatch import Slot
from shared.kernel.times import parse_time


def at(text: str) -> datetime:
    """`25T01:30` of November 2026, UTC."""
    return parse_time(f"2026-11-{text}:00Z")


def slot(start: str, end: str) -> Slot:
    """From `25T01:00` to `25T02:00` of November 2026, UTC."""
    return Slot(start=at(start), end=at(end))


MEI = Candidate("volunteer-mei", "shaba", "unit-health-centre", "residents")
NINE_TO_TEN = slot("25T01:00", "25T02:00")
"""In China; a Wednesday."""
TEN_TO_ELEVEN = slot("25T02:00", "25T03:00")
