"""What of a request is a volunteer's own: its offers, its assignments, its visits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.events.dispatch import RequestAmended, RequestCreated, RequestReopened
from shared.folds.request_state import Request
from shared.kernel.canonical import Json

READ_FOR = timedelta(days=1)
"""How long after its slot a volunteer can still read what was said of the request."""

_SAID_OF_IT = frozenset({RequestCreated.type, RequestAmended.type, RequestReopened.type})
"""The events whose details tell what is to be done, and where."""


def takes_part(request: Request, volunteer: str) -> bool:
    """Whether `volunteer` is asked to go, goes, or was there."""
    asked = any(
        each.volunteer == volunteer and each.status in ("offered", "accepted", "completed")
        for each in request.assignments
    )
    return asked or any(
        visit.volunteer == volunteer and visit.status != "cancelled" for visit in request.visits
    )


def may_read_details(request: Request, volunteer: str, now: datetime) -> bool:
    """Whether `volunteer` is to go there, or was to until a day ago: by its assignments that hold, and the
    visits that it planned by them."""
    went = (each for each in request.assignments if each.status in ("accepted", "completed"))
    own = [each.slot.end for each in went if each.volunteer == volunteer]
    planned = [visit.slot.end for visit in request.open_visits() if visit.volunteer == volunteer]
    return bool(own) and now < max(*own, *planned, own[0]) + READ_FOR


def is_for_volunteer(type: str, data: Mapping[str, Json], volunteer: str) -> bool:
    """Whether `volunteer` may read the details of an event of its request: of what is asked for, and of its
    own visits."""
    return type in _SAID_OF_IT or data.get("volunteer") == volunteer


def on_behalf_of(said: str | None, visits: str, caller: str | None) -> str | None:
    """Whom somebody else speaks for at a visit of the volunteer `visits`; None if it speaks for itself.

    `said` is the volunteer that was named, `caller` the volunteer who calls, if it is one.
    """
    who = visits if said is None else said
    return None if who == caller else who
