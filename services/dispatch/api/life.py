"""A request's way: corrected, merged, rejected, withdrawn, put aside, resolved, rated, reopened, closed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response

from services.dispatch.api import life_shapes as shapes
from services.dispatch.api.desk import Coordinator, Desk, DeskOf, keep_text, request_for, standing
from services.dispatch.api.life_bodies import (
    AmendmentBody,
    HoldBody,
    MergeBody,
    RatingBody,
    RejectionBody,
    ReopeningBody,
    ResolutionBody,
    WithdrawalBody,
)
from services.dispatch.deciding import decide_on
from services.dispatch.domain.ending import Close, Rate, Reopen, Resolve
from services.dispatch.domain.intake import Amend, JoinDuplicate, MarkDuplicate, Reject, Withdraw
from services.dispatch.domain.pausing import Hold, Resume
from services.dispatch.domain.request import Command
from services.dispatch.offering import offer_to_the_best
from shared.folds.request import Request as RequestState
from shared.kernel.commit import Answer
from shared.kernel.times import format_time
from shared.runtime.access import Principal
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import Commands, CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1/requests", tags=["life of a request"], route_class=Route)

CommandOf = Callable[[Transaction, RequestState], Awaitable[Command]]


async def _run(
    id: str,
    request: Request,
    principal: Principal,
    kit: tuple[Desk, Commands],
    command: CommandOf,
) -> Response:
    """One command on one request; the answer says how it stands."""
    desk, commands = kit

    async def work(transaction: Transaction) -> Answer:
        state = await request_for(transaction, id, principal)
        after = await decide_on(transaction, id, await command(transaction, state))
        if transaction.events:
            after = await offer_to_the_best(transaction, desk.matchmaker, id, desk.basis())
        return standing(
            id,
            after,
            transaction,
            due=None if after.due is None else format_time(after.due),
            until=None if after.hold is None else format_time(after.hold.until),
            reopen_until=None if after.reopen_until is None else format_time(after.reopen_until),
            target=after.target,
        )

    return await commands.run(request, principal, work)


@router.patch("/{id}", summary="Correct what was said of a request", responses=answers(shapes.Standing))
async def amend(
    id: str,
    body: AmendmentBody,
    request: Request,
    principal: Coordinator,
    desk: DeskOf,
    commands: CommandsOf,
) -> Response:
    """200. The clock is not touched. 409: `request-not-open`, `request-not-triaged` (a priority before the
    triage), `resident-known`; 422: `unknown-grid`, `grid-retired`, `unknown-resident`,
    `consent-withdrawn`."""

    async def command(transaction: Transaction, state: RequestState) -> Command:
        assert state.created is not None
        community, tier = state.created.community, None
        if body.grid is not None:
            await desk.directory.require_grid(body.grid, community)
        if body.resident is not None:
            tier = (await desk.directory.resident(body.resident, community)).tier
            if state.details:  # what was said before is about this one too
                await desk.directory.require_consent(body.resident)
        details = await keep_text(transaction, desk, id, state, body.text, body.resident)
        return Amend(body.grid, body.priority, body.resident, tier, details)

    return await _run(id, request, principal, (desk, commands), command)


@router.post("/{id}/merge", summary="It is the same as another request", responses=answers(shapes.Standing))
async def merge(
    id: str, body: MergeBody, request: Request, principal: Coordinator, commands: CommandsOf
) -> Response:
    """200 with status `duplicate`: it closes with its target, whose units those of this one become. 409:
    `target-is-duplicate` (naming the one to merge into), `other-community`, `already-visited`,
    `request-not-open`; 422 `merged-into-itself`."""

    async def work(transaction: Transaction) -> Answer:
        before = await request_for(transaction, id, principal)
        other = await request_for(transaction, body.into, principal)
        now = transaction.context.now
        after = await decide_on(transaction, id, MarkDuplicate(id, body.into, other, now))
        await decide_on(transaction, body.into, JoinDuplicate(id, before.units))
        return standing(id, after, transaction, target=after.target)

    return await commands.run(request, principal, work)


@router.post("/{id}/reject", summary="It is not for us to meet", responses=answers(shapes.Standing))
async def reject(
    id: str, body: RejectionBody, request: Request, principal: Coordinator, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with status `rejected`; whoever was to go is released. 409: `already-visited`,
    `request-not-open`."""

    async def command(transaction: Transaction, _: RequestState) -> Command:
        return Reject(body.reason, transaction.context.now)

    return await _run(id, request, principal, (desk, commands), command)


@router.post("/{id}/withdraw", summary="Who asked wants it no longer", responses=answers(shapes.Standing))
async def withdraw(
    id: str,
    body: WithdrawalBody,
    request: Request,
    principal: Coordinator,
    desk: DeskOf,
    commands: CommandsOf,
) -> Response:
    """200 with status `withdrawn`; whoever was to go is released. 409: `visit-under-way`,
    `request-not-open`."""

    async def command(transaction: Transaction, _: RequestState) -> Command:
        return Withdraw(body.reason, transaction.context.now)

    return await _run(id, request, principal, (desk, commands), command)


@router.post("/{id}/hold", summary="Nothing can be done for a while", responses=answers(shapes.Standing))
async def hold(
    id: str, body: HoldBody, request: Request, principal: Coordinator, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with status `on-hold`: the clock stands still, until the request is resumed, at `until` by itself.
    409: `visit-open`, `offer-open`, `already-on-hold`, `request-not-open`; 422 `hold-out-of-range`."""

    async def command(transaction: Transaction, _: RequestState) -> Command:
        return Hold(body.reason, body.until, transaction.context.now)

    return await _run(id, request, principal, (desk, commands), command)


@router.post("/{id}/resume", summary="The request goes on", responses=answers(shapes.Standing))
async def resume(
    id: str, request: Request, principal: Coordinator, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with the status that it had, and `due` as far ahead as it was. 409 `request-not-open`."""

    async def command(transaction: Transaction, state: RequestState) -> Command:
        return Resume(transaction.context.now, desk.calendar(state))

    return await _run(id, request, principal, (desk, commands), command)


@router.post("/{id}/resolve", summary="It was seen to", responses=answers(shapes.Standing))
async def resolve(
    id: str,
    body: ResolutionBody,
    request: Request,
    principal: Coordinator,
    desk: DeskOf,
    commands: CommandsOf,
) -> Response:
    """200 with status `resolved`; until `reopen_until` it can be reopened, then it closes. 409: `visit-open`,
    `already-resolved` with another outcome, `request-not-open`; 422 `consent-withdrawn`."""

    async def command(transaction: Transaction, state: RequestState) -> Command:
        details = await keep_text(transaction, desk, id, state, body.text)
        return Resolve(body.outcome, transaction.context.now, details)

    return await _run(id, request, principal, (desk, commands), command)


@router.post("/{id}/rating", summary="What the requester says of it", responses=answers(shapes.Standing))
async def rate(
    id: str, body: RatingBody, request: Request, principal: Coordinator, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200. By staff, who ask the requester: no unit says how content people are with it. 409:
    `request-not-resolved`, `already-rated` otherwise; 422 `consent-withdrawn`."""

    async def command(transaction: Transaction, state: RequestState) -> Command:
        details = await keep_text(transaction, desk, id, state, body.text)
        return Rate(body.solved, body.satisfaction, details)

    return await _run(id, request, principal, (desk, commands), command)


@router.post("/{id}/reopen", summary="It is not over after all", responses=answers(shapes.Standing))
async def reopen(
    id: str,
    body: ReopeningBody,
    request: Request,
    principal: Coordinator,
    desk: DeskOf,
    commands: CommandsOf,
) -> Response:
    """200 with status `triaged` and a new `due`; the volunteer who went last is the first choice. 409:
    `reopening-window-over`, `request-not-resolved`, `request-is-duplicate`; 422 `consent-withdrawn`."""

    async def command(transaction: Transaction, state: RequestState) -> Command:
        details = await keep_text(transaction, desk, id, state, body.text)
        return Reopen(body.reason, transaction.context.now, details, desk.calendar(state))

    return await _run(id, request, principal, (desk, commands), command)


@router.post("/{id}/close", summary="Nothing more comes of it", responses=answers(shapes.Standing))
async def close(
    id: str, request: Request, principal: Coordinator, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with status `closed`, once it is rated; its duplicates close with it. 409: `window-open` before it
    is rated, `request-not-resolved`."""

    async def command(transaction: Transaction, _: RequestState) -> Command:
        return Close(transaction.context.now)

    return await _run(id, request, principal, (desk, commands), command)
