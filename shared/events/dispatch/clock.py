"""What the clock says of a request, and to whom that climbs."""

from __future__ import annotations

from typing import ClassVar

from shared.events.dispatch.terms import Cause, Level, OfRequest
from shared.kernel.times import Time


class SlaWarned(OfRequest):
    """Four fifths of the response time are over and nobody has been there."""

    type: ClassVar[str] = "sla-warned"

    due: Time


class SlaBreached(OfRequest):
    """The response time is over and nobody has been there."""

    type: ClassVar[str] = "sla-breached"

    due: Time


class RequestEscalated(OfRequest):
    """The next level has to see to it; if nothing changes, it climbs on at `next_at`.

    `whistle` and `unit` are of a call for a unit that was not answered.
    """

    type: ClassVar[str] = "request-escalated"

    level: Level
    cause: Cause
    unit: str | None = None
    whistle: str | None = None
    next_at: Time | None = None
