"""The catalogue of services."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.registry.api import shapes
from services.registry.api.bodies import ServiceBody, Slug
from services.registry.api.lists import Admin, NamedPage, Reader, one, page_of
from services.registry.api.records import Registration, community_for, must_exist, register
from services.registry.api.units import UNKNOWN_UNIT
from shared.events.registry import ServicePublished, UnitRegistered
from shared.kernel.event import Event
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import CommandsOf
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id, new_id

router = APIRouter(prefix="/v1/services", tags=["catalogue"], route_class=Route)


class ServicesPage(NamedPage):
    """Which services."""

    category: Slug | None = None
    lead_unit: Id | None = None
    supporting_unit: Id | None = None
    skill: Slug | None = None


@router.post(
    "",
    status_code=201,
    summary="Publish a service in the catalogue",
    responses=answers(shapes.Registered, 201),
)
async def publish_service(
    body: ServiceBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """201 with the service's `id`; 422 `unknown-unit`."""

    async def facts(transaction: Transaction) -> Event:
        community = community_for(principal, body.community)
        units = tuple(dict.fromkeys((body.lead_unit, *body.supporting_units)))
        for unit in units:
            await must_exist(transaction, unit, UnitRegistered, "unknown-unit", UNKNOWN_UNIT, community)
        return ServicePublished(
            community=community,
            units=units,
            name=body.name.name(),
            category=body.category,
            lead_unit=body.lead_unit,
            supporting_units=units[1:],
            response_minutes=body.response_minutes,
            working_hours=body.working_hours,
            skills=tuple(sorted(set(body.skills))),
            enters_home=body.enters_home,
        )

    return await register(
        commands, request, principal, Registration(new_id("service"), "/v1/services", facts)
    )


@router.get("", summary="The catalogue", responses=answers(listed(shapes.Service)))
async def services(request: Request, page: Annotated[ServicesPage, Query()], principal: Reader) -> Response:
    """Services by id, with names, lead and supporting units, response time and skills."""
    only = {
        "category": page.category,
        "lead_unit": page.lead_unit,
        "supporting_units": page.supporting_unit,
        "skills": page.skill,
    }
    return await page_of(request, principal, "service", page, only)


@router.get("/{service}", summary="One service", responses=answers(shapes.Service, headers=[ETAG]))
async def service(service: str, request: Request, principal: Reader) -> Response:
    """404 if it is not in the catalogue."""
    return await one(request, principal, "service", service)
