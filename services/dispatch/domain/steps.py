"""What figures need of an event. Moments are whole milliseconds since 1970."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from shared.events.dispatch import (
    ReferralAccepted,
    RequestAmended,
    RequestCreated,
    RequestHeld,
    RequestRated,
    RequestReopened,
    RequestResolved,
    RequestResumed,
    RequestTriaged,
    VisitAmended,
    VisitCheckedIn,
    VisitCompleted,
    VisitNoAnswer,
)
from shared.kernel.canonical import Json

_CREATED = ("community", "service", "category", "grid", "resident", "tier", "lead_unit", "due")
_KEPT: Mapping[str, tuple[str, ...]] = {
    RequestCreated.type: _CREATED,
    RequestTriaged.type: ("due",),
    RequestAmended.type: ("resident", "tier", "grid"),
    RequestHeld.type: ("held_at",),
    RequestResumed.type: ("due",),
    RequestResolved.type: ("outcome", "resolved_at"),
    RequestRated.type: ("solved", "satisfaction"),
    RequestReopened.type: ("due",),
    VisitCheckedIn.type: ("volunteer", "unit", "checked_in_at"),
    VisitNoAnswer.type: ("volunteer", "unit", "at"),
    VisitCompleted.type: ("visit", "contact_made"),
    VisitAmended.type: ("visit", "contact_made"),
    ReferralAccepted.type: ("unit",),
}
_TIMES = ("due", "held_at", "resolved_at", "checked_in_at", "at")


class Step(NamedTuple):
    """What one event says that figures need; `at` is when it occurred, `recorded` when the log took it."""

    version: int
    type: str
    at: int
    recorded: int
    said: Mapping[str, Any]


def moment(text: str) -> int:
    """The written time `text` in milliseconds since 1970."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def step_of(version: int, type: str, time: str, recorded: str, data: Mapping[str, Json]) -> Step:
    """What is kept of an event."""
    said: dict[str, Any] = {name: data[name] for name in _KEPT.get(type, ()) if data.get(name) is not None}
    for name in _TIMES:
        if name in said:
            said[name] = moment(said[name])
    if "units" in data:
        said["units"] = data["units"]
    return Step(version, type, moment(time), moment(recorded), said)
