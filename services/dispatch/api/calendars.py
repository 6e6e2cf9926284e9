"""Calendars for those who have no token: by an address with a secret in it, which can be revoked."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from secrets import token_urlsafe
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.dispatch.aggregates import FEEDS
from services.dispatch.api import day_shapes as shapes
from services.dispatch.api.days import today
from services.dispatch.api.desk import Desk, DeskOf, Writer, require_own, require_plans
from services.dispatch.day import Whose, once, work_of
from services.dispatch.domain.feeds import FEED, OpenFeed, RevokeFeed, feed_stream
from services.dispatch.ical import calendar_of
from shared.events.dispatch import CalendarFeedOpened, CalendarFeedRevoked
from shared.events.index import decode
from shared.events.registry import UnitRegistered, VolunteerRegistered
from shared.folds.feed import Feed
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, Refused
from shared.kernel.times import to_milliseconds
from shared.runtime.access import Principal
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import Commands, CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.problems import not_found
from shared.runtime.http.rate import address_of
from shared.runtime.http.routes import Route
from shared.runtime.sealed import Erased

router = APIRouter(prefix="/v1", tags=["days"], route_class=Route)

BACK = timedelta(days=35)
"""How far back a calendar goes."""
OF_VOLUNTEER, OF_UNIT = "volunteer-", "unit-"


class ICalendar(Response):
    """A calendar, which nobody on the way may keep."""

    media_type = "text/calendar"


class SecretQuery(BaseModel):
    """What makes the address one that nobody can guess."""

    model_config = ConfigDict(extra="forbid")

    secret: str = Field("", max_length=100, description="as the address has it")


@router.post(
    "/volunteers/{volunteer}/calendar",
    status_code=201,
    summary="Give a volunteer's calendar an address",
    responses=answers(shapes.Feed, 201),
)
async def open_of_volunteer(
    volunteer: str, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """201 with `address`, shown here only; an earlier one is good no longer. By staff who coordinate, or the
    volunteer's unit. 409: `volunteer-suspended`, `volunteer-not-active`; 422 `unknown-volunteer`."""
    facts = await _volunteer(desk, volunteer, principal)
    await desk.directory.volunteer(volunteer, facts.community)
    return await _open(request, principal, commands, facts.community, facts.unit, volunteer)


@router.post(
    "/units/{unit}/calendar",
    status_code=201,
    summary="Give a unit's calendar an address",
    responses=answers(shapes.Feed, 201),
)
async def open_of_unit(
    unit: str, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """201 with `address`, shown here only; an earlier one is good no longer. By staff who coordinate, or the
    unit itself. 422 `unknown-unit`."""
    facts = await _unit(desk, unit, principal)
    await desk.directory.require_unit(unit, facts.community)
    return await _open(request, principal, commands, facts.community, unit, None)


@router.delete(
    "/volunteers/{volunteer}/calendar",
    summary="Revoke the address of a volunteer's calendar",
    responses=answers(shapes.Revoked),
)
async def revoke_of_volunteer(
    volunteer: str, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200. From now on nobody can read it, whoever has the address."""
    facts = await _volunteer(desk, volunteer, principal)
    return await _revoke(request, principal, commands, facts.community, facts.unit, volunteer)


@router.delete(
    "/units/{unit}/calendar",
    summary="Revoke the address of a unit's calendar",
    responses=answers(shapes.Revoked),
)
async def revoke_of_unit(
    unit: str, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200. From now on nobody can read it, whoever has the address."""
    facts = await _unit(desk, unit, principal)
    return await _revoke(request, principal, commands, facts.community, unit, None)


@router.get(
    "/calendars/{owner}.ics",
    summary="A calendar, for whoever has its address",
    response_class=ICalendar,
    responses=shapes.CALENDAR,
)
async def read(
    owner: str, query: Annotated[SecretQuery, Query()], request: Request, desk: DeskOf
) -> Response:
    """Assignments and visits from five weeks ago on, by ids and codes. 404 for a wrong secret, and as soon as
    the address is revoked, the volunteer is not active, or the unit has no agreement in force."""
    address, failures = f"calendar {address_of(request.scope)}", desk.service.keys.failures
    try:
        feed = await _feed(desk, owner, query.secret)
    except Refused:
        failures.check(address)
        failures.failed(address)
        raise not_found() from None
    await _require_in_force(desk, feed)
    whose = Whose(feed.volunteer, feed.unit if feed.by_unit or feed.volunteer is None else None)
    first = (today(desk) - BACK).isoformat()
    rows = desk.requests.on_days(first)
    found = [*once(work_of(rows, whose, {feed.community}, first))]
    names = await desk.directory.names_of({row.service for row, _ in found})
    body = calendar_of(found, names, to_milliseconds(desk.service.clock()))
    return ICalendar(body, headers={"Cache-Control": "no-store"})


async def _volunteer(desk: Desk, id: str, principal: Principal) -> VolunteerRegistered:
    require_plans(principal)
    facts = await desk.directory.volunteer_on_record(id, principal.communities)
    require_own(principal, facts.unit)
    return facts


async def _unit(desk: Desk, id: str, principal: Principal) -> UnitRegistered:
    require_plans(principal)
    require_own(principal, id)
    return await desk.directory.unit_on_record(id, principal.communities)


async def _open(
    request: Request,
    principal: Principal,
    commands: Commands,
    community: str,
    unit: str,
    volunteer: str | None,
) -> Response:
    owner, secret = volunteer or unit, token_urlsafe(32)
    stream = feed_stream(owner)
    place = f"/v1/calendars/{owner}.ics"

    async def work(transaction: Transaction) -> Answer:
        details = transaction.seal(stream, {"secret_sha256": _hashed(secret)}, person=False)
        facts = CalendarFeedOpened(
            community=community,
            units=(unit,),
            unit=unit,
            volunteer=volunteer,
            by_unit=principal.unit is not None,
            details=details,
        )
        await transaction.decide(FEEDS, stream, OpenFeed(facts))
        version = transaction.version(stream)
        return Answer(201, {"id": owner, "address": None, "version": version}, place, version)

    def shown() -> Mapping[str, Json]:
        return {"address": f"{str(request.base_url).rstrip('/')}{place}?secret={secret}"}

    return await commands.run(request, principal, work, shown)


async def _revoke(
    request: Request,
    principal: Principal,
    commands: Commands,
    community: str,
    unit: str,
    volunteer: str | None,
) -> Response:
    owner = volunteer or unit
    stream = feed_stream(owner)

    async def work(transaction: Transaction) -> Answer:
        facts = CalendarFeedRevoked(community=community, units=(unit,), unit=unit, volunteer=volunteer)
        await transaction.decide(FEEDS, stream, RevokeFeed(facts))
        version = transaction.version(stream)
        return Answer(200, {"id": owner, "open": False, "version": version}, etag=version)

    return await commands.run(request, principal, work)


async def _feed(desk: Desk, owner: str, secret: str) -> Feed:
    """The feed whose address has `secret`. Raises Refused `not-found`."""
    stored = await desk.service.store.stream(feed_stream(owner))
    decoded = (decode(event.type, event.data) for event in stored)
    feed = FEED.fold.over(event for event in decoded if event is not None)
    kept = ""
    if feed.details is not None:
        try:
            kept = str((await desk.service.sealed.read(feed.details)).get("secret_sha256"))
        except Erased:
            kept = ""
    if not hmac.compare_digest(kept, _hashed(secret)):
        raise Refused("not-found", NOT_FOUND)
    return feed


async def _require_in_force(desk: Desk, feed: Feed) -> None:
    """Raises Problem 404 if the volunteer is not active, goes for another unit than the one that asked, or
    the unit may not come in."""
    try:
        if feed.volunteer is None:
            await desk.directory.require_unit(feed.unit, feed.community)
        else:
            facts = await desk.directory.volunteer(feed.volunteer, feed.community)
            if feed.by_unit and facts.unit != feed.unit:
                raise not_found()
    except Refused:
        raise not_found() from None
    of_unit = feed.by_unit or feed.volunteer is None
    if of_unit and not desk.service.keys.agreements.may_come_in(feed.unit):
        raise not_found()


def _hashed(secret: str) -> str:
    """SHA-256 in hex: the secret is random and long."""
    return hashlib.sha256(secret.encode()).hexdigest()
