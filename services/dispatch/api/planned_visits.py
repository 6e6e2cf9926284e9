"""Visits are planned: scheduled, rescheduled, cancelled; by staff, the unit whose volunteer goes, and the
volunteer."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from services.dispatch.api import life_shapes, shapes
from services.dispatch.api.bodies import PlacementBody
from services.dispatch.api.desk import (
    Desk,
    DeskOf,
    OwnReader,
    OwnWriter,
    request_for,
    request_of_part,
    require_own_work,
    require_plans,
    stream_of,
)
from services.dispatch.api.life_bodies import CancelBody, RescheduleBody
from services.dispatch.api.shown import verification_shown, visit_shown
from services.dispatch.deciding import plan
from services.dispatch.domain.decision import not_found
from services.dispatch.domain.planning import CancelVisit, Reschedule, ScheduleVisit
from services.dispatch.domain.request import Command
from shared.folds.request import Request as RequestState
from shared.folds.request import Visit
from shared.kernel.commit import Answer
from shared.runtime.access import Principal
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import Commands, CommandsOf, json_response
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1", tags=["visits"], route_class=Route)

CommandFor = Callable[[Transaction], Command]


@router.post(
    "/requests/{id}/visits",
    status_code=201,
    summary="Schedule a visit",
    responses=answers(shapes.Visit, 201, 200),
)
async def schedule(
    id: str, body: PlacementBody, request: Request, principal: OwnWriter, desk: DeskOf, commands: CommandsOf
) -> Response:
    """201 with the visit. By staff, the volunteer's unit, or the volunteer. 409: `volunteer-not-assigned`,
    `volunteer-not-free`, `load-cap-reached`, `request-not-open`.

    A visit inside its assignment's slot is that duty; another one is booked as a duty of its own.
    """

    async def work(transaction: Transaction) -> Answer:
        state = await request_for(transaction, id, principal)
        _require_plans_for(principal, state, body.volunteer)
        fresh = f"{id}.visit-{len(state.visits) + 1}"
        command = ScheduleVisit(fresh, body.volunteer, body.slot)
        after = await plan(transaction, desk.directory, id, command)
        planned = (v for v in after.visits if v.volunteer == body.volunteer and v.slot == body.slot)
        visit = next(v for v in planned if v.status != "cancelled")
        status = 201 if transaction.events else 200
        return Answer(status, visit_shown(visit), f"/v1/requests/{id}", transaction.version(id))

    return await commands.run(request, principal, work)


@router.post(
    "/visits/{id}/reschedule", summary="Have a visit at another time", responses=answers(shapes.Visit)
)
async def reschedule(
    id: str, body: RescheduleBody, request: Request, principal: OwnWriter, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with the visit. By staff, the volunteer's unit, or the volunteer. 409: `volunteer-not-free`,
    `visit-not-scheduled`, `slot-in-the-past`, `request-not-open`."""

    def command(transaction: Transaction) -> Command:
        return Reschedule(id, body.slot, body.reason, transaction.context.now)

    return await _on_planned(id, request, principal, (desk, commands), command)


@router.post("/visits/{id}/cancel", summary="Have no such visit", responses=answers(shapes.Visit))
async def cancel(
    id: str, body: CancelBody, request: Request, principal: OwnWriter, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with the visit, `cancelled`. By staff, the volunteer's unit, or the volunteer. 409
    `visit-not-scheduled`."""

    def command(_: Transaction) -> Command:
        return CancelVisit(id, body.reason)

    return await _on_planned(id, request, principal, (desk, commands), command)


@router.get(
    "/visits/{id}",
    summary="One visit, and what proves it",
    responses=answers(life_shapes.VerifiedVisit, headers=[ETAG]),
)
async def visit(id: str, request: Request, principal: OwnReader, commands: CommandsOf) -> Response:
    """With the six elements of electronic visit verification: service, recipient, provider, date, place, and
    start and end. A unit's client and a volunteer's see their own visits, without the recipient."""
    transaction = commands.read(request, principal)
    state, found = await own_visit(transaction, id, principal)
    shown = {**visit_shown(found), "verification": verification_shown(state, found, principal)}
    return json_response(shown, etag=transaction.version(stream_of(id)))


async def own_visit(transaction: Transaction, id: str, principal: Principal) -> tuple[RequestState, Visit]:
    """The visit, if it is there for this caller. Raises Refused `not-found`."""
    state = await request_of_part(transaction, stream_of(id), principal)
    found = state.visit(id)
    if found is None:
        raise not_found()
    require_own_work(principal, found)
    return state, found


def _require_plans_for(principal: Principal, state: RequestState, volunteer: str) -> None:
    """A unit's client plans for those of its volunteers who are placed, a volunteer's for that one."""
    require_plans(principal)
    own = [a for a in state.active() if a.volunteer == volunteer]
    if principal.unit is not None and not any(principal.sees_work(a.volunteer, a.unit) for a in own):
        raise not_found()


async def _on_planned(
    id: str,
    request: Request,
    principal: Principal,
    kit: tuple[Desk, Commands],
    command: CommandFor,
) -> Response:
    desk, commands = kit

    async def work(transaction: Transaction) -> Answer:
        require_plans(principal)
        await own_visit(transaction, id, principal)
        stream = stream_of(id)
        after = await plan(transaction, desk.directory, stream, command(transaction))
        shown = after.visit(id)
        assert shown is not None
        return Answer(200, visit_shown(shown), etag=transaction.version(stream))

    return await commands.run(request, principal, work)
