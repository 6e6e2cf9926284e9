"""A record is confirmed: somebody looked, and it is so. The same for every kind of thing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Request, Response

from services.registry.api import shapes
from services.registry.api.lists import Writer
from services.registry.api.records import Call, assure
from shared.events.registry import (
    AgreementDrafted,
    CommunityFounded,
    FacilityOpened,
    GridDefined,
    ResidentRegistered,
    SeatFilled,
    ServicePublished,
    TeamFormed,
    UnitRegistered,
    VolunteerRegistered,
)
from shared.kernel.event import Event
from shared.runtime.http.calls import CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1", tags=["confirming"], route_class=Route)

ASSURED: Mapping[str, type[Event]] = {
    "communities": CommunityFounded,
    "grids": GridDefined,
    "facilities": FacilityOpened,
    "units": UnitRegistered,
    "teams": TeamFormed,
    "seats": SeatFilled,
    "agreements": AgreementDrafted,
    "services": ServicePublished,
    "volunteers": VolunteerRegistered,
    "residents": ResidentRegistered,
}
"""The kinds of things that somebody keeps up, and what registers each."""


def _route(kind: type[Event]) -> Callable[..., Awaitable[Response]]:
    async def confirm(id: str, request: Request, principal: Writer, commands: CommandsOf) -> Response:
        """200 with the time; without it a record is stale 90 days after it was last confirmed or changed."""
        return await assure(Call(commands, request, principal, id, kind))

    return confirm


for _kinds, _kind in ASSURED.items():
    router.add_api_route(
        f"/{_kinds}/{{id}}/assure",
        _route(_kind),
        methods=["POST"],
        summary="Confirm that what is on record is so",
        responses=answers(shapes.Assured),
    )
