"""Visits: scheduled, checked in, completed."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from services.dispatch.api import shapes
from services.dispatch.api.bodies import CheckInBody, CompletionBody, PlacementBody
from services.dispatch.api.desk import REQUESTS, Coordinator, Desk, DeskOf, Writer, book, request_for
from services.dispatch.api.shown import visit_shown
from services.dispatch.domain.request import CheckIn, Command, Complete, ScheduleVisit
from shared.folds.request import Request as RequestState
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, Refused, require
from shared.kernel.times import parse_time
from shared.runtime.access import Principal
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import Commands, CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1", tags=["visits"], route_class=Route)


@router.post(
    "/requests/{id}/visits",
    status_code=201,
    summary="Schedule a visit",
    responses=answers(shapes.Visit, 201, 200),
)
async def schedule(
    id: str, body: PlacementBody, request: Request, principal: Coordinator, commands: CommandsOf
) -> Response:
    """201 with the visit. 409: `volunteer-not-assigned`, `volunteer-not-free`.

    A visit inside its assignment's slot is that duty; another one is booked as a duty of its own.
    """

    async def work(transaction: Transaction) -> Answer:
        state = await request_for(transaction, id, principal)
        fresh = f"{id}.visit-{len(state.visits) + 1}"
        after = await transaction.decide(REQUESTS, id, ScheduleVisit(fresh, body.volunteer, body.slot))
        visit = next(v for v in after.visits if v.volunteer == body.volunteer and v.slot == body.slot)
        own = [a for a in after.assignments if a.volunteer == visit.volunteer]
        if not any(a.slot.start <= visit.slot.start and visit.slot.end <= a.slot.end for a in own):
            await book(transaction, after, visit.id, (visit.volunteer, visit.unit, visit.slot))
        status = 201 if transaction.events else 200
        return Answer(status, visit_shown(visit), f"/v1/requests/{id}", transaction.version(id))

    return await commands.run(request, principal, work)


@router.post(
    "/visits/{id}/check-in",
    summary="The volunteer is there",
    responses=answers(shapes.Visit),
)
async def check_in(
    id: str, body: CheckInBody, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with the visit. By staff, or by the volunteer's unit. `occurred_at` if it was earlier than now. 422
    `consent-withdrawn` if there is a `position` and the resident has withdrawn consent for `service`."""

    def command(transaction: Transaction, state: RequestState) -> Command:
        now = transaction.context.now
        details = None
        if body.position is not None:
            # Text, since canonical JSON here has no floats; six digits are a tenth of a metre.
            position: dict[str, Json] = {
                "latitude": f"{body.position.latitude:.6f}",
                "longitude": f"{body.position.longitude:.6f}",
            }
            details = transaction.seal(_subject(id, state), {"position": position})
        at = body.occurred_at or now
        created_at = parse_time(transaction.began(id.partition(".")[0]))
        return CheckIn(id, body.method, body.reason, body.on_behalf_of, at, now, created_at, details)

    keeps = desk if body.position is not None else None
    return await _on_visit(id, request, principal, commands, command, keeps)


@router.post("/visits/{id}/complete", summary="The visit is over", responses=answers(shapes.Visit))
async def complete(
    id: str, body: CompletionBody, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with the visit. 409: `visit-not-checked-in`, `visit-already-completed` with another outcome; 422
    `consent-withdrawn` if there is a `text` and the resident has withdrawn consent for `service`."""

    def command(transaction: Transaction, state: RequestState) -> Command:
        details = None
        if body.text is not None:
            details = transaction.seal(_subject(id, state), {"text": body.text})
        return Complete(
            id,
            body.outcome,
            body.contact_made,
            body.started_at,
            body.ended_at,
            transaction.context.now,
            parse_time(transaction.began(id.partition(".")[0])),
            details,
        )

    keeps = desk if body.text is not None else None
    return await _on_visit(id, request, principal, commands, command, keeps)


async def _on_visit(
    id: str,
    request: Request,
    principal: Principal,
    commands: Commands,
    command: Callable[[Transaction, RequestState], Command],
    keeps: Desk | None,
) -> Response:
    """`keeps` is the desk if something is to be kept of the resident, which needs the consent."""
    stream = id.partition(".")[0]

    async def work(transaction: Transaction) -> Answer:
        state = await request_for(transaction, stream, principal)
        visit = state.visit(id)
        if visit is None:
            raise Refused("not-found", NOT_FOUND)
        require(principal.sees((visit.unit,)), "not-found", NOT_FOUND)
        if keeps is not None and state.created is not None and state.created.resident is not None:
            await keeps.directory.require_consent(state.created.resident)
        # Times of the event: what the caller says, when it says one.
        decided = command(transaction, state)
        at = decided.at if isinstance(decided, CheckIn) else transaction.context.now
        after = await transaction.decide(REQUESTS, stream, decided, at)
        shown = after.visit(id)
        assert shown is not None
        return Answer(200, visit_shown(shown), etag=transaction.version(stream))

    return await commands.run(request, principal, work)


def _subject(visit: str, state: RequestState) -> str:
    """Whose detail it is: the resident's, or the request's where there is none."""
    created = state.created
    return created.resident if created is not None and created.resident else visit.partition(".")[0]
