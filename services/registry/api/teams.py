"""Service teams."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.registry.api import shapes
from services.registry.api.bodies import NameChanges, TeamBody
from services.registry.api.lists import Admin, NamedPage, Reader, one, page_of
from services.registry.api.records import Call, Registration, amend, community_for, register
from shared.events.registry import Amendment, Team, TeamAmended, TeamFormed
from shared.kernel.event import Event
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import CommandsOf
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.routes import Route
from shared.runtime.service import Service

router = APIRouter(prefix="/v1", tags=["people"], route_class=Route)


class TeamsPage(NamedPage):
    """Which teams."""

    team: Team | None = None


@router.post("/teams", status_code=201, summary="Form a team", responses=answers(shapes.Registered, 201, 200))
async def form_team(body: TeamBody, request: Request, principal: Admin, commands: CommandsOf) -> Response:
    """201 with the team's `id`; a community has one of each of the four. 409 `already-registered`."""
    service: Service = request.app.state.service
    community = community_for(principal, body.community)
    where = "" if community == service.settings.community else f"{community}-"

    async def facts(_: Transaction) -> Event:
        return TeamFormed(community=community, team=body.team, name=body.name.name())

    registration = Registration(f"team-{where}{body.team}", "/v1/teams", facts, fresh=False)
    return await register(commands, request, principal, registration)


@router.get("/teams", summary="Service teams", responses=answers(listed(shapes.ServiceTeam)))
async def teams(request: Request, page: Annotated[TeamsPage, Query()], principal: Reader) -> Response:
    """The community's teams."""
    return await page_of(request, principal, "team", page, {"team": page.team})


@router.get("/teams/{team}", summary="One team", responses=answers(shapes.ServiceTeam, headers=[ETAG]))
async def team(team: str, request: Request, principal: Reader) -> Response:
    """404 if there is none."""
    return await one(request, principal, "team", team)


@router.patch("/teams/{team}", summary="Amend a team", responses=answers(shapes.Registered))
async def amend_team(
    team: str, body: NameChanges, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200; what is so already is no event."""

    async def changes(_: Transaction, facts: Event) -> Amendment:
        name = body.name.name() if body.name is not None else None
        return TeamAmended(community=facts.community, name=name)

    return await amend(Call(commands, request, principal, team, TeamFormed), changes)
