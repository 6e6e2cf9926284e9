"""Requests: taken in, triaged, read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from services.dispatch.aggregates import REQUESTS
from services.dispatch.api import shapes, whole_shapes
from services.dispatch.api.bodies import RequestBody, TriageBody
from services.dispatch.api.desk import (
    Coordinator,
    Desk,
    DeskOf,
    OwnDetailsReader,
    OwnReader,
    Writer,
    began,
    details_for,
    keep_text,
    request_for,
    require_agreed,
    require_goes,
)
from services.dispatch.api.shown import request_shown
from services.dispatch.api.taking_in import Asked, facts_of
from services.dispatch.domain.intake import Create, Triage
from services.dispatch.offering import offer_to_the_best
from shared.events.details import DetailsViewed, Purpose
from shared.events.dispatch import RequestCreated
from shared.folds.request import Request as RequestState
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.times import format_time
from shared.runtime.access import Principal
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import POSITION, CommandsOf, json_response
from shared.runtime.http.details import Reading, show
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route
from shared.runtime.ids import new_id

router = APIRouter(prefix="/v1/requests", tags=["requests"], route_class=Route)

SIMILAR_WITHIN_DAYS = 7


class PurposeQuery(BaseModel):
    """What the reading is for; it goes on record."""

    model_config = ConfigDict(extra="forbid")

    purpose: Purpose


@router.post(
    "",
    status_code=201,
    summary="Take a request in",
    responses=answers(shapes.TakenIn, 201),
)
async def create(
    body: RequestBody, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """201 with `id`, status `received`, and `similar`: the last five open requests of seven days for the same
    service, of the same resident, or of nobody in the same grid; the one can be merged into the other. 422:
    unknown-service, service-withdrawn, unknown-resident, unknown-grid, grid-retired; consent-withdrawn if
    there is a `text` about a resident who has withdrawn consent for `service`."""
    id = new_id("request")

    async def work(transaction: Transaction) -> Answer:
        now = transaction.context.now
        asked = Asked(body.service, body.grid, body.channel, body.resident)
        facts = await facts_of(asked, now, principal, desk)
        if body.text is not None:
            details = await keep_text(transaction, desk, id, RequestState(created=facts), body.text)
            facts = facts.model_copy(update={"details": details})
        await transaction.begin(REQUESTS, id, Create(facts))
        answer: dict[str, Json] = {"id": id, "status": "received", "version": 1}
        if found := _similar(desk, facts, principal, format_time(now)):
            answer["similar"] = found
        return Answer(201, answer, f"/v1/requests/{id}", 1)

    return await commands.run(request, principal, work)


def _similar(desk: Desk, facts: RequestCreated, principal: Principal, now: str) -> list[Json]:
    """The ids of open requests that may be the same one."""
    rows = desk.requests.similar(facts.service, facts.resident, facts.grid, now, SIMILAR_WITHIN_DAYS)
    return [row.id for row in rows if row.community == facts.community and principal.sees(row.units)]


@router.post("/{id}/triage", summary="Say how pressing a request is", responses=answers(shapes.Triaged))
async def triage(
    id: str,
    body: TriageBody,
    request: Request,
    principal: Coordinator,
    desk: DeskOf,
    commands: CommandsOf,
) -> Response:
    """200 with status `triaged` and `due`; whoever triages it looks after it from now on. If the service's
    `matching` is `auto`, the best of its volunteers is offered the work. 409: `already-triaged`,
    `request-not-open`."""

    async def work(transaction: Transaction) -> Answer:
        state = await request_for(transaction, id, principal)
        command = Triage(body.priority, began(transaction, id), desk.calendar(state), principal.client)
        after = await transaction.decide(REQUESTS, id, command)
        if transaction.events:
            after = await offer_to_the_best(transaction, desk.matchmaker, id, desk.basis())
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


@router.get(
    "/{id}",
    summary="One request with all that belongs to it",
    responses=answers(whole_shapes.Request, headers=[ETAG]),
)
async def get_request(id: str, principal: OwnReader, commands: CommandsOf, request: Request) -> Response:
    """404 if there is none, or none that concerns the caller's unit. A volunteer's client sees those by which
    it is asked to go, goes, or went, with its own assignments and visits alone."""
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
    principal: OwnDetailsReader,
    desk: DeskOf,
    commands: CommandsOf,
) -> Response:
    """What was said in words, and positions, oldest first. The reading is recorded. 410 after an erasure.
    A unit's client sees those of the request itself and of its own visits; 403 `details-not-agreed` if its
    agreement in force does not let it. A volunteer's sees what is asked for, and what was said at its own
    visits, for the purpose `service`, while it is placed and until a day after its slot; 403
    `details-not-yours` else."""
    transaction = commands.read(request, principal)
    state = await request_for(transaction, id, principal)
    assert state.created is not None
    require_goes(principal, state, query.purpose, transaction.context.now)
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
