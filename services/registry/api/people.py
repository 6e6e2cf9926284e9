"""Volunteers and residents, by codes: who they are is sealed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.registry.api import shapes
from services.registry.api.bodies import ResidentBody, Slug, VolunteerBody
from services.registry.api.lists import Reader, RecordsPage, ResidentReader, Writer, found, one, page_of
from services.registry.api.places import UNKNOWN_GRID
from services.registry.api.records import Registration, community_for, must_exist, register
from services.registry.api.units import UNKNOWN_UNIT
from shared.events.registry import GridDefined, ResidentRegistered, UnitRegistered, VolunteerRegistered
from shared.kernel.canonical import Json
from shared.kernel.event import Event
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import CommandsOf, json_response
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id, new_id

router = APIRouter(prefix="/v1", tags=["people"], route_class=Route)


class VolunteersPage(RecordsPage):
    """Which volunteers."""

    unit: Id | None = None
    team: Slug | None = None
    skill: Slug | None = None


class ResidentsPage(RecordsPage):
    """Which residents."""

    grid: Slug | None = None
    tier: Slug | None = None


@router.post(
    "/volunteers",
    status_code=201,
    summary="Register a volunteer of a unit",
    responses=answers(shapes.Registered, 201),
)
async def register_volunteer(
    body: VolunteerBody, request: Request, principal: Writer, commands: CommandsOf
) -> Response:
    """201 with the volunteer's `id`; 422 `unknown-unit`. The name is kept sealed."""
    volunteer = new_id("volunteer")

    async def facts(transaction: Transaction) -> Event:
        community = community_for(principal, body.community)
        await must_exist(transaction, body.unit, UnitRegistered, "unknown-unit", UNKNOWN_UNIT, community)
        return VolunteerRegistered(
            community=community,
            units=(body.unit,),
            unit=body.unit,
            team=body.team,
            skills=tuple(sorted(set(body.skills))),
            details=transaction.seal(volunteer, {"name": body.name}),
        )

    return await register(commands, request, principal, Registration(volunteer, "/v1/volunteers", facts))


@router.post(
    "/residents", status_code=201, summary="Register a resident", responses=answers(shapes.Registered, 201)
)
async def register_resident(
    body: ResidentBody, request: Request, principal: Writer, commands: CommandsOf
) -> Response:
    """201 with the resident's `id`; 422 `unknown-grid`. All but grid and tier is kept sealed."""
    resident = new_id("resident")

    async def facts(transaction: Transaction) -> Event:
        community, grid = community_for(principal, body.community), f"grid-{body.grid}"
        await must_exist(transaction, grid, GridDefined, "unknown-grid", UNKNOWN_GRID, community)
        details: dict[str, Json] = {
            "name": body.name,
            "phone": body.phone,
            "address": body.address,
            "flags": [*sorted(set(body.flags))],
        }
        return ResidentRegistered(
            community=community,
            grid=body.grid,
            tier=body.tier,
            details=transaction.seal(resident, details),
        )

    return await register(commands, request, principal, Registration(resident, "/v1/residents", facts))


@router.get("/volunteers", summary="Volunteers", responses=answers(listed(shapes.Volunteer)))
async def volunteers(
    request: Request, page: Annotated[VolunteersPage, Query()], principal: Reader
) -> Response:
    """Codes only, no names; for a unit's client its own volunteers."""
    if principal.unit is not None and page.unit not in (None, principal.unit):
        raise not_found()
    only = {"unit": principal.unit or page.unit, "team": page.team, "skills": page.skill}
    return await page_of(request, principal, "volunteer", page, only)


@router.get(
    "/volunteers/{volunteer}", summary="One volunteer", responses=answers(shapes.Volunteer, headers=[ETAG])
)
async def volunteer(volunteer: str, request: Request, principal: Reader) -> Response:
    """404 for a unit's client that asks for another unit's volunteer."""
    said, version = await found(request, principal, "volunteer", volunteer)
    if not principal.sees((str(said["unit"]),)):
        raise not_found()
    return json_response(said, etag=version)


@router.get("/residents", summary="Residents", responses=answers(listed(shapes.Resident)))
async def residents(
    request: Request, page: Annotated[ResidentsPage, Query()], principal: ResidentReader
) -> Response:
    """Codes only: grid and tier."""
    return await page_of(request, principal, "resident", page, {"grid": page.grid, "tier": page.tier})


@router.get(
    "/residents/{resident}", summary="One resident", responses=answers(shapes.Resident, headers=[ETAG])
)
async def resident(resident: str, request: Request, principal: ResidentReader) -> Response:
    """Codes only; 404 after an erasure."""
    return await one(request, principal, "resident", resident)
