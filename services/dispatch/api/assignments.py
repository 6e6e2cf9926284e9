"""Who goes: offers and placements, by staff and by the unit that has taken a request over."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response

from services.dispatch.api import life_shapes, shapes
from services.dispatch.api.bodies import PlacementBody
from services.dispatch.api.desk import (
    Desk,
    DeskOf,
    OwnWriter,
    Writer,
    request_for,
    request_of_part,
    require_in_charge,
    require_own,
    require_own_work,
    stream_of,
)
from services.dispatch.api.life_bodies import DeclineBody, OfferBody, ReassignBody, ReleaseBody
from services.dispatch.api.shown import assignment_shown
from services.dispatch.deciding import decide_on, place
from services.dispatch.domain.decision import Volunteer, not_found
from services.dispatch.domain.placing import (
    Accept,
    AssignVolunteer,
    Decline,
    Offer,
    Reassign,
    Release,
)
from services.dispatch.offering import answer_by, fresh_assignment, offer_to_the_best
from shared.events.dispatch import Slot
from shared.folds.request import Assignment
from shared.folds.request import Request as RequestState
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.runtime.access import Principal
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import Commands, CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1", tags=["assignments"], route_class=Route)


async def _volunteer(desk: Desk, principal: Principal, id: str, state: RequestState) -> Volunteer:
    """A volunteer as dispatch knows it; a unit's client has its own alone."""
    assert state.created is not None
    known = await desk.directory.volunteer(id, state.created.community)
    require_own(principal, known.unit)
    return Volunteer(id, known.unit)


@router.post(
    "/requests/{id}/offers",
    status_code=201,
    summary="Ask a volunteer to go",
    responses=answers(life_shapes.Offered, 201, 200),
)
async def offer(
    id: str, body: OfferBody, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """201 with the assignment, `offered` until `expires_at`. By staff, and by the unit that has taken the
    request over, for its own volunteers.

    409: `volunteer-not-free` (naming the duty), `load-cap-reached`, `training-missing`, `training-expired`,
    `volunteer-suspended`, `volunteer-not-active`, `slot-taken`, `request-not-triaged`, `request-not-open`,
    `slot-in-the-past`; 422: `unknown-volunteer`, `expiry-out-of-range`.
    """

    async def work(transaction: Transaction) -> Answer:
        state = await request_for(transaction, id, principal)
        require_in_charge(principal, state)
        who = await _volunteer(desk, principal, body.volunteer, state)
        now = transaction.context.now
        expires_at = body.expires_at or answer_by(body.slot, now)
        fresh = fresh_assignment(id, state)
        command = Offer(fresh, who, body.slot, expires_at, now, desk.basis())

        def asked(after: RequestState) -> Assignment:
            found = (a for a in after.assignments if a.volunteer == who.id and a.slot == body.slot)
            return [a for a in found if a.status in ("offered", "accepted")][-1]

        _, placed = await place(transaction, desk.directory, id, command, asked)
        return _answer(201 if transaction.events else 200, id, placed, transaction, f"/v1/requests/{id}")

    return await commands.run(request, principal, work)


@router.post(
    "/requests/{id}/assignments",
    status_code=201,
    summary="Place a volunteer on a request",
    responses=answers(shapes.Placed, 201, 200),
)
async def assign(
    id: str, body: PlacementBody, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """201 with the assignment's `id` and status `assigned`. By staff, and by the unit that has taken the
    request over, for its own volunteers.

    409: `volunteer-not-free` (naming the duty in conflict), `load-cap-reached`, `training-missing`,
    `training-expired`, `volunteer-suspended`, `volunteer-not-active`, `slot-taken`, `request-not-triaged`,
    `request-not-open`, `slot-in-the-past`; 422: `unknown-volunteer`.
    """

    async def work(transaction: Transaction) -> Answer:
        state = await request_for(transaction, id, principal)
        require_in_charge(principal, state)
        who = await _volunteer(desk, principal, body.volunteer, state)
        fresh = fresh_assignment(id, state)
        command = AssignVolunteer(fresh, who, body.slot, transaction.context.now, desk.basis())
        after, placed = await place(transaction, desk.directory, id, command, _placed(who.id, body.slot))
        version = transaction.version(id)
        answer: dict[str, Json] = {"id": placed.id, "request": id, "status": after.status, "version": version}
        return Answer(201 if transaction.events else 200, answer, f"/v1/requests/{id}", version)

    return await commands.run(request, principal, work)


@router.post("/assignments/{id}/accept", summary="The volunteer goes", responses=answers(life_shapes.Offered))
async def accept(
    id: str, request: Request, principal: OwnWriter, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with the assignment, `accepted`. By staff, the volunteer's unit, or the volunteer. 409:
    `offer-over`, and what placing directly answers."""

    async def work(transaction: Transaction) -> Answer:
        stream, _, found = await own_assignment(transaction, id, principal)
        command = Accept(found.id, transaction.context.now, desk.basis())
        _, placed = await place(transaction, desk.directory, stream, command, _by_id(found.id))
        return _answer(200, stream, placed, transaction)

    return await commands.run(request, principal, work)


@router.post(
    "/assignments/{id}/decline", summary="The volunteer does not go", responses=answers(life_shapes.Offered)
)
async def decline(
    id: str, body: DeclineBody, request: Request, principal: OwnWriter, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with the assignment, `declined`. By staff, the volunteer's unit, or the volunteer. If the service's
    `matching` is `auto`, the next best is asked. 409 `offer-over`."""
    return await _does_not_go(Decline(id, body.reason), request, principal, desk, commands)


@router.post(
    "/assignments/{id}/release",
    summary="The volunteer does not go after all",
    responses=answers(life_shapes.Offered),
)
async def release(
    id: str, body: ReleaseBody, request: Request, principal: OwnWriter, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with the assignment, `released`; the visits planned by it are cancelled. By staff, the volunteer's
    unit, or the volunteer. 409: `assignment-not-active`, `visit-under-way`."""
    return await _does_not_go(Release(id, body.reason), request, principal, desk, commands)


@router.post(
    "/assignments/{id}/reassign",
    status_code=201,
    summary="Another volunteer goes instead",
    responses=answers(life_shapes.Offered, 201, 200),
)
async def reassign(
    id: str, body: ReassignBody, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """201 with the new assignment, in the same slot; open visits come along. By staff, and by the unit that
    has taken the request over, for its own volunteers. 409: `assignment-not-active`, `visit-under-way`, and
    what placing directly answers."""

    async def work(transaction: Transaction) -> Answer:
        stream, state, found = await own_assignment(transaction, id, principal)
        require_in_charge(principal, state)
        who = await _volunteer(desk, principal, body.volunteer, state)
        fresh = fresh_assignment(stream, state)
        command = Reassign(id, fresh, who, body.reason, transaction.context.now, desk.basis())
        _, placed = await place(transaction, desk.directory, stream, command, _placed(who.id, found.slot))
        return _answer(
            201 if transaction.events else 200, stream, placed, transaction, f"/v1/requests/{stream}"
        )

    return await commands.run(request, principal, work)


async def _does_not_go(
    command: Decline | Release, request: Request, principal: Principal, desk: Desk, commands: Commands
) -> Response:
    """The assignment after `command`; somebody else may be asked in the same commit."""

    async def work(transaction: Transaction) -> Answer:
        stream, _, _ = await own_assignment(transaction, command.assignment, principal)
        after = await decide_on(transaction, stream, command)
        answer = _answer(200, stream, _by_id(command.assignment)(after), transaction)
        if transaction.events:
            await offer_to_the_best(transaction, desk.matchmaker, stream, desk.basis())
        return answer

    return await commands.run(request, principal, work)


async def own_assignment(
    transaction: Transaction, id: str, principal: Principal
) -> tuple[str, RequestState, Assignment]:
    """The assignment with its request, if it is there for this caller. Raises Refused `not-found`."""
    stream = stream_of(id)
    state = await request_of_part(transaction, stream, principal)
    found = state.find_assignment(id)
    if found is None:
        raise not_found()
    require_own_work(principal, found)
    return stream, state, found


def _placed(volunteer: str, slot: Slot) -> Callable[[RequestState], Assignment]:
    def find(state: RequestState) -> Assignment:
        found = state.assignment(volunteer, slot)
        assert found is not None
        return found

    return find


def _by_id(id: str) -> Callable[[RequestState], Assignment]:
    def find(state: RequestState) -> Assignment:
        found = state.find_assignment(id)
        assert found is not None
        return found

    return find


def _answer(
    status: int, id: str, assignment: Assignment, transaction: Transaction, location: str | None = None
) -> Answer:
    version = transaction.version(id)
    body = {**assignment_shown(assignment), "request": id, "version": version}
    return Answer(status, body, location, version)
