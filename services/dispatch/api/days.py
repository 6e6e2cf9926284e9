"""A volunteer's day and a unit's day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.dispatch.api import day_shapes as shapes
from services.dispatch.api.desk import Desk, DeskOf, OwnReader, Reader
from services.dispatch.day import Whose, work_of
from services.dispatch.domain.working_time import LOCAL
from services.dispatch.rows import Row, Work
from shared.kernel.canonical import Json
from shared.runtime.access import Principal
from shared.runtime.http.calls import json_response
from shared.runtime.http.openapi import answers
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1", tags=["days"], route_class=Route)


Date = date


class DayQuery(BaseModel):
    """Which day."""

    model_config = ConfigDict(extra="forbid")

    date: Date | None = Field(None, description="China's; today if left out")


@router.get(
    "/volunteers/{volunteer}/day", summary="What a volunteer does on a day", responses=answers(shapes.Day)
)
async def day_of_volunteer(
    volunteer: str, query: Annotated[DayQuery, Query()], principal: OwnReader, desk: DeskOf
) -> Response:
    """Assignments and visits, by ids and codes. For a unit's client its own volunteers, as far as they go for
    it; for a volunteer's its own day; others are 404."""
    facts = await desk.directory.volunteer_on_record(volunteer, principal.communities)
    if not principal.sees_work(volunteer, facts.unit):
        raise not_found()
    return _answer(desk, principal, Whose(volunteer, principal.unit), query.date)


@router.get("/units/{unit}/day", summary="What a unit does on a day", responses=answers(shapes.Day))
async def day_of_unit(
    unit: str, query: Annotated[DayQuery, Query()], principal: Reader, desk: DeskOf
) -> Response:
    """The assignments and visits of its volunteers, by ids and codes. Another unit's is 404."""
    await desk.directory.unit_on_record(unit, principal.communities)
    if not principal.sees((unit,)):
        raise not_found()
    return _answer(desk, principal, Whose(unit=unit), query.date)


def today(desk: Desk) -> date:
    """China's."""
    return desk.service.clock().astimezone(LOCAL).date()


def _answer(desk: Desk, principal: Principal, whose: Whose, asked: date | None) -> Response:
    day = (asked or today(desk)).isoformat()
    found = work_of(desk.requests.on_days(day, day), whose, principal.communities, day, day)
    return json_response({"date": day, "items": [_shown(row, work) for row, work in found]})


def _shown(row: Row, work: Work) -> dict[str, Json]:
    item, volunteer, unit, start, end, status = work
    return {
        "kind": item.partition("-")[0],
        "id": f"{row.id}.{item}",
        "status": status,
        "slot": {"start": start, "end": end},
        "volunteer": volunteer,
        "unit": unit,
        "request": row.id,
        "request_status": row.status,
        "service": row.service,
        "category": row.category,
        "grid": row.grid,
        "priority": row.priority,
    }
