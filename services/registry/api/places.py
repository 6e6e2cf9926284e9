"""Communities and their grids."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.registry.api import shapes
from services.registry.api.bodies import CommunityBody, EndBody, GridBody, NameChanges
from services.registry.api.lists import Admin, NamedPage, Reader, one, page_of
from services.registry.api.records import (
    RECORDS,
    Call,
    Registration,
    amend,
    community_for,
    end,
    register,
)
from services.registry.api.registering import CREDENTIALS
from services.registry.domain.credential import Extend
from services.registry.domain.record import Register
from shared.events.registry import (
    Amendment,
    CommunityAmended,
    CommunityFounded,
    GridAmended,
    GridDefined,
    GridRetired,
)
from shared.kernel.commit import Answer
from shared.kernel.decider import require
from shared.kernel.event import Event
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import CommandsOf
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1", tags=["places"], route_class=Route)

ALREADY_FOUNDED = "there is a community of this code already; choose another code"
UNKNOWN_GRID = "no grid has this code; GET /v1/grids lists those there are"


@router.get("/communities", summary="Communities", responses=answers(listed(shapes.Community)))
async def communities(request: Request, page: Annotated[NamedPage, Query()], principal: Reader) -> Response:
    """Those of the token."""
    return await page_of(request, principal, "community", page)


@router.get(
    "/communities/{community}",
    summary="One community",
    responses=answers(shapes.Community, headers=[ETAG]),
)
async def community(community: str, request: Request, principal: Reader) -> Response:
    """404 if the token is not for it."""
    return await one(request, principal, "community", community)


@router.post(
    "/communities", status_code=201, summary="Found a community", responses=answers(shapes.Registered, 201)
)
async def found_community(
    body: CommunityBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """201 with the community's `id`. Whoever founds it is for it too, by the next access token, and can
    register clients for it; nobody else is. 409 `already-registered`."""
    id = f"community-{body.community}"

    async def work(transaction: Transaction) -> Answer:
        facts = CommunityFounded(community=body.community, name=body.name.name())
        record = await transaction.load(RECORDS, id)
        # Also for the same name: or whoever asks for a community that is there would come into it.
        require(record.facts is None, "already-registered", ALREADY_FOUNDED)
        await transaction.decide(RECORDS, id, Register(facts))
        await transaction.decide(CREDENTIALS, principal.client, Extend(body.community))
        return Answer(201, {"id": id}, f"/v1/communities/{id}", transaction.version(id))

    return await commands.run(request, principal, work)


@router.patch("/communities/{community}", summary="Amend a community", responses=answers(shapes.Registered))
async def amend_community(
    community: str, body: NameChanges, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200; what is so already is no event."""

    async def changes(_: Transaction, facts: Event) -> Amendment:
        name = body.name.name() if body.name is not None else None
        return CommunityAmended(community=facts.community, name=name)

    return await amend(Call(commands, request, principal, community, CommunityFounded), changes)


@router.post(
    "/grids", status_code=201, summary="Define a grid", responses=answers(shapes.Registered, 201, 200)
)
async def define_grid(body: GridBody, request: Request, principal: Admin, commands: CommandsOf) -> Response:
    """201 with the grid's `id`; 409 `already-registered` if the code stands for another grid."""

    async def facts(_: Transaction) -> Event:
        community = community_for(principal, body.community)
        return GridDefined(community=community, grid=body.grid, name=body.name.name())

    registration = Registration(f"grid-{body.grid}", "/v1/grids", facts, fresh=False)
    return await register(commands, request, principal, registration)


@router.get("/grids", summary="Grids", responses=answers(listed(shapes.Grid)))
async def grids(request: Request, page: Annotated[NamedPage, Query()], principal: Reader) -> Response:
    """The smallest areas that are in use, by code."""
    return await page_of(request, principal, "grid", page)


@router.get("/grids/{grid}", summary="One grid", responses=answers(shapes.Grid, headers=[ETAG]))
async def grid(grid: str, request: Request, principal: Reader) -> Response:
    """404 if there is none; one that was retired says why, by `ended`."""
    return await one(request, principal, "grid", grid)


@router.patch("/grids/{grid}", summary="Amend a grid", responses=answers(shapes.Registered))
async def amend_grid(
    grid: str, body: NameChanges, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200; 409 `record-ended` if it was retired."""

    async def changes(_: Transaction, facts: Event) -> Amendment:
        name = body.name.name() if body.name is not None else None
        return GridAmended(community=facts.community, name=name)

    return await amend(Call(commands, request, principal, grid, GridDefined), changes)


@router.post("/grids/{grid}/retire", summary="Retire a grid", responses=answers(shapes.Ended))
async def retire_grid(
    grid: str, body: EndBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200; nothing new can be in it from now on."""

    def ending(facts: Event) -> Event:
        return GridRetired(community=facts.community, reason=body.reason)

    return await end(Call(commands, request, principal, grid, GridDefined), ending)
