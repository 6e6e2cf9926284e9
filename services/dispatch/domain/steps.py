"""What figures need of an event. Moments are whole milliseconds since 1970."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from shared.events.dispatch import (
    AssignmentDeclined,
    AssignmentExpired,
    AssignmentOffered,
    DuplicateJoined,
    ReferralAccepted,
    ReferralDeclined,
    ReferralExpired,
    RequestAmended,
    RequestCreated,
    RequestHeld,
    RequestRated,
    RequestReferred,
    RequestReopened,
    RequestResolved,
    RequestResumed,
    RequestTriaged,
    VisitAmended,
    VisitCancelled,
    VisitCheckedIn,
    VisitCompleted,
    VisitMissed,
    VisitNoAnswer,
    VolunteerAssigned,
    VolunteerReassigned,
    VolunteerReleased,
    WhistleBlown,
)
from shared.kernel.canonical import Json

_CREATED = ("community", "service", "category", "grid", "units", "resident", "tier", "lead_unit", "due")
_KEPT: Mapping[str, tuple[str, ...]] = {
    RequestCreated.type: _CREATED,
    RequestTriaged.type: ("due",),
    RequestAmended.type: ("resident", "tier", "grid"),
    RequestHeld.type: ("held_at",),
    RequestResumed.type: ("due",),
    RequestResolved.type: ("outcome", "resolved_at"),
    RequestRated.type: ("solved", "satisfaction"),
    RequestReopened.type: ("due",),
    DuplicateJoined.type: ("units",),
    AssignmentOffered.type: ("assignment", "unit"),
    AssignmentDeclined.type: ("assignment",),
    AssignmentExpired.type: ("assignment",),
    VolunteerAssigned.type: ("assignment", "unit"),
    VolunteerReassigned.type: ("assignment", "unit"),
    VolunteerReleased.type: ("assignment",),
    VisitCheckedIn.type: ("visit", "volunteer", "unit", "checked_in_at"),
    VisitNoAnswer.type: ("visit", "volunteer", "unit", "at"),
    VisitMissed.type: ("visit", "unit"),
    VisitCancelled.type: ("visit",),
    VisitCompleted.type: ("visit", "contact_made"),
    VisitAmended.type: ("visit", "contact_made"),
    RequestReferred.type: ("referral", "unit", "from_unit"),
    ReferralAccepted.type: ("unit",),
    ReferralDeclined.type: ("referral",),
    ReferralExpired.type: ("referral",),
    WhistleBlown.type: ("whistle", "unit"),
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
    return Step(version, type, moment(time), moment(recorded), said)
