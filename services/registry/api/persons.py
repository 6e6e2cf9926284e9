"""Personal details of residents, volunteers and units: read on record, and erased."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, Security
from pydantic import BaseModel, ConfigDict

from services.registry.api import detail_shapes, shapes
from services.registry.api.records import RECORDS, may_reach
from services.registry.domain.person import Erase
from services.registry.domain.record import Register
from services.registry.withdrawals import PERSONS, holds_on, records_of
from shared.events.details import DetailsErased, DetailsViewed, Purpose
from shared.events.registry import (
    AgreementDrafted,
    Erasing,
    ResidentRegistered,
    SeatFilled,
    UnitRegistered,
    VolunteerRegistered,
)
from shared.folds.record import FOLD
from shared.kernel.canonical import Json, decode_object
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, require
from shared.runtime.access import Principal, bearer
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import POSITION, Commands, CommandsOf
from shared.runtime.http.details import Reading, show
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import answers
from shared.runtime.http.problems import MEDIA_TYPE, REASON, Problem, not_found
from shared.runtime.http.routes import Route
from shared.runtime.sealed import Erased
from shared.runtime.service import Service

router = APIRouter(prefix="/v1", tags=["persons"], route_class=Route)
DetailsReader = Annotated[Principal, Security(bearer, scopes=["details:read"])]
Admin = Annotated[Principal, Security(bearer, scopes=["registry:admin"])]

LEGAL_HOLD = "legal-hold"
_ON_RECORD: Document = {
    "description": "Refused; under a legal hold that is on record, at this position.",
    "headers": {POSITION: {"$ref": f"#/components/headers/{POSITION}"}},
}
HELD = "a legal hold keeps what there is of this resident; once all `holds` are released, send it again"


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
    request, principal, _ = call
    service: Service = request.app.state.service
    stored = await service.store.stream(id)
    decoded = (RECORDS.decode(event.type, event.data) for event in stored)
    record = FOLD.over(event for event in decoded if event is not None)
    facts = record.facts
    if not isinstance(facts, kind) or not may_reach(principal, id, facts):
        raise not_found()
    if isinstance(record.end, Erasing):
        raise Erased(id)
    return await show_details(id, facts, purpose, call)


async def show_details(
    id: str,
    facts: ResidentRegistered | VolunteerRegistered | UnitRegistered | SeatFilled | AgreementDrafted,
    purpose: Purpose,
    call: tuple[Request, Principal, Commands],
) -> Response:
    """What is kept sealed of a thing of these facts, which the caller may reach; the reading is on record."""
    request, principal, commands = call
    service: Service = request.app.state.service
    digests = [facts.details] if facts.details is not None else []
    viewed = DetailsViewed(community=facts.community, subject=id, purpose=purpose, count=len(digests))
    return await show(request, principal, commands, service.sealed, Reading(digests, viewed))


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
    responses={**answers(shapes.Erased), 409: _ON_RECORD},
)
async def erase_resident(resident: str, request: Request, principal: Admin, commands: CommandsOf) -> Response:
    """200; so are those that were merged into this one, and the other services follow by the events. 404 if
    there is no such resident. One that was merged into another is erased by itself: erase the other one. 409
    `legal-hold` with `holds` under a legal hold; that it was refused is on record as `erasure-refused`."""
    service: Service = request.app.state.service
    erased: list[str] = []

    async def work(transaction: Transaction) -> Answer:
        erased.clear()
        facts = (await transaction.load(PERSONS, resident)).resident
        require(facts is not None and may_reach(principal, resident, facts), "not-found", NOT_FOUND)
        assert facts is not None
        persons = await records_of(transaction, resident)
        if holds := await holds_on(transaction, resident):
            await transaction.decide(PERSONS, resident, Erase(holds))
            return Answer(409, _held(holds))
        for id, person in persons.items():
            await transaction.decide(PERSONS, id, Erase())
            if not person.erased:
                count = await service.sealed.count(id)
                gone = DetailsErased(community=facts.community, subject=id, count=count)
                await transaction.decide(RECORDS, f"erasure-{id}", Register(gone))
        erased.extend(persons)
        return Answer(200, {"id": resident, "erased": True}, etag=transaction.version(resident))

    response = await commands.run(request, principal, work)
    if response.status_code == 409:
        request.scope[REASON] = LEGAL_HOLD
        response.headers["Content-Type"] = MEDIA_TYPE
    # Only behind the commit, since a hold may be placed until then. A crash here leaves it to the reaction to
    # the event; nothing new can come meanwhile, as all that is sealed of them is decided on their streams.
    for id in erased:
        await service.sealed.erase(id)
    return response


def _held(holds: tuple[str, ...]) -> dict[str, Json]:
    refusal = Problem(409, LEGAL_HOLD, HELD, facts={"holds": [*holds]})
    return decode_object(bytes(refusal.response().body))
