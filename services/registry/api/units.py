"""Partner units, taken on and let go."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.registry.api import shapes
from services.registry.api.bodies import EndBody, MergeBody
from services.registry.api.facts import unit_facts
from services.registry.api.lists import Admin, NamedPage, Reader, found, named, one, page_of
from services.registry.api.records import (
    Call,
    Registration,
    amend,
    community_for,
    end,
    merge,
    register,
)
from services.registry.api.unit_bodies import UnitBody, UnitChanges, contact_details
from shared.events.registry import Amendment, UnitAmended, UnitRegistered, UnitRetired
from shared.kernel.event import Event
from shared.runtime.execute import Transaction
from shared.runtime.http.bodies import Code
from shared.runtime.http.calls import CommandsOf
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.paging import page_response
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import new_id
from shared.runtime.sealed import Erased, SealedDetails
from shared.runtime.service import Service

router = APIRouter(prefix="/v1/units", tags=["units"], route_class=Route)

UNKNOWN_UNIT = "no unit has this id; GET /v1/units lists those there are"


class UnitsPage(NamedPage):
    """Which units."""

    kind: Code | None = None


@router.post("", status_code=201, summary="Take on a partner unit", responses=answers(shapes.Registered, 201))
async def register_unit(body: UnitBody, request: Request, principal: Admin, commands: CommandsOf) -> Response:
    """201 with the unit's `id`; 409 `likely-duplicate` with `candidates`, the ids of units of that name,
    unless `confirmed` is true. Contacts are kept sealed."""
    unit = new_id("unit")

    async def facts(transaction: Transaction) -> Event:
        community = community_for(principal, body.community)
        details = transaction.seal(unit, contact_details(body.contacts)) if body.contacts else None
        return unit_facts(body, community, details)

    async def candidates(facts: Event) -> tuple[str, ...]:
        return await named(request, "unit", facts.community, body.name)

    registration = Registration(unit, "/v1/units", facts, candidates=None if body.confirmed else candidates)
    return await register(commands, request, principal, registration)


@router.get("", summary="Partner units", responses=answers(listed(shapes.Unit)))
async def units(request: Request, page: Annotated[UnitsPage, Query()], principal: Reader) -> Response:
    """All units that take part, for staff; for a unit's client its own."""
    if principal.unit is not None:
        own, _ = await found(request, principal, "unit", principal.unit)
        return page_response(request, [own], None)
    return await page_of(request, principal, "unit", page, {"kind": page.kind})


@router.get("/{unit}", summary="One unit", responses=answers(shapes.Unit, headers=[ETAG]))
async def unit(unit: str, request: Request, principal: Reader) -> Response:
    """404 for a unit's client that asks for another. One that takes part no longer says why, by `ended`; one
    that was on record twice says `merged_into` which it is."""
    if not principal.sees((unit,)):
        raise not_found()
    return await one(request, principal, "unit", unit)


@router.patch("/{unit}", summary="Amend a unit", responses=answers(shapes.Registered))
async def amend_unit(
    unit: str, body: UnitChanges, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200; what is so already is no event. 409 `record-ended` if it takes part no longer."""
    service: Service = request.app.state.service

    async def changes(transaction: Transaction, facts: Event) -> Amendment:
        assert isinstance(facts, UnitRegistered)
        return UnitAmended(
            community=facts.community,
            units=(unit,),
            name=body.name,
            kind=body.kind,
            details=await _details(unit, body, facts.details, transaction, service.sealed),
            cleared=("details",) if "contacts" in body.model_fields_set and not body.contacts else (),
        )

    return await amend(Call(commands, request, principal, unit, UnitRegistered), changes)


async def _details(
    unit: str, body: UnitChanges, kept: str | None, transaction: Transaction, sealed: SealedDetails
) -> str | None:
    """The digest of the contacts, sealed anew if they are others than those that are kept."""
    if not body.contacts:
        return None
    contacts = contact_details(body.contacts)
    with suppress(Erased):  # then there is nothing to compare with
        if kept is not None and await sealed.read(kept) == contacts:
            return kept
    return transaction.seal(unit, contacts)


@router.post("/{unit}/retire", summary="Let a unit go", responses=answers(shapes.Ended))
async def retire_unit(
    unit: str, body: EndBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200; it takes part no longer."""

    def ending(facts: Event) -> Event:
        return UnitRetired(community=facts.community, units=(unit,), reason=body.reason)

    return await end(Call(commands, request, principal, unit, UnitRegistered), ending)


@router.post("/{unit}/merge", summary="Say that a unit was on record twice", responses=answers(shapes.Merged))
async def merge_unit(
    unit: str, body: MergeBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200; this record ends, with `merged_into`, and the history of both is kept. 409 `cannot-merge`."""
    return await merge(Call(commands, request, principal, unit, UnitRegistered), body.into)
