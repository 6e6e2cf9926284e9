"""Personal details of residents, volunteers and units: read on record, and erased."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, Security
from pydantic import BaseModel, ConfigDict

from services.registry.api import detail_shapes, shapes
from services.registry.api.records import RECORDS, may_reach
from services.registry.domain.record import End, Register
from shared.events.details import DetailsErased, DetailsViewed, Purpose
from shared.events.registry import (
    ResidentErased,
    ResidentRegistered,
    UnitRegistered,
    VolunteerRegistered,
)
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
    kind: type[ResidentRegistered] | type[VolunteerRegistered] | type[UnitRegistered],
    purpose: Purpose,
    call: tuple[Request, Principal, Commands],
) -> Response:
    request, principal, commands = call
    service: Service = request.app.state.service
    stored = await service.store.stream(id)
    decoded = (RECORDS.decode(event.type, event.data) for event in stored)
    record = FOLD.over(event for event in decoded if event is not None)
    facts = record.facts
    if not isinstance(facts, kind) or not may_reach(principal, id, facts):
        raise not_found()
    if isinstance(record.end, ResidentErased):
        raise Erased(id)
    digests = [facts.details] if facts.details is not None else []
    viewed = DetailsViewed(community=facts.community, subject=id, purpose=purpose, count=len(digests))
    reading = Reading(digests, viewed)
    return await show(request, principal, commands, service.sealed, reading)


@router.get(
    "/residents/{resident}/details",
    summary="A resident's personal details",
    responses=answers(detail_shapes.ResidentDetails, headers=[POSITION]),
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
    summary="A volunteer's name, telephone and mail address",
    responses=answers(detail_shapes.VolunteerDetails, headers=[POSITION]),
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


@router.get(
    "/units/{unit}/details",
    summary="A unit's contacts",
    responses=answers(detail_shapes.UnitDetails, headers=[POSITION]),
)
async def unit_details(
    unit: str,
    query: Annotated[PurposeQuery, Query()],
    request: Request,
    principal: DetailsReader,
    commands: CommandsOf,
) -> Response:
    """The persons to talk to. The reading is recorded as `details-viewed`."""
    return await _show(unit, UnitRegistered, query.purpose, (request, principal, commands))


@router.post(
    "/residents/{resident}/erasure",
    summary="Erase a resident's personal details everywhere",
    responses=answers(shapes.Erased),
)
async def erase_resident(resident: str, request: Request, principal: Admin, commands: CommandsOf) -> Response:
    """200; so are those that were merged into this one, and the other services follow by the events. 404 if
    there is no such resident. One that was merged into another is erased by itself: erase the other one."""
    service: Service = request.app.state.service
    deleted: dict[str, list[str]] = {}

    async def work(transaction: Transaction) -> Answer:
        record = await transaction.load(RECORDS, resident)
        facts = record.facts
        known = isinstance(facts, ResidentRegistered) and may_reach(principal, resident, facts)
        require(known, "not-found", NOT_FOUND)
        assert facts is not None
        erased = await _end_all(transaction, resident, facts.community)
        # Nothing can refuse from here on, and what is deleted stays so. The tombstones and the deletions come
        # before the events: whoever hears them can rely on both.
        for person, newly in erased.items():
            digests = deleted.setdefault(person, [])
            digests.extend(await service.sealed.erase(person))
            if newly:
                gone = DetailsErased(community=facts.community, subject=person, count=len(digests))
                await transaction.decide(RECORDS, f"erasure-{person}", Register(gone))
        return Answer(200, {"id": resident, "erased": True}, etag=transaction.version(resident))

    return await commands.run(request, principal, work)


async def _end_all(transaction: Transaction, resident: str, community: str) -> dict[str, bool]:
    """Decide the erasure of a resident and of all who turned out to be that one, however often it was merged;
    whether each is erased by this."""
    erased: dict[str, bool] = {}
    waiting = [resident]
    while waiting:
        person = waiting.pop(0)
        if person in erased:
            continue
        record = await transaction.load(RECORDS, person)
        erased[person] = not isinstance(record.end, ResidentErased)
        await transaction.decide(RECORDS, person, End(ResidentErased(community=community)))
        waiting.extend(record.absorbed)
    return erased
