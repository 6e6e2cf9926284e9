"""Personal details of residents and volunteers: read on record, and erased."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, Security
from pydantic import BaseModel, ConfigDict

from services.registry.api import shapes
from services.registry.api.records import RECORDS, community_of
from services.registry.domain.record import End, Register
from shared.events.details import DetailsErased, DetailsViewed, Purpose
from shared.events.registry import ResidentErased, ResidentRegistered, VolunteerRegistered
from shared.folds.record import FOLD
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, require
from shared.runtime.access import Principal, bearer
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import POSITION, Commands, CommandsOf
from shared.runtime.http.details import Reading, show
from shared.runtime.http.openapi import answers
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route
from shared.runtime.sealed import Erased
from shared.runtime.service import Service

router = APIRouter(prefix="/v1", tags=["persons"], route_class=Route)
DetailsReader = Annotated[Principal, Security(bearer, scopes=["details:read"])]
Admin = Annotated[Principal, Security(bearer, scopes=["registry:admin"])]


class PurposeQuery(BaseModel):
    """What the reading is for; it goes on record."""

    model_config = ConfigDict(extra="forbid")

    purpose: Purpose


async def _show(
    id: str,
    kind: type[ResidentRegistered] | type[VolunteerRegistered],
    purpose: Purpose,
    call: tuple[Request, Principal, Commands],
) -> Response:
    request, principal, commands = call
    service: Service = request.app.state.service
    stored = await service.store.stream(id)
    decoded = (RECORDS.decode(event.type, event.data) for event in stored)
    record = FOLD.over(event for event in decoded if event is not None)
    if not isinstance(record.facts, kind):
        raise not_found()
    if record.ended:
        raise Erased(id)
    viewed = DetailsViewed(community=community_of(principal), subject=id, purpose=purpose, count=1)
    reading = Reading([record.facts.details], viewed)
    return await show(request, principal, commands, service.sealed, reading)


@router.get(
    "/residents/{resident}/details",
    summary="A resident's personal details",
    responses=answers(shapes.ResidentDetails, headers=[POSITION]),
)
async def resident_details(
    resident: str,
    query: Annotated[PurposeQuery, Query()],
    request: Request,
    principal: DetailsReader,
    commands: CommandsOf,
) -> Response:
    """The reading is recorded as `details-viewed`. 410 after an erasure."""
    return await _show(resident, ResidentRegistered, query.purpose, (request, principal, commands))


@router.get(
    "/volunteers/{volunteer}/details",
    summary="A volunteer's name",
    responses=answers(shapes.VolunteerDetails, headers=[POSITION]),
)
async def volunteer_details(
    volunteer: str,
    query: Annotated[PurposeQuery, Query()],
    request: Request,
    principal: DetailsReader,
    commands: CommandsOf,
) -> Response:
    """The reading is recorded as `details-viewed`."""
    return await _show(volunteer, VolunteerRegistered, query.purpose, (request, principal, commands))


@router.post(
    "/residents/{resident}/erasure",
    summary="Erase a resident's personal details everywhere",
    responses=answers(shapes.Erased),
)
async def erase_resident(resident: str, request: Request, principal: Admin, commands: CommandsOf) -> Response:
    """200; the other services follow by the event. 404 if there is no such resident."""
    service: Service = request.app.state.service
    erased: list[str] = []

    async def work(transaction: Transaction) -> Answer:
        record = await transaction.load(RECORDS, resident)
        require(isinstance(record.facts, ResidentRegistered), "not-found", NOT_FOUND)
        community = community_of(principal)
        await transaction.decide(RECORDS, resident, End(ResidentErased(community=community)))
        # Nothing can refuse from here on, and what is deleted stays so. The tombstone and the deletion come
        # before the event: whoever hears it can rely on both.
        erased.extend(await service.sealed.erase(resident))
        if transaction.events:
            gone = DetailsErased(community=community, subject=resident, count=len(erased))
            await transaction.decide(RECORDS, f"erasure-{resident}", Register(gone))
        return Answer(200, {"id": resident, "erased": True}, etag=transaction.version(resident))

    return await commands.run(request, principal, work)
