"""The catalogue of services."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request, Response

from services.registry.api import shapes
from services.registry.api.bodies import EndBody, ServiceBody, ServiceChanges, in_order
from services.registry.api.facts import service_facts, units_of
from services.registry.api.lists import Admin, NamedPage, Reader, one, page_of
from services.registry.api.records import (
    Call,
    Registration,
    amend,
    community_for,
    end,
    must_exist,
    register,
)
from services.registry.api.units import UNKNOWN_UNIT
from shared.events.registry import (
    Amendment,
    ServiceAmended,
    ServicePublished,
    ServiceWithdrawn,
    UnitRegistered,
)
from shared.kernel.event import Event
from shared.runtime.execute import Transaction
from shared.runtime.http.bodies import Code
from shared.runtime.http.calls import CommandsOf
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id, new_id

router = APIRouter(prefix="/v1/services", tags=["catalogue"], route_class=Route)


T = TypeVar("T", bound=str)


def _changed_codes(said: Iterable[T] | None) -> tuple[T, ...] | None:
    return None if said is None else in_order(said)


async def _must_take_part(transaction: Transaction, units: Iterable[str], community: str) -> None:
    for unit in units:
        await must_exist(transaction, unit, UnitRegistered, "unknown-unit", UNKNOWN_UNIT, community)


class ServicesPage(NamedPage):
    """Which services."""

    category: Code | None = None
    lead_unit: Id | None = None
    supporting_unit: Id | None = None
    skill: Code | None = None


@router.post(
    "",
    status_code=201,
    summary="Publish a service in the catalogue",
    responses=answers(shapes.Registered, 201),
)
async def publish_service(
    body: ServiceBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """201 with the service's `id`; 422 `unknown-unit`."""

    async def facts(transaction: Transaction) -> Event:
        community = community_for(principal, body.community)
        await _must_take_part(transaction, units_of(body), community)
        return service_facts(body, community)

    return await register(
        commands, request, principal, Registration(new_id("service"), "/v1/services", facts)
    )


@router.get("", summary="The catalogue", responses=answers(listed(shapes.Service)))
async def services(request: Request, page: Annotated[ServicesPage, Query()], principal: Reader) -> Response:
    """Services by id, with names, lead and supporting units, response time and skills."""
    only = {
        "category": page.category,
        "lead_unit": page.lead_unit,
        "supporting_units": page.supporting_unit,
        "skills": page.skill,
    }
    return await page_of(request, principal, "service", page, only)


@router.get("/{service}", summary="One service", responses=answers(shapes.Service, headers=[ETAG]))
async def service(service: str, request: Request, principal: Reader) -> Response:
    """404 if it is not in the catalogue."""
    return await one(request, principal, "service", service)


@router.patch("/{service}", summary="Amend a service", responses=answers(shapes.Registered))
async def amend_service(
    service: str, body: ServiceChanges, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200; it holds for what is asked for from then on. 422 `unknown-unit`; 409 `record-ended`."""

    async def changes(transaction: Transaction, facts: Event) -> Amendment:
        assert isinstance(facts, ServicePublished)
        before = (facts.lead_unit, *facts.supporting_units)
        lead = body.lead_unit or facts.lead_unit
        others = facts.supporting_units if body.supporting_units is None else body.supporting_units
        after = tuple(dict.fromkeys((lead, *others)))
        # Those that it has already may have left since, which is no obstacle to changing something else.
        await _must_take_part(transaction, [unit for unit in after if unit not in before], facts.community)
        return _amendment(facts, body, after, tuple(dict.fromkeys((*after, *before))))

    return await amend(Call(commands, request, principal, service, ServicePublished), changes)


def _amendment(
    facts: ServicePublished, body: ServiceChanges, units: tuple[str, ...], concerned: tuple[str, ...]
) -> ServiceAmended:
    """What `body` says, of a service that is led by the first of `units` and supported by the others."""
    return ServiceAmended(
        community=facts.community,
        units=concerned,
        cleared=body.cleared(),
        name=body.name.name() if body.name is not None else None,
        category=body.category,
        lead_unit=units[0],
        supporting_units=units[1:],
        response_minutes=body.response_minutes,
        working_hours=body.working_hours,
        skills=_changed_codes(body.skills),
        enters_home=body.enters_home,
        training=_changed_codes(body.training),
        eligible_tiers=_changed_codes(body.eligible_tiers),
        eligible_circumstances=_changed_codes(body.eligible_circumstances),
        public=body.public,
        matching=body.matching,
    )


@router.post("/{service}/withdraw", summary="Withdraw a service", responses=answers(shapes.Ended))
async def withdraw_service(
    service: str, body: EndBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200; nothing new can be asked for under it, and what was asked for goes on."""

    def ending(facts: Event) -> Event:
        assert isinstance(facts, ServicePublished)
        units = (facts.lead_unit, *facts.supporting_units)
        return ServiceWithdrawn(community=facts.community, units=units, reason=body.reason)

    return await end(Call(commands, request, principal, service, ServicePublished), ending)
