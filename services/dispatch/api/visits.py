"""Visits take place: checked in and out, completed, corrected; or nobody opens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from services.dispatch.api import shapes
from services.dispatch.api.bodies import CheckInBody, CompletionBody
from services.dispatch.api.desk import Desk, DeskOf, OwnWriter, began, keep_text, stream_of
from services.dispatch.api.life_bodies import CheckOutBody, NoAnswerBody, VisitAmendmentBody
from services.dispatch.api.planned_visits import own_visit
from services.dispatch.api.shown import visit_shown
from services.dispatch.deciding import decide_on
from services.dispatch.domain.own_part import on_behalf_of
from services.dispatch.domain.request import Command
from services.dispatch.domain.visiting import AmendVisit, CheckIn, CheckOut, Complete, NoAnswer
from shared.folds.request import Request as RequestState
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.runtime.access import Principal
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import Commands, CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1/visits", tags=["visits"], route_class=Route)

CommandOf = Callable[[Transaction, RequestState], Awaitable[Command]]


@router.post("/{id}/check-in", summary="The volunteer is there", responses=answers(shapes.Visit))
async def check_in(
    id: str, body: CheckInBody, request: Request, principal: OwnWriter, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with the visit. By the volunteer, or on its behalf (`on_behalf_of` goes on record) by staff or the
    volunteer's unit. `occurred_at` if it was earlier than now: one that was in time corrects a visit that was
    taken for missed. 409: `visit-missed`, `visit-cancelled`, `visit-already-completed`,
    `request-not-open`, `not-the-visits-volunteer`; 422 `consent-withdrawn` if there is a `position` and the
    resident has withdrawn consent for `service`."""

    async def command(transaction: Transaction, state: RequestState) -> Command:
        details = await _position(transaction, desk, id, state, body)
        now = transaction.context.now
        times = body.occurred_at or now, now, began(transaction, stream_of(id))
        return CheckIn(id, body.method, body.reason, _whom(id, state, body, principal), *times, details)

    return await _on_visit(id, request, principal, commands, command)


@router.post("/{id}/check-out", summary="The volunteer goes away again", responses=answers(shapes.Visit))
async def check_out(
    id: str, body: CheckOutBody, request: Request, principal: OwnWriter, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with the visit; what came of it can be said later. By whom a check-in is. 409:
    `visit-not-checked-in`, `ends-before-it-starts`; 422 `consent-withdrawn` as for a check-in."""

    async def command(transaction: Transaction, state: RequestState) -> Command:
        details = await _position(transaction, desk, id, state, body)
        now = transaction.context.now
        times = body.occurred_at or now, now, began(transaction, stream_of(id))
        return CheckOut(id, body.method, body.reason, _whom(id, state, body, principal), *times, details)

    return await _on_visit(id, request, principal, commands, command)


@router.post("/{id}/complete", summary="The visit is over", responses=answers(shapes.Visit))
async def complete(
    id: str, body: CompletionBody, request: Request, principal: OwnWriter, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with the visit. 409: `visit-not-checked-in`, `visit-already-completed` with another outcome; 422
    `consent-withdrawn` if there is a `text` and the resident has withdrawn consent for `service`."""

    async def command(transaction: Transaction, state: RequestState) -> Command:
        stream = stream_of(id)
        return Complete(
            id,
            body.outcome,
            body.contact_made,
            body.started_at,
            body.ended_at,
            transaction.context.now,
            began(transaction, stream),
            await keep_text(transaction, desk, stream, state, body.text),
            await keep_text(transaction, desk, stream, state, body.opinion),
            body.follow_up,
        )

    return await _on_visit(id, request, principal, commands, command)


@router.patch("/{id}", summary="Correct what was said of a visit", responses=answers(shapes.Visit))
async def amend(
    id: str,
    body: VisitAmendmentBody,
    request: Request,
    principal: OwnWriter,
    desk: DeskOf,
    commands: CommandsOf,
) -> Response:
    """200 with the visit; what was said first stays in the log. By staff, the volunteer's unit, or the
    volunteer. 409: `visit-not-completed`, `ends-before-it-starts`, `in-the-future`, `before-the-request`; 422
    `consent-withdrawn`."""

    async def command(transaction: Transaction, state: RequestState) -> Command:
        stream = stream_of(id)
        return AmendVisit(
            id,
            body.reason,
            transaction.context.now,
            began(transaction, stream),
            body.outcome,
            body.contact_made,
            body.started_at,
            body.ended_at,
            await keep_text(transaction, desk, stream, state, body.text),
            body.follow_up,
        )

    return await _on_visit(id, request, principal, commands, command)


@router.post("/{id}/no-answer", summary="Nobody opened", responses=answers(shapes.Visit))
async def no_answer(
    id: str, body: NoAnswerBody, request: Request, principal: OwnWriter, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with the visit, `no-answer`. The second in a row at a resident of the tier `high`, at whichever of
    the resident's requests, raises a welfare check. 409: `visit-not-scheduled`, `request-not-open`; 422
    `consent-withdrawn`."""

    async def command(transaction: Transaction, state: RequestState) -> Command:
        stream, now = stream_of(id), transaction.context.now
        details = await keep_text(transaction, desk, stream, state, body.text)
        resident = None if state.created is None else state.created.resident
        before = 0
        if resident is not None and state.created is not None and state.created.tier == "high":
            await desk.catch_up()  # the visit before may have been told of a moment ago
            before = desk.requests.unanswered(resident, stream)
        at = body.occurred_at or now
        return NoAnswer(id, at, now, began(transaction, stream), details, before)

    return await _on_visit(id, request, principal, commands, command)


async def _on_visit(
    id: str, request: Request, principal: Principal, commands: Commands, command: CommandOf
) -> Response:
    async def work(transaction: Transaction) -> Answer:
        stream = stream_of(id)
        state, _ = await own_visit(transaction, id, principal)
        decided = await command(transaction, state)
        # Times of the event: what the caller says, when it says one.
        at = decided.at if isinstance(decided, CheckIn | NoAnswer) else transaction.context.now
        after = await decide_on(transaction, stream, decided, at)
        shown = after.visit(id)
        assert shown is not None
        return Answer(200, visit_shown(shown), etag=transaction.version(stream))

    return await commands.run(request, principal, work)


def _whom(id: str, state: RequestState, body: CheckInBody, principal: Principal) -> str | None:
    """On whose behalf the caller says that somebody is at the visit; None if it is the volunteer itself."""
    visit = state.visit(id)
    assert visit is not None
    return on_behalf_of(body.on_behalf_of, visit.volunteer, principal.volunteer)


async def _position(
    transaction: Transaction, desk: Desk, visit: str, state: RequestState, body: CheckInBody
) -> str | None:
    """Keep where the volunteer is sealed; its digest. Raises Refused `consent-withdrawn`."""
    if body.position is None:
        return None
    assert state.created is not None
    resident = state.created.resident
    if resident is not None:
        await desk.directory.require_consent(resident)
    # Text, since canonical JSON here has no floats; six digits are a tenth of a metre.
    position: dict[str, Json] = {
        "latitude": f"{body.position.latitude:.6f}",
        "longitude": f"{body.position.longitude:.6f}",
    }
    return transaction.seal(resident or stream_of(visit), {"position": position}, resident is not None)
