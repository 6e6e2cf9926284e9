"""Volunteers and residents, by codes: who they are is sealed."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from services.registry.api import people_shapes, shapes
from services.registry.api.duplicates import Entered, register_person
from services.registry.api.facts import resident_facts, volunteer_facts
from services.registry.api.listed import judged_now, listing, people_page
from services.registry.api.lists import Reader, RecordsPage, ResidentReader, Writer, found, one
from services.registry.api.people_bodies import Language, ResidentBody, VolunteerBody
from services.registry.api.places import UNKNOWN_GRID
from services.registry.api.records import Registration, community_for, must_exist
from services.registry.api.units import UNKNOWN_UNIT
from shared.events.registry import GridDefined, UnitRegistered
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
    phone: str | None = Field(
        None,
        min_length=1,
        max_length=30,
        description="a whole telephone number, or its last four digits",
        examples=["13800000001", "0001"],
    )

    def wanted(self) -> list[frozenset[str]]:
        """The words that who is sought must have, one of each set."""
        named = [name_query(self.q)] if self.q is not None else []
        return [*named, *([telephone_query(self.phone)] if self.phone is not None else [])]


class VolunteersPage(PeoplePage):
    """Which volunteers."""

    unit: Id | None = None
    team: Code | None = None
    skill: Code | None = None
    language: Language | None = None
    training: Code | None = Field(None, description="a course: who has a training in it that is valid now")
    state: Literal["invited", "active", "suspended"] | None = Field(
        None, description="without it whoever has not left"
    )


class ResidentsPage(PeoplePage):
    """Which residents."""

    grid: Code | None = None
    tier: Code | None = None


@router.post(
    "/volunteers",
    status_code=201,
    summary="Register a volunteer of a unit",
    responses=answers(shapes.Registered, 201),
)
async def register_volunteer(
    body: VolunteerBody, request: Request, principal: Writer, commands: CommandsOf
) -> Response:
    """201 with the volunteer's `id`; 422 `unknown-unit`. Name, phone and email are kept sealed. 409
    `likely-duplicate` with `candidates` (id, masked name), each on record as read, unless `confirmed`."""
    volunteer, details = new_id("volunteer"), body.details()

    async def facts(transaction: Transaction) -> Event:
        community = community_for(principal, body.community)
        await must_exist(transaction, body.unit, UnitRegistered, "unknown-unit", UNKNOWN_UNIT, community)
        found_by = listing("volunteer", community, body.unit, details)
        return volunteer_facts(body, community, transaction.seal(volunteer, details, listing=found_by))

    registration = Registration(volunteer, "/v1/volunteers", facts)
    entered = Entered("volunteer", details, body.unit, body.confirmed)
    return await register_person(commands, request, principal, registration, entered)


@router.post(
    "/residents", status_code=201, summary="Register a resident", responses=answers(shapes.Registered, 201)
)
async def register_resident(
    body: ResidentBody, request: Request, principal: Writer, commands: CommandsOf
) -> Response:
    """201 with the resident's `id`; 422 `unknown-grid`. All but grid, tier and languages is kept sealed. 409
    `likely-duplicate` with `candidates` (id, masked name), each on record as read, unless `confirmed`."""
    resident, details = new_id("resident"), body.details()

    async def facts(transaction: Transaction) -> Event:
        community, grid = community_for(principal, body.community), f"grid-{body.grid}"
        await must_exist(transaction, grid, GridDefined, "unknown-grid", UNKNOWN_GRID, community)
        found_by = listing("resident", community, body.grid, details)
        return resident_facts(body, community, transaction.seal(resident, details, listing=found_by))

    registration = Registration(resident, "/v1/residents", facts)
    entered = Entered("resident", details, body.grid, body.confirmed)
    return await register_person(commands, request, principal, registration, entered)


@router.get("/volunteers", summary="Volunteers", responses=answers(listed(people_shapes.ListedVolunteer)))
async def volunteers(
    request: Request, page: Annotated[VolunteersPage, Query()], principal: Reader
) -> Response:
    """By codes, with name and telephone masked; for a unit's client its own volunteers. `q` and `phone` look
    for a name and a number: then in no particular order."""
    if principal.unit is not None and page.unit not in (None, principal.unit):
        raise not_found()
    only = {
        "unit": principal.unit or page.unit,
        "team": page.team,
        "skills": page.skill,
        "languages": page.language,
        "training": page.training,
        "state": page.state,
    }
    return await people_page(request, principal, "volunteer", page, page.wanted(), only)


@router.get(
    "/volunteers/{volunteer}",
    summary="One volunteer",
    responses=answers(people_shapes.Volunteer, headers=[ETAG]),
)
async def volunteer(volunteer: str, request: Request, principal: Reader) -> Response:
    """With `state`, and with each training `valid` now or not. 404 for a unit's client that asks for another
    unit's volunteer."""
    said, version = await found(request, principal, "volunteer", volunteer)
    if not principal.sees((str(said["unit"]),)):
        raise not_found()
    return json_response(judged_now(said), etag=version)


@router.get("/residents", summary="Residents", responses=answers(listed(people_shapes.ListedResident)))
async def residents(
    request: Request, page: Annotated[ResidentsPage, Query()], principal: ResidentReader
) -> Response:
    """By grid and tier, with name and telephone masked. `q` and `phone` look for a name and a number: then in
    no particular order."""
    only = {"grid": page.grid, "tier": page.tier}
    return await people_page(request, principal, "resident", page, page.wanted(), only)


@router.get(
    "/residents/{resident}", summary="One resident", responses=answers(people_shapes.Resident, headers=[ETAG])
)
async def resident(resident: str, request: Request, principal: ResidentReader) -> Response:
    """Codes only; 404 after an erasure."""
    return await one(request, principal, "resident", resident)
