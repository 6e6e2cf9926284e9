"""The life of a volunteer: invited, active, suspended for a while, gone."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from services.registry.api import shapes
from services.registry.api.bodies import EndBody
from services.registry.api.lists import Writer
from services.registry.api.people_bodies import PauseBody
from services.registry.api.people_changes import Renewal
from services.registry.api.records import Call, amend, end
from shared.events.registry import (
    Amendment,
    VolunteerActivated,
    VolunteerLeft,
    VolunteerRegistered,
    VolunteerResumed,
    VolunteerSuspended,
)
from shared.kernel.event import Event
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route
from shared.runtime.service import Service

router = APIRouter(prefix="/v1", tags=["people"], route_class=Route)


@router.post(
    "/volunteers/{volunteer}/activate",
    summary="Say that a volunteer who was invited takes part",
    responses=answers(shapes.Registered),
)
async def activate_volunteer(
    volunteer: str, request: Request, principal: Writer, commands: CommandsOf
) -> Response:
    """200; no event if the volunteer is not `invited`. 409 `record-ended` for who left."""

    async def changes(_: Transaction, facts: Event) -> Amendment:
        assert isinstance(facts, VolunteerRegistered)
        return VolunteerActivated(community=facts.community, units=(facts.unit,), cleared=("invited",))

    return await amend(Call(commands, request, principal, volunteer, VolunteerRegistered), changes)


@router.post(
    "/volunteers/{volunteer}/suspend",
    summary="Say that a volunteer is not to be placed",
    responses=answers(shapes.Registered),
)
async def suspend_volunteer(
    volunteer: str, body: PauseBody, request: Request, principal: Writer, commands: CommandsOf
) -> Response:
    """200; lists show `suspended`, with the reason, until the volunteer is resumed."""

    async def changes(_: Transaction, facts: Event) -> Amendment:
        assert isinstance(facts, VolunteerRegistered)
        return VolunteerSuspended(community=facts.community, units=(facts.unit,), suspended=body.reason)

    return await amend(Call(commands, request, principal, volunteer, VolunteerRegistered), changes)


@router.post(
    "/volunteers/{volunteer}/resume",
    summary="Say that a volunteer can be placed again",
    responses=answers(shapes.Registered),
)
async def resume_volunteer(
    volunteer: str, request: Request, principal: Writer, commands: CommandsOf
) -> Response:
    """200; no event if the volunteer is not suspended."""

    async def changes(_: Transaction, facts: Event) -> Amendment:
        assert isinstance(facts, VolunteerRegistered)
        units = (facts.unit,)
        return VolunteerResumed(community=facts.community, units=units, cleared=("suspended",))

    return await amend(Call(commands, request, principal, volunteer, VolunteerRegistered), changes)


@router.post(
    "/volunteers/{volunteer}/leave",
    summary="Say that a volunteer takes part no longer",
    responses=answers(shapes.Ended),
)
async def volunteer_leaves(
    volunteer: str, body: EndBody, request: Request, principal: Writer, commands: CommandsOf
) -> Response:
    """200; no list and no search has the volunteer any more."""
    service: Service = request.app.state.service
    renewal = Renewal(service.sealed, volunteer, "volunteer")

    def ending(facts: Event) -> Event:
        assert isinstance(facts, VolunteerRegistered)
        renewal.superseded = [facts.details]
        return VolunteerLeft(community=facts.community, units=(facts.unit,), reason=body.reason)

    response = await end(Call(commands, request, principal, volunteer, VolunteerRegistered), ending)
    await renewal.finish()
    return response
