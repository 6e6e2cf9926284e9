"""Legal holds: nothing of a resident is deleted while one is in force."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from services.registry.api import privacy_shapes
from services.registry.api.consents import person_for
from services.registry.api.lists import Admin
from services.registry.domain.person import PlaceHold, ReleaseHold
from services.registry.withdrawals import PERSONS, records_of, survivor_of, withdraw
from shared.folds.person import Person
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import CommandsOf, json_response
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route
from shared.runtime.ids import new_id
from shared.runtime.service import Service

router = APIRouter(prefix="/v1/residents", tags=["privacy"], route_class=Route)


@router.post(
    "/{resident}/holds",
    status_code=201,
    summary="Place a legal hold on a resident",
    responses=answers(privacy_shapes.Hold, 201),
)
async def place_hold(
    resident: str, body: privacy_shapes.HoldBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """201 with the hold's `id`. Until it is released an erasure is refused with 409 `legal-hold`, and a
    withdrawn consent deletes nothing. 410 after an erasure."""
    hold = new_id("hold")

    async def work(transaction: Transaction) -> Answer:
        await person_for(transaction, resident, principal)
        person = await transaction.decide(PERSONS, resident, PlaceHold(hold, body.reason))
        version = transaction.version(resident)
        return Answer(201, _shown(hold, person), f"/v1/residents/{resident}/holds", version)

    return await commands.run(request, principal, work)


@router.post(
    "/{resident}/holds/{hold}/release",
    summary="Release a legal hold",
    responses=answers(privacy_shapes.Hold),
)
async def release_hold(
    resident: str, hold: str, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200. With the last hold goes what the consents cover that were withdrawn meanwhile."""
    service: Service = request.app.state.service

    async def work(transaction: Transaction) -> Answer:
        await person_for(transaction, resident, principal)
        person = await transaction.decide(PERSONS, resident, ReleaseHold(hold))
        if transaction.events:
            for id, each in (await records_of(transaction, await survivor_of(transaction, resident))).items():
                waiting = sorted(purpose for purpose, said in each.consents.items() if said.held)
                await withdraw(transaction, service.sealed, id, waiting)
        return Answer(200, _shown(hold, person), etag=transaction.version(resident))

    return await commands.run(request, principal, work)


@router.get(
    "/{resident}/holds",
    summary="The legal holds on a resident",
    responses=answers(privacy_shapes.Holds, headers=[ETAG]),
)
async def holds(resident: str, request: Request, principal: Admin, commands: CommandsOf) -> Response:
    """Those that are over too. 410 after an erasure."""
    transaction = commands.read(request, principal)
    person = await person_for(transaction, resident, principal)
    return json_response({"items": holds_shown(person)}, etag=transaction.version(resident))


def holds_shown(person: Person) -> list[Json]:
    """The holds, for an answer."""
    return [_shown(hold, person) for hold in person.holds]


def _shown(hold: str, person: Person) -> dict[str, Json]:
    found = person.holds[hold]
    return {"id": hold, "reason": found.reason, "released": found.released}
