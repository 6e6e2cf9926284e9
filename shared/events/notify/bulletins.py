"""The events of bulletins, from the community office to units, and of reports, from a unit to the office."""

from __future__ import annotations

from typing import ClassVar, Literal

from shared.kernel.event import Event, Partners
from shared.kernel.times import Time

WithdrawnFor = Literal["entered-by-mistake", "replaced", "no-longer-needed", "personal-data"]
"""Why a bulletin holds no more. With `personal-data` its text is deleted as well."""


class BulletinPublished(Partners):
    """The community office tells `units` something, all of them if `to_all`. Title and text are a sealed
    detail. `reply_by` is until when it asks for a report in answer."""

    type: ClassVar[str] = "bulletin-published"

    to_all: bool
    urgent: bool = False
    reply_by: Time | None = None
    details: str


class BulletinRead(Event):
    """A unit has read a bulletin, as its `client` says."""

    type: ClassVar[str] = "bulletin-read"

    unit: str
    client: str


class BulletinWithdrawn(Partners):
    """A bulletin holds no more; `units` are those that it went to."""

    type: ClassVar[str] = "bulletin-withdrawn"

    reason: WithdrawnFor


class ReportSubmitted(Event):
    """A unit reports to the community office, in answer to a `bulletin` or by itself. Title and text are a
    sealed detail."""

    type: ClassVar[str] = "report-submitted"

    unit: str
    client: str
    bulletin: str | None = None
    details: str


class ReportRead(Partners):
    """The community office has read a unit's report: the unit, and nobody else, is told so."""

    type: ClassVar[str] = "report-read"

    unit: str
