"""Volunteers and residents, by codes: who they are is sealed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from services.registry.api import shapes
from services.registry.api.bodies import ResidentBody, VolunteerBody
from services.registry.api.listed import listing, people_page
from services.registry.api.lists import Reader, RecordsPage, ResidentReader, Writer, found, one
from services.registry.api.places import UNKNOWN_GRID
from services.registry.api.records import Registration, community_for, must_exist, register
from services.registry.api.units import UNKNOWN_UNIT
from shared.events.registry import GridDefined, ResidentRegistered, UnitRegistered, VolunteerRegistered
from shared.kernel.canonical import Json
from shared.kernel.event import Event
from shared.kernel.terms import name_query, telephone_query
from shared.runtime.execute import Transaction
from shared.runtime.http.bodies import Code
from shared.runtime.http.calls import CommandsOf, json_response
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id, new_id

router = APIRouter(prefix="/v1", tags=["people"], route_class=Route)


class PeoplePage(RecordsPage):
    """Which of a list of people, whose names are kept sealed."""

    q: str | None = Field(
        None,
        min_length=1,
        max_length=60,
        description="how the name or the given name begins: in characters, in pinyin whole or by initials, "
        "in Latin letters",
        examples=["王秀", "wangx", "wxy"],
    )


class VolunteersPage(PeoplePage):
    """Which volunteers."""

    unit: Id | None = None
    team: Code | None = None
    skill: Code | None = None


class ResidentsPage(PeoplePage):
    """Which residents."""

    grid: Code | None = None
    tier: Code | None = None
    phone: str | None = Field(
        None,
        min_length=1,
        max_length=30,
        description="a whole telephone number, or its last four digits",
        examples=["13800000001", "0001"],
    )


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
        details: dict[str, Json] = {"name": body.name}
        found_by = listing("volunteer", community, body.unit, details)
        return VolunteerRegistered(
            community=community,
            units=(body.unit,),
            unit=body.unit,
            team=body.team,
            skills=tuple(sorted(set(body.skills))),
            details=transaction.seal(volunteer, details, listing=found_by),
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
        found_by = listing("resident", community, body.grid, details)
        return ResidentRegistered(
            community=community,
            grid=body.grid,
            tier=body.tier,
            details=transaction.seal(resident, details, listing=found_by),
        )

    return await register(commands, request, principal, Registration(resident, "/v1/residents", facts))


@router.get("/volunteers", summary="Volunteers", responses=answers(listed(shapes.ListedVolunteer)))
async def volunteers(
    request: Request, page: Annotated[VolunteersPage, Query()], principal: Reader
) -> Response:
    """By codes, with the name masked; for a unit's client its own volunteers. `q` looks for a name: then in
    no particular order."""
    if principal.unit is not None and page.unit not in (None, principal.unit):
        raise not_found()
    only = {"unit": principal.unit or page.unit, "team": page.team, "skills": page.skill}
    wanted = [name_query(page.q)] if page.q is not None else []
    return await people_page(request, principal, "volunteer", page, wanted, only)


@router.get(
    "/volunteers/{volunteer}", summary="One volunteer", responses=answers(shapes.Volunteer, headers=[ETAG])
)
async def volunteer(volunteer: str, request: Request, principal: Reader) -> Response:
    """404 for a unit's client that asks for another unit's volunteer."""
    said, version = await found(request, principal, "volunteer", volunteer)
    if not principal.sees((str(said["unit"]),)):
        raise not_found()
    return json_response(said, etag=version)


@router.get("/residents", summary="Residents", responses=answers(listed(shapes.ListedResident)))
async def residents(
    request: Request, page: Annotated[ResidentsPage, Query()], principal: ResidentReader
) -> Response:
    """By grid and tier, with name and telephone masked. `q` and `phone` look for a name and a number: then in
    no particular order."""
    named = [name_query(page.q)] if page.q is not None else []
    called = [telephone_query(page.phone)] if page.phone is not None else []
    only = {"grid": page.grid, "tier": page.tier}
    return await people_page(request, principal, "resident", page, [*named, *called], only)


@router.get(
    "/residents/{resident}", summary="One resident", responses=answers(shapes.Resident, headers=[ETAG])
)
async def resident(resident: str, request: Request, principal: ResidentReader) -> Response:
    """Codes only; 404 after an erasure."""
    return await one(request, principal, "resident", resident)
