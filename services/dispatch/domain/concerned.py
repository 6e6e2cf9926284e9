"""The units that a request concerns besides those of its service: of whom was asked, goes or was there."""

from __future__ import annotations

from collections.abc import Mapping

from services.dispatch.domain.steps import Step
from shared.events.dispatch import (
    AssignmentDeclined,
    AssignmentExpired,
    AssignmentOffered,
    ReferralDeclined,
    ReferralExpired,
    RequestReferred,
    VisitCancelled,
    VisitCheckedIn,
    VisitMissed,
    VisitNoAnswer,
    VolunteerAssigned,
    VolunteerReassigned,
    VolunteerReleased,
    WhistleBlown,
)

Parts = tuple[tuple[str, str], ...]
"""What units have to do with a request: the id of an assignment, a visit, a referral or a call, and the unit.

Who is to visit is assigned, so that a visit counts of itself only from when it should have been.
"""

_BEGINS: Mapping[str, str] = {
    AssignmentOffered.type: "assignment",
    VolunteerAssigned.type: "assignment",
    VolunteerReassigned.type: "assignment",
    VisitCheckedIn.type: "visit",
    VisitNoAnswer.type: "visit",
    VisitMissed.type: "visit",
    RequestReferred.type: "referral",
    WhistleBlown.type: "whistle",
}
_ENDS: Mapping[str, str] = {
    AssignmentDeclined.type: "assignment",
    AssignmentExpired.type: "assignment",
    VolunteerReleased.type: "assignment",
    VisitCancelled.type: "visit",
    ReferralDeclined.type: "referral",
    ReferralExpired.type: "referral",
}


def parts_after(parts: Parts, step: Step) -> Parts:
    """The parts after `step`; the same ones if it changes nothing of them."""
    if (name := _ENDS.get(step.type)) is not None:
        return tuple(part for part in parts if part[0] != step.said[name])
    if (name := _BEGINS.get(step.type)) is None:
        return parts
    id, unit = step.said[name], step.said["unit"]
    found = {**dict(parts), id: unit}
    if "from_unit" in step.said:
        # Who referred it goes on hearing of it, whatever becomes of that.
        found[f"{id}.from"] = step.said["from_unit"]
    return tuple(found.items())
