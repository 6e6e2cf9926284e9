"""Facilities of a community, with rooms that can be booked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.registry.api import shapes
from services.registry.api.bodies import EndBody
from services.registry.api.facility_bodies import FacilityBody, FacilityChanges
from services.registry.api.lists import Admin, NamedPage, Reader, one, page_of
from services.registry.api.places import UNKNOWN_GRID
from services.registry.api.records import (
    Call,
    Registration,
    amend,
    community_for,
    end,
    must_exist,
    register,
)
from services.registry.api.units import UNKNOWN_UNIT
from shared.events.registry import (
    Amendment,
    FacilityAmended,
    FacilityClosed,
    FacilityOpened,
    GridDefined,
    UnitRegistered,
)
from shared.kernel.event import Event
from shared.runtime.execute import Transaction
from shared.runtime.http.bodies import Code
from shared.runtime.http.calls import CommandsOf
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id, new_id

router = APIRouter(prefix="/v1/facilities", tags=["places"], route_class=Route)


class FacilitiesPage(NamedPage):
    """Which facilities."""

    grid: Code | None = None
    kind: Code | None = None
    keeper: Id | None = None


async def _must_be_there(
    transaction: Transaction, community: str, grid: str | None, keeper: str | None
) -> None:
    if grid is not None:
        await must_exist(transaction, f"grid-{grid}", GridDefined, "unknown-grid", UNKNOWN_GRID, community)
    if keeper is not None:
        await must_exist(transaction, keeper, UnitRegistered, "unknown-unit", UNKNOWN_UNIT, community)


@router.post("", status_code=201, summary="Open a facility", responses=answers(shapes.Registered, 201))
async def open_facility(
    body: FacilityBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """201 with the facility's `id`; 422 `unknown-grid`, `unknown-unit`."""

    async def facts(transaction: Transaction) -> Event:
        community = community_for(principal, body.community)
        await _must_be_there(transaction, community, body.grid, body.keeper)
        return FacilityOpened(
            community=community,
            name=body.name.name(),
            kind=body.kind,
            grid=body.grid,
            rooms=tuple(room.room() for room in body.rooms),
            keeper=body.keeper,
        )

    registration = Registration(new_id("facility"), "/v1/facilities", facts)
    return await register(commands, request, principal, registration)


@router.get("", summary="Facilities", responses=answers(listed(shapes.Facility)))
async def facilities(
    request: Request, page: Annotated[FacilitiesPage, Query()], principal: Reader
) -> Response:
    """Those that are open, with their rooms."""
    only = {"grid": page.grid, "kind": page.kind, "keeper": page.keeper}
    return await page_of(request, principal, "facility", page, only)


@router.get("/{facility}", summary="One facility", responses=answers(shapes.Facility, headers=[ETAG]))
async def facility(facility: str, request: Request, principal: Reader) -> Response:
    """404 if there is none; one that was closed says why, by `ended`."""
    return await one(request, principal, "facility", facility)


@router.patch("/{facility}", summary="Amend a facility", responses=answers(shapes.Registered))
async def amend_facility(
    facility: str, body: FacilityChanges, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200; 422 `unknown-grid`, `unknown-unit`; 409 `record-ended` if it was closed."""

    async def changes(transaction: Transaction, facts: Event) -> Amendment:
        await _must_be_there(transaction, facts.community, body.grid, body.keeper)
        return FacilityAmended(
            community=facts.community,
            cleared=body.cleared(),
            name=body.name.name() if body.name is not None else None,
            kind=body.kind,
            grid=body.grid,
            rooms=tuple(room.room() for room in body.rooms) if body.rooms is not None else None,
            keeper=body.keeper,
        )

    return await amend(Call(commands, request, principal, facility, FacilityOpened), changes)


@router.post("/{facility}/close", summary="Close a facility for good", responses=answers(shapes.Ended))
async def close_facility(
    facility: str, body: EndBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200; its rooms cannot be booked from now on."""

    def ending(facts: Event) -> Event:
        return FacilityClosed(community=facts.community, reason=body.reason)

    return await end(Call(commands, request, principal, facility, FacilityOpened), ending)
