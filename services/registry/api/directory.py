"""Units, volunteers, residents, grids and the catalogue: put on record and read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, Security

from services.registry.api import shapes
from services.registry.api.bodies import (
    GridBody,
    ResidentBody,
    ServiceBody,
    Slug,
    UnitBody,
    VolunteerBody,
)
from services.registry.api.records import Registration, community_of, must_exist, register
from services.registry.views import Records
from shared.events.registry import (
    GridDefined,
    ResidentRegistered,
    ServicePublished,
    UnitRegistered,
    VolunteerRegistered,
)
from shared.kernel.canonical import Json
from shared.kernel.event import Event
from shared.runtime.access import Principal, bearer
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import CommandsOf, json_response
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.paging import Page, page_response
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id, new_id
from shared.runtime.service import Service
from shared.runtime.windows import cursor

router = APIRouter(prefix="/v1", tags=["directory"], route_class=Route)
Reader = Annotated[Principal, Security(bearer, scopes=["registry:read"])]
Writer = Annotated[Principal, Security(bearer, scopes=["registry:write"])]
Admin = Annotated[Principal, Security(bearer, scopes=["registry:admin"])]
ResidentReader = Annotated[Principal, Security(bearer, scopes=["residents:read"])]

UNKNOWN_UNIT = "no unit has this id; GET /v1/units lists those there are"
UNKNOWN_GRID = "no grid has this code; GET /v1/grids lists those there are"


async def _records(request: Request) -> Records:
    records: Records = request.app.state.records
    return records


RecordsOf = Annotated[Records, Depends(_records)]


class VolunteersPage(Page):
    """Which volunteers."""

    unit: Id | None = None
    team: Slug | None = None


class ResidentsPage(Page):
    """Which residents."""

    grid: Slug | None = None
    tier: Slug | None = None


class ServicesPage(Page):
    """Which services."""

    category: Slug | None = None
    lead_unit: Id | None = None


@router.post(
    "/units", status_code=201, summary="Take on a partner unit", responses=answers(shapes.Registered, 201)
)
async def register_unit(body: UnitBody, request: Request, principal: Admin, commands: CommandsOf) -> Response:
    """201 with the unit's `id`."""

    async def facts(_: Transaction) -> Event:
        return UnitRegistered(community=community_of(principal), name=body.name, kind=body.kind)

    return await register(commands, request, principal, Registration(new_id("unit"), "/v1/units", facts))


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
        await must_exist(transaction, body.unit, UnitRegistered, "unknown-unit", UNKNOWN_UNIT)
        return VolunteerRegistered(
            community=community_of(principal),
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
        await must_exist(transaction, f"grid-{body.grid}", GridDefined, "unknown-grid", UNKNOWN_GRID)
        details: dict[str, Json] = {
            "name": body.name,
            "phone": body.phone,
            "address": body.address,
            "flags": [*sorted(set(body.flags))],
        }
        return ResidentRegistered(
            community=community_of(principal),
            grid=body.grid,
            tier=body.tier,
            details=transaction.seal(resident, details),
        )

    return await register(commands, request, principal, Registration(resident, "/v1/residents", facts))


@router.post(
    "/grids", status_code=201, summary="Define a grid", responses=answers(shapes.Registered, 201, 200)
)
async def define_grid(body: GridBody, request: Request, principal: Admin, commands: CommandsOf) -> Response:
    """201 with the grid's `id`; 409 `already-registered` if the code stands for another grid."""

    async def facts(_: Transaction) -> Event:
        return GridDefined(community=community_of(principal), grid=body.grid, name=body.name.name())

    registration = Registration(f"grid-{body.grid}", "/v1/grids", facts, fresh=False)
    return await register(commands, request, principal, registration)


@router.post(
    "/services",
    status_code=201,
    summary="Publish a service in the catalogue",
    responses=answers(shapes.Registered, 201),
)
async def publish_service(
    body: ServiceBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """201 with the service's `id`; 422 `unknown-unit`."""

    async def facts(transaction: Transaction) -> Event:
        units = tuple(dict.fromkeys((body.lead_unit, *body.supporting_units)))
        for unit in units:
            await must_exist(transaction, unit, UnitRegistered, "unknown-unit", UNKNOWN_UNIT)
        return ServicePublished(
            community=community_of(principal),
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


async def _list(
    request: Request, records: Records, kind: str, page: Page, only: Mapping[str, str | None]
) -> Response:
    wanted = {name: value for name, value in only.items() if value is not None}
    service: Service = request.app.state.service
    span = (cursor(page.after()), await service.store.head())
    items, following = await records.page(kind, span, page.limit, wanted)
    return page_response(request, items, following)


async def _one(records: Records, kind: str, id: str) -> dict[str, Json]:
    found = await records.get(kind, id)
    if found is None:
        raise not_found()
    return found


@router.get("/services", summary="The catalogue", responses=answers(listed(shapes.Service)))
async def services(
    request: Request, page: Annotated[ServicesPage, Query()], _: Reader, records: RecordsOf
) -> Response:
    """Services by id, with names, lead and supporting units, response time and skills."""
    only = {"category": page.category, "lead_unit": page.lead_unit}
    return await _list(request, records, "service", page, only)


@router.get("/services/{service}", summary="One service", responses=answers(shapes.Service))
async def service(service: str, _: Reader, records: RecordsOf) -> Response:
    """404 if it is not in the catalogue."""
    return json_response(await _one(records, "service", service))


@router.get("/units", summary="Partner units", responses=answers(listed(shapes.Unit)))
async def units(
    request: Request, page: Annotated[Page, Query()], principal: Reader, records: RecordsOf
) -> Response:
    """All units for staff; for a unit's client its own."""
    if principal.unit is not None:
        return page_response(request, [await _one(records, "unit", principal.unit)], None)
    return await _list(request, records, "unit", page, {})


@router.get("/units/{unit}", summary="One unit", responses=answers(shapes.Unit))
async def unit(unit: str, principal: Reader, records: RecordsOf) -> Response:
    """404 for a unit's client that asks for another."""
    if not principal.sees((unit,)):
        raise not_found()
    return json_response(await _one(records, "unit", unit))


@router.get("/volunteers", summary="Volunteers", responses=answers(listed(shapes.Volunteer)))
async def volunteers(
    request: Request, page: Annotated[VolunteersPage, Query()], principal: Reader, records: RecordsOf
) -> Response:
    """Codes only, no names; for a unit's client its own volunteers."""
    only = {"unit": principal.unit or page.unit, "team": page.team}
    if principal.unit is not None and page.unit not in (None, principal.unit):
        raise not_found()
    return await _list(request, records, "volunteer", page, only)


@router.get("/volunteers/{volunteer}", summary="One volunteer", responses=answers(shapes.Volunteer))
async def volunteer(volunteer: str, principal: Reader, records: RecordsOf) -> Response:
    """404 for a unit's client that asks for another unit's volunteer."""
    found = await _one(records, "volunteer", volunteer)
    if not principal.sees((str(found["unit"]),)):
        raise not_found()
    return json_response(found)


@router.get("/residents", summary="Residents", responses=answers(listed(shapes.Resident)))
async def residents(
    request: Request, page: Annotated[ResidentsPage, Query()], _: ResidentReader, records: RecordsOf
) -> Response:
    """Codes only: grid and tier."""
    return await _list(request, records, "resident", page, {"grid": page.grid, "tier": page.tier})


@router.get("/residents/{resident}", summary="One resident", responses=answers(shapes.Resident))
async def resident(resident: str, _: ResidentReader, records: RecordsOf) -> Response:
    """Codes only; 404 after an erasure."""
    return json_response(await _one(records, "resident", resident))


@router.get("/grids", summary="Grids", responses=answers(listed(shapes.Grid)))
async def grids(request: Request, page: Annotated[Page, Query()], _: Reader, records: RecordsOf) -> Response:
    """The smallest areas, by code."""
    return await _list(request, records, "grid", page, {})


@router.get("/grids/{grid}", summary="One grid", responses=answers(shapes.Grid))
async def grid(grid: str, _: Reader, records: RecordsOf) -> Response:
    """404 if there is none."""
    return json_response(await _one(records, "grid", grid))


@router.get("/clients", tags=["access"], summary="API clients", responses=answers(listed(shapes.Client)))
async def clients(request: Request, page: Annotated[Page, Query()], _: Admin, records: RecordsOf) -> Response:
    """Ids, roles and units of those that are not revoked; names and secrets are kept sealed."""
    return await _list(request, records, "client", page, {})


@router.get("/clients/{client}", tags=["access"], summary="One API client", responses=answers(shapes.Client))
async def client(client: str, _: Admin, records: RecordsOf) -> Response:
    """404 if there is none, or it was revoked."""
    return json_response(await _one(records, "client", client))


@router.get("/teams", summary="Service teams", responses=answers(listed(shapes.ServiceTeam)))
async def teams(request: Request, page: Annotated[Page, Query()], _: Reader, records: RecordsOf) -> Response:
    """The community's teams."""
    return await _list(request, records, "team", page, {})


@router.get("/seats", summary="The committee", responses=answers(listed(shapes.Seat)))
async def seats(request: Request, page: Annotated[Page, Query()], _: Reader, records: RecordsOf) -> Response:
    """The seats of the committee and the units that hold them."""
    return await _list(request, records, "seat", page, {})
