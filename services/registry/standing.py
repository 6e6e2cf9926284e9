"""Where a volunteer stands, and which trainings count: from the facts on record, at the time of reading.

Pure. Facts are as the read model keeps them; times are texts, whose order is that of time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from shared.kernel.canonical import Json

State = Literal["invited", "active", "suspended", "left"]
"""Of a volunteer, in the order of a volunteer's life; who was entered twice has left as one of the two."""

FOR_GOOD = "9999"
"""Later than any time: until then counts what does not expire."""


def state_of(facts: Mapping[str, Json], ended: bool) -> State:
    """An invited volunteer who is suspended besides is invited still."""
    if ended:
        return "left"
    if facts.get("invited"):
        return "invited"
    return "suspended" if facts.get("suspended") else "active"


def trained(facts: Mapping[str, Json]) -> dict[str, Json]:
    """Until when each training counts, by the course's code."""
    return {str(each["course"]): each.get("expires_at", FOR_GOOD) for each in _trainings(facts)}


def judged(said: Mapping[str, Json], now: str) -> dict[str, Json]:
    """A volunteer as it is shown, with each training `valid` at `now` or not."""
    found: list[Json] = [
        {**each, "valid": str(each.get("expires_at", FOR_GOOD)) > now} for each in _trainings(said)
    ]
    return {**said, "trainings": found} if "trainings" in said else {**said}


def _trainings(facts: Mapping[str, Json]) -> list[dict[str, Json]]:
    listed = facts.get("trainings")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
