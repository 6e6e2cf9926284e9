"""Requests: taken in, triaged, assigned, read."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from services.dispatch.api import shapes
from services.dispatch.api.bodies import PlacementBody, RequestBody, TriageBody
from services.dispatch.api.desk import (
    REQUESTS,
    Coordinator,
    Desk,
    DeskOf,
    DetailsReader,
    Reader,
    Writer,
    book,
    details_for,
    request_for,
    require_agreed,
)
from services.dispatch.api.shown import request_shown
from services.dispatch.domain.request import AssignVolunteer, Create, Triage, Volunteer
from shared.events.details import DetailsViewed, Purpose
from shared.events.dispatch import Priority, RequestCreated
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.times import format_time, parse_time
from shared.runtime.access import Principal
from shared.runtime.execute import Transaction
from shared.runtime.http.bodies import Code
from shared.runtime.http.calls import POSITION, CommandsOf, json_response
from shared.runtime.http.details import Reading, show
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.paging import Page, page_response, place_of
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id, new_id

router = APIRouter(prefix="/v1/requests", tags=["requests"], route_class=Route)


class RequestsPage(Page):
    """Which requests."""

    status: Literal["received", "triaged", "assigned", "in-service"] | None = None
    service: Id | None = None
    grid: Code | None = None
    unit: Id | None = None
    priority: Priority | None = None


class PurposeQuery(BaseModel):
    """What the reading is for; it goes on record."""

    model_config = ConfigDict(extra="forbid")

    purpose: Purpose


@router.post(
    "",
    status_code=201,
    summary="Take a request in",
    responses=answers(shapes.Created, 201),
)
async def create(
    body: RequestBody, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """201 with `id` and status `received`. 422: unknown-service, service-withdrawn,
    unknown-resident, unknown-grid, grid-retired; consent-withdrawn if there is a `text` about a resident who
    has withdrawn consent for `service`."""
    id = new_id("request")

    async def work(transaction: Transaction) -> Answer:
        facts = await _facts(body, principal, desk)
        if body.text is not None:
            if body.resident is not None:
                await desk.directory.require_consent(body.resident)
            details = transaction.seal(body.resident or id, {"text": body.text}, body.resident is not None)
            facts = facts.model_copy(update={"details": details})
        await transaction.begin(REQUESTS, id, Create(facts))
        return Answer(201, {"id": id, "status": "received", "version": 1}, f"/v1/requests/{id}", 1)

    return await commands.run(request, principal, work)


async def _facts(body: RequestBody, principal: Principal, desk: Desk) -> RequestCreated:
    service = await desk.directory.service(body.service, principal.communities)
    await desk.directory.require_grid(body.grid, service.community)
    resident = None
    if body.resident is not None:
        resident = await desk.directory.resident(body.resident, service.community)
    units = await desk.directory.units_of(service)
    asking = () if principal.unit is None or principal.unit in units else (principal.unit,)
    return RequestCreated(
        community=service.community,
        units=(*units, *asking),
        service=body.service,
        category=service.category,
        grid=body.grid,
        resident=body.resident,
        tier=resident.tier if resident is not None else None,
        channel=body.channel,
        response_minutes=service.response_minutes,
        working_hours=service.working_hours,
        skills=service.skills,
        basis=desk.basis(),
    )


@router.post("/{id}/triage", summary="Say how pressing a request is", responses=answers(shapes.Triaged))
async def triage(
    id: str, body: TriageBody, request: Request, principal: Coordinator, commands: CommandsOf
) -> Response:
    """200 with status `triaged` and `due`. 409 `already-triaged`."""

    async def work(transaction: Transaction) -> Answer:
        await request_for(transaction, id, principal)
        command = Triage(body.priority, parse_time(transaction.began(id)))
        after = await transaction.decide(REQUESTS, id, command)
        assert after.due is not None
        version = transaction.version(id)
        return Answer(
            200,
            {
                "id": id,
                "status": after.status,
                "priority": after.priority,
                "due": format_time(after.due),
                "version": version,
            },
            etag=version,
        )

    return await commands.run(request, principal, work)


@router.post(
    "/{id}/assignments",
    status_code=201,
    summary="Place a volunteer on a request",
    responses=answers(shapes.Placed, 201, 200),
)
async def assign(
    id: str,
    body: PlacementBody,
    request: Request,
    principal: Coordinator,
    desk: DeskOf,
    commands: CommandsOf,
) -> Response:
    """201 with the assignment's `id` and status `assigned`.

    409: `volunteer-not-free` (naming the duty in conflict), `slot-taken`, `request-not-triaged`,
    `slot-in-the-past`; 422: `unknown-volunteer`.
    """

    async def work(transaction: Transaction) -> Answer:
        state = await request_for(transaction, id, principal)
        assert state.created is not None
        known = await desk.directory.volunteer(body.volunteer, state.created.community)
        volunteer = Volunteer(body.volunteer, known.unit)
        fresh = f"{id}.assignment-{len(state.assignments) + 1}"
        command = AssignVolunteer(fresh, volunteer, body.slot, transaction.context.now, desk.basis())
        after = await transaction.decide(REQUESTS, id, command)
        placed = after.assignment(body.volunteer, body.slot)
        assert placed is not None
        await book(transaction, after, placed.id, (placed.volunteer, placed.unit, placed.slot))
        version = transaction.version(id)
        answer: dict[str, Json] = {"id": placed.id, "request": id, "status": after.status, "version": version}
        return Answer(201 if transaction.events else 200, answer, f"/v1/requests/{id}", version)

    return await commands.run(request, principal, work)


@router.get("", summary="Requests, oldest first", responses=answers(listed(shapes.RequestRow)))
async def list_requests(
    request: Request, page: Annotated[RequestsPage, Query()], principal: Reader, desk: DeskOf
) -> Response:
    """For a unit's client, those that concern its unit; another unit's id is 404."""
    if principal.unit is not None and page.unit not in (None, principal.unit):
        raise not_found()
    only = {
        "status": page.status,
        "service": page.service,
        "grid": page.grid,
        "priority": page.priority,
        "units": principal.unit or page.unit,
    }
    wanted = {name: value for name, value in only.items() if value is not None}
    after = place_of(page.after())
    items, following = desk.requests.page(after, page.limit, wanted, principal.communities)
    if principal.unit is not None:
        for item in items:
            item["units"] = [principal.unit]
            item.pop("resident", None)
    return page_response(request, items, following)


@router.get(
    "/{id}",
    summary="One request with its assignments and visits",
    responses=answers(shapes.Request, headers=[ETAG]),
)
async def get_request(id: str, principal: Reader, commands: CommandsOf, request: Request) -> Response:
    """404 if there is none, or none that concerns the caller's unit."""
    transaction = commands.read(request, principal)
    state = await request_for(transaction, id, principal)
    version = transaction.version(id)
    return json_response(request_shown(id, state, version, principal), etag=version)


@router.get(
    "/{id}/details",
    summary="A request's personal details",
    responses=answers(shapes.RequestDetails, headers=[POSITION]),
)
async def details(
    id: str,
    query: Annotated[PurposeQuery, Query()],
    request: Request,
    principal: DetailsReader,
    desk: DeskOf,
    commands: CommandsOf,
) -> Response:
    """What was said in words, and positions, oldest first. The reading is recorded. 410 after an erasure.
    A unit's client sees those of the request itself and of its own visits; 403 `details-not-agreed` if its
    agreement in force does not let it."""
    state = await request_for(commands.read(request, principal), id, principal)
    assert state.created is not None
    require_agreed(principal, desk, state.created.service)
    # What consent was withdrawn for is gone, and what was said after a new one is not.
    theirs = await details_for(desk.service.store, id, principal)
    kept = await desk.service.sealed.read_many(theirs)
    digests = [digest for digest in theirs if digest in kept] or theirs
    viewed = DetailsViewed(
        community=state.created.community, subject=id, purpose=query.purpose, count=len(digests)
    )
    reading = Reading(digests, viewed)
    return await show(request, principal, commands, desk.service.sealed, reading)
