"""Co-build agreements: by them a unit's clients come in, and see no more than was agreed on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.registry.agreement_clock import AGREEMENTS
from services.registry.api import agreement_shapes as shapes
from services.registry.api.agreement_bodies import AgreementBody, AgreementChanges, RenewBody, SignBody
from services.registry.api.agreements_shown import changed, with_status
from services.registry.api.bodies import EndBody, in_order
from services.registry.api.facts import agreement_facts
from services.registry.api.lists import Admin, Reader, RecordsPage, found, items_of, own_log_heard
from services.registry.api.persons import DetailsReader, PurposeQuery, show_details
from services.registry.api.records import community_for, may_reach, must_exist
from services.registry.api.shapes import Registered
from services.registry.api.units import UNKNOWN_UNIT
from services.registry.domain.agreement import Command, Renew, Sign
from services.registry.domain.record import Amend, End, Register
from shared.events.registry import (
    AgreementAmended,
    AgreementDrafted,
    AgreementEnded,
    ServicePublished,
    UnitRegistered,
)
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, require
from shared.runtime.access import Principal
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import POSITION, Commands, CommandsOf, json_response
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.paging import page_response
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id, new_id

router = APIRouter(prefix="/v1/agreements", tags=["agreements"], route_class=Route)

UNKNOWN_SERVICE = "no service of this community has one of these ids; GET /v1/services lists those there are"


class AgreementsPage(RecordsPage):
    """Which agreements."""

    unit: Id | None = None
    service: Id | None = None


@router.post(
    "", status_code=201, summary="Draw up an agreement with a unit", responses=answers(Registered, 201)
)
async def draft(body: AgreementBody, request: Request, principal: Admin, commands: CommandsOf) -> Response:
    """201 with the agreement's `id`. Nothing holds by it before it is signed. 422: unknown-unit,
    unknown-service, agreement-backward, details-not-covered."""
    id = new_id("agreement")

    async def work(transaction: Transaction) -> Answer:
        community = community_for(principal, body.community)
        await must_exist(transaction, body.unit, UnitRegistered, "unknown-unit", UNKNOWN_UNIT, community)
        await _services_exist(transaction, body.services, community)
        await transaction.begin(AGREEMENTS, id, Register(agreement_facts(body, community)))
        return Answer(201, {"id": id}, f"/v1/agreements/{id}", 1)

    return await commands.run(request, principal, work)


@dataclass(frozen=True, slots=True)
class _Change:
    """What a call does with the agreement `id`: `make` makes the command of the facts that there are."""

    id: str
    make: Callable[[Transaction, AgreementDrafted], Awaitable[Command]]

    async def run(self, request: Request, principal: Principal, commands: Commands) -> Response:
        """200 with the id and the times between which it holds."""

        async def work(transaction: Transaction) -> Answer:
            facts = (await transaction.load(AGREEMENTS, self.id)).facts
            known = isinstance(facts, AgreementDrafted) and may_reach(principal, self.id, facts)
            require(known, "not-found", NOT_FOUND)
            assert isinstance(facts, AgreementDrafted)
            after = await transaction.decide(AGREEMENTS, self.id, await self.make(transaction, facts))
            assert isinstance(after.facts, AgreementDrafted)
            return Answer(
                200, changed(self.id, after, transaction.context.now), etag=transaction.version(self.id)
            )

        response = await commands.run(request, principal, work)
        await own_log_heard(request)  # so that what is answered holds here from now on
        return response


async def _unit_is_there(transaction: Transaction, facts: AgreementDrafted) -> None:
    unit, community = facts.unit, facts.community
    await must_exist(transaction, unit, UnitRegistered, "unknown-unit", UNKNOWN_UNIT, community)


async def _services_exist(transaction: Transaction, services: list[str], community: str) -> None:
    for service in sorted(set(services)):
        code = "unknown-service"
        await must_exist(transaction, service, ServicePublished, code, UNKNOWN_SERVICE, community)


@router.get("", summary="Agreements", responses=answers(listed(shapes.Agreement)))
async def agreements(
    request: Request, page: Annotated[AgreementsPage, Query()], principal: Reader
) -> Response:
    """Drafts and those that hold or are to hold; for a unit's client its own."""
    if principal.unit is not None and page.unit not in (None, principal.unit):
        raise not_found()
    only = {"unit": principal.unit or page.unit, "services": page.service}
    items, following = await items_of(request, principal, "agreement", page, only)
    return page_response(request, [with_status(item) for item in items], following)


@router.get("/{agreement}", summary="One agreement", responses=answers(shapes.Agreement, headers=[ETAG]))
async def agreement(agreement: str, request: Request, principal: Reader) -> Response:
    """`status` is draft, signed (it has not begun), in-force, expired or ended. 404 for another unit's."""
    said, version = await found(request, principal, "agreement", agreement)
    if not principal.sees((str(said["unit"]),)):
        raise not_found()
    return json_response(with_status(said), etag=version)


@router.patch("/{agreement}", summary="Amend a draft", responses=answers(shapes.Signed))
async def amend_agreement(
    agreement: str, body: AgreementChanges, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200; what is so already is no event. 409 `agreement-signed`: what was signed stays as it is."""

    async def make(transaction: Transaction, facts: AgreementDrafted) -> Command:
        await _services_exist(transaction, body.services or [], facts.community)
        return Amend(
            AgreementAmended(
                community=facts.community,
                units=(facts.unit,),
                services=None if body.services is None else in_order(body.services),
                details_of=None if body.details_of is None else in_order(body.details_of),
                starts_at=body.starts_at,
                ends_at=body.ends_at,
            )
        )

    return await _Change(agreement, make).run(request, principal, commands)


@router.post("/{agreement}/sign", summary="Put an agreement in force", responses=answers(shapes.Signed))
async def sign(
    agreement: str, body: SignBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200; from `starts_at` on the unit's clients get tokens, and see the details of `details_of`. 422
    `agreement-over` if its end has come already."""

    async def make(transaction: Transaction, facts: AgreementDrafted) -> Command:
        now = transaction.context.now
        await _unit_is_there(transaction, facts)
        people = [each.details() for each in body.signatories]
        # Of the agreement's own stream, not of a person who could ask for an erasure by that id.
        details = transaction.seal(agreement, {"signatories": [*people]}) if people else None
        return Sign(body.signed_at or now, now, details)

    return await _Change(agreement, make).run(request, principal, commands)


@router.post(
    "/{agreement}/renew", summary="Let an agreement hold for longer", responses=answers(shapes.Signed)
)
async def renew(
    agreement: str, body: RenewBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200, also for the end that it has already. 409 `agreement-not-signed`, 422 `not-later`."""

    async def make(transaction: Transaction, facts: AgreementDrafted) -> Command:
        await _unit_is_there(transaction, facts)
        return Renew(body.ends_at, transaction.context.now)

    return await _Change(agreement, make).run(request, principal, commands)


@router.post("/{agreement}/end", summary="End an agreement", responses=answers(shapes.Signed))
async def end_agreement(
    agreement: str, body: EndBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200; within seconds no service lets the unit's clients in by it, and the unit is told nothing more."""

    async def make(_: Transaction, facts: AgreementDrafted) -> Command:
        units = (facts.unit,)
        ended = AgreementEnded(community=facts.community, units=units, unit=facts.unit, reason=body.reason)
        return End(ended)

    return await _Change(agreement, make).run(request, principal, commands)


@router.get(
    "/{agreement}/details",
    summary="Who signed an agreement",
    responses=answers(shapes.Signatories, headers=[POSITION]),
)
async def signatories(
    agreement: str,
    query: Annotated[PurposeQuery, Query()],
    request: Request,
    principal: DetailsReader,
    commands: CommandsOf,
) -> Response:
    """The reading is recorded as `details-viewed`."""
    facts = (await commands.read(request, principal).load(AGREEMENTS, agreement)).facts
    if not isinstance(facts, AgreementDrafted) or not may_reach(principal, agreement, facts):
        raise not_found()
    return await show_details(agreement, facts, query.purpose, (request, principal, commands))
