"""Between units: referrals, and calls by the whistle."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from fastapi import APIRouter, Request, Response

from services.dispatch.api import life_shapes as shapes
from services.dispatch.api.capacities import capacity_of
from services.dispatch.api.desk import (
    Desk,
    DeskOf,
    Writer,
    keep_text,
    request_for,
    require_leads,
    require_own,
    standing,
    stream_of,
)
from services.dispatch.api.life_bodies import (
    ReferralBody,
    ReferralDeclineBody,
    ReportBody,
    WhistleBody,
)
from services.dispatch.api.shown import referral_shown, whistle_shown
from services.dispatch.deciding import decide_on
from services.dispatch.domain.between_units import (
    AcceptReferral,
    BlowWhistle,
    DeclineReferral,
    Refer,
    ReportIn,
)
from services.dispatch.domain.decision import not_found
from services.dispatch.domain.refusals import NO_AGREEMENT
from services.dispatch.domain.request import Command
from services.dispatch.offering import offer_to_the_best
from shared.folds.request import Referral
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.decider import require
from shared.runtime.access import Principal
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import Commands, CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1", tags=["between units"], route_class=Route)

ANSWER_WITHIN = timedelta(days=1)

CommandFor = Callable[[Transaction], Command]


@router.post(
    "/requests/{id}/referrals",
    status_code=201,
    summary="Ask a unit to take a request over",
    responses=answers(shapes.Referral, 201, 200),
)
async def refer(
    id: str, body: ReferralBody, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """201 with the referral, `offered` until `expires_at`; the request is `referred` meanwhile. By staff, by
    the lead unit of the service, and by the unit that has taken it over.

    409: `unit-full`, `unit-has-waiting-list`, `volunteer-placed`, `offer-open`, `visit-open`,
    `already-responsible`, `request-not-triaged`, `request-not-open`; 422: `no-agreement-for-service`,
    `unknown-unit`, `expiry-out-of-range`; 403 `not-in-charge`.
    """

    async def work(transaction: Transaction) -> Answer:
        state = await request_for(transaction, id, principal)
        require_leads(principal, state)
        assert state.created is not None
        await desk.directory.require_unit(body.unit, state.created.community)
        covered = desk.service.keys.agreements.covers(body.unit, state.created.service)
        require(covered, "no-agreement-for-service", NO_AGREEMENT)
        now = transaction.context.now
        command = Refer(
            id=f"{id}.referral-{len(state.referrals) + 1}",
            unit=body.unit,
            from_unit=principal.unit,
            reason=body.reason,
            capacity=await capacity_of(transaction, body.unit, state.created.service),
            waitlist=body.waitlist,
            expires_at=body.expires_at or now + ANSWER_WITHIN,
            now=now,
            basis=desk.basis(),
        )
        after = await decide_on(transaction, id, command)
        asked = next(r for r in after.referrals if r.unit == body.unit and r.status == "offered")
        status = 201 if transaction.events else 200
        return _referral_answer(status, id, asked, principal, transaction, f"/v1/requests/{id}")

    return await commands.run(request, principal, work)


@router.post(
    "/referrals/{id}/accept", summary="The unit takes the request over", responses=answers(shapes.Referral)
)
async def accept(
    id: str, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with the referral, `accepted`; the request is `triaged`, and the unit places its own volunteers on
    it. By the unit, or by staff for it. 409 `referral-over`."""

    def command(transaction: Transaction) -> Command:
        return AcceptReferral(id, transaction.context.now)

    return await _on_referral(id, request, principal, (desk, commands), command)


@router.post(
    "/referrals/{id}/decline", summary="The unit does not take it over", responses=answers(shapes.Referral)
)
async def decline(
    id: str,
    body: ReferralDeclineBody,
    request: Request,
    principal: Writer,
    desk: DeskOf,
    commands: CommandsOf,
) -> Response:
    """200 with the referral, `declined`; the request is `triaged` again. By the unit, or by staff for it. 409
    `referral-over`."""

    def command(_: Transaction) -> Command:
        return DeclineReferral(id, body.reason)

    return await _on_referral(id, request, principal, (desk, commands), command)


@router.post(
    "/requests/{id}/whistles",
    status_code=201,
    summary="Call units in",
    responses=answers(shapes.Called, 201, 200),
)
async def blow(
    id: str, body: WhistleBody, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """201 with the calls, one for each unit: each reports in within `response_minutes`, or the community's
    office hears of it, and then the committee. By staff, by the lead unit of the service, and by the unit
    that has taken the request over. 409 `request-not-open`; 422 `unknown-unit`; 403 `not-in-charge`."""

    async def work(transaction: Transaction) -> Answer:
        state = await request_for(transaction, id, principal)
        require_leads(principal, state)
        assert state.created is not None
        units = list(dict.fromkeys(body.units))
        for unit in units:
            await desk.directory.require_unit(unit, state.created.community)
        first = len(state.whistles) + 1
        calls = [(f"{id}.whistle-{first + nth}", unit) for nth, unit in enumerate(units)]
        command = BlowWhistle(
            calls, principal.unit, body.reason, body.response_minutes, transaction.context.now
        )
        after = await decide_on(transaction, id, command)
        # Of another unit's calls a unit sees those that it has just made.
        own = {id for id, _ in calls}
        seen = [w for w in after.whistles if w.unit in units and (principal.unit is None or w.id in own)]
        shown: list[Json] = [whistle_shown(w) for w in seen]
        answer = standing(id, after, transaction, whistles=shown)
        return Answer(201 if transaction.events else 200, answer.body, f"/v1/requests/{id}", answer.etag)

    return await commands.run(request, principal, work)


@router.post(
    "/whistles/{id}/report", summary="A unit that was called reports in", responses=answers(shapes.Whistle)
)
async def report_in(
    id: str, body: ReportBody, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with the call. By the unit, or by staff for it. One that cannot come is reported on to the
    community's office. 422 `consent-withdrawn` if there is a `text`."""

    async def work(transaction: Transaction) -> Answer:
        stream = stream_of(id)
        state = await request_for(transaction, stream, principal)
        found = state.whistle(id)
        if found is None:
            raise not_found()
        require_own(principal, found.unit)
        details = await keep_text(transaction, desk, stream, state, body.text)
        after = await decide_on(transaction, stream, ReportIn(id, body.outcome, details))
        shown = after.whistle(id)
        assert shown is not None
        return Answer(200, whistle_shown(shown), etag=transaction.version(stream))

    return await commands.run(request, principal, work)


async def _on_referral(
    id: str,
    request: Request,
    principal: Principal,
    kit: tuple[Desk, Commands],
    command: CommandFor,
) -> Response:
    desk, commands = kit

    async def work(transaction: Transaction) -> Answer:
        stream = stream_of(id)
        state = await request_for(transaction, stream, principal)
        found = state.referral(id)
        if found is None:
            raise not_found()
        require_own(principal, found.unit)
        after = await decide_on(transaction, stream, command(transaction))
        shown = after.referral(id)
        assert shown is not None
        answer = _referral_answer(200, stream, shown, principal, transaction)
        if transaction.events:
            await offer_to_the_best(transaction, desk.matchmaker, stream, desk.basis())
        return answer

    return await commands.run(request, principal, work)


def _referral_answer(
    status: int,
    id: str,
    referral: Referral,
    principal: Principal,
    transaction: Transaction,
    location: str | None = None,
) -> Answer:
    version = transaction.version(id)
    body: dict[str, Json] = {**referral_shown(referral, principal), "request": id, "version": version}
    return Answer(status, body, location, version)
