"""What lists, the board and its stream can be asked for, and what of a row is shown to whom."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from services.dispatch.api.desk import Desk
from services.dispatch.choosing import Choice, Word
from services.dispatch.domain.refusals import STAFF_CHOICES
from services.dispatch.rows import Alarm, Row
from shared.events.dispatch import Priority
from shared.events.registry import Team
from shared.kernel.canonical import Json
from shared.kernel.decider import require
from shared.kernel.times import format_time
from shared.runtime.access import Principal
from shared.runtime.http.bodies import Code
from shared.runtime.http.problems import not_found
from shared.runtime.ids import Id


class ChoiceQuery(BaseModel):
    """Which requests."""

    model_config = ConfigDict(extra="forbid")

    service: Id | None = None
    grid: Code | None = None
    unit: Id | None = None
    priority: Priority | None = None
    team: Team | None = Field(None, description="one of its active volunteers is asked to go, or goes")
    volunteer: Id | None = Field(None, description="who is asked to go, goes, or went")
    coordinator: Id | None = None
    resident: Id | None = None
    alarm: Alarm | None = Field(None, description="one of `alarms`")
    q: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="words that are all in the service's names, the category, the grid, or end the id",
    )


async def choice_of(
    query: ChoiceQuery,
    principal: Principal,
    desk: Desk,
    statuses: frozenset[str] | None = None,
    due_before: datetime | None = None,
    due_after: datetime | None = None,
) -> Choice:
    """What is asked for, of what the caller may see. Raises Problem 404 for another unit's requests, Refused
    `staff-only`."""
    if principal.unit is not None:
        if query.unit not in (None, principal.unit):
            raise not_found()
        staffs = (query.team, query.coordinator, query.resident)
        require(all(each is None for each in staffs), "staff-only", STAFF_CHOICES)
    if principal.volunteer is not None:
        if query.volunteer not in (None, principal.volunteer):
            raise not_found()
        require(query.alarm is None, "staff-only", STAFF_CHOICES)
    only = {
        "service": query.service,
        "grid": query.grid,
        "priority": query.priority,
        "volunteers": principal.volunteer or query.volunteer,
        "coordinator": query.coordinator,
        "resident": query.resident,
        "alarms": query.alarm,
        "units": query.unit,
    }
    return Choice(
        communities=principal.communities,
        statuses=statuses,
        only={name: value for name, value in only.items() if value is not None},
        unit=principal.unit,
        anyone=None if query.team is None else await _of_team(query.team, principal, desk),
        due_before=None if due_before is None else format_time(due_before),
        due_after=None if due_after is None else format_time(due_after),
        words=[] if query.q is None else await _words(query.q, desk),
    )


STAFF_ALARMS = frozenset({"welfare-check"})
"""What tells of the resident's tier."""


def row_shown(row: Row, principal: Principal) -> dict[str, Json]:
    """The row; a unit sees neither the resident nor other units and their volunteers, a volunteer itself."""
    shown = row.shown()
    if principal.unit is not None:
        for name in ("resident", "responsible", "coordinator"):
            shown.pop(name, None)
        shown["units"] = [principal.unit]
        shown["volunteers"] = [*row.volunteers_of(principal.unit)]
        shown["alarms"] = [alarm for alarm in row.alarms if alarm not in STAFF_ALARMS]
    if principal.volunteer is not None:
        shown.pop("target", None)
        shown |= {"volunteers": [principal.volunteer], "alarms": []}
    return shown


async def _of_team(team: str, principal: Principal, desk: Desk) -> frozenset[str]:
    found: set[str] = set()
    for community in principal.communities:
        active = await desk.matchmaker.roster.candidates(community)
        found.update(candidate.id for candidate in active if candidate.team == team)
    return frozenset(found)


async def _words(q: str, desk: Desk) -> list[Word]:
    names = await desk.directory.names_of(desk.requests.services())
    texts = {service: f"{name.zh} {name.en}".casefold() for service, name in names.items()}
    return [
        Word(word, frozenset(service for service, text in texts.items() if word in text))
        for word in q.casefold().split()
    ]
