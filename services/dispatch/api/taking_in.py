"""What is known of a request when it is taken in, by whichever door it comes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.dispatch.api.desk import Desk
from services.dispatch.domain.intake import response_span
from shared.events.dispatch import Channel, RequestCreated
from shared.runtime.access import Principal


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: by the id of the service, the code of the grid, and who for."""

    service: str
    grid: str
    channel: Channel
    resident: str | None = None


async def facts_of(asked: Asked, now: datetime, principal: Principal, desk: Desk) -> RequestCreated:
    """The facts of the request, with the terms of the service as they are known now, and the clock.

    Raises Refused: `unknown-service`, `service-withdrawn`, `unknown-grid`, `grid-retired`,
    `unknown-resident`.
    """
    service = await desk.directory.service(asked.service, principal.communities)
    await desk.directory.require_grid(asked.grid, service.community)
    resident = None
    if asked.resident is not None:
        resident = await desk.directory.resident(asked.resident, service.community)
    units = await desk.directory.units_of(service)
    asking = () if principal.unit is None or principal.unit in units else (principal.unit,)
    calendar = desk.working_days.calendar_of(service.community)
    span = response_span(now, service.response_minutes, service.working_hours, calendar)
    return RequestCreated(
        community=service.community,
        units=(*units, *asking),
        service=asked.service,
        category=service.category,
        grid=asked.grid,
        resident=asked.resident,
        tier=resident.tier if resident is not None else None,
        channel=asked.channel,
        response_minutes=service.response_minutes,
        working_hours=service.working_hours,
        skills=service.skills,
        basis=desk.basis(),
        due=span.due,
        warn_at=span.warn_at,
        training=service.training,
        matching=service.matching,
        lead_unit=service.lead_unit,
    )
