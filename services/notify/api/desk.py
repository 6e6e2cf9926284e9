"""What notify's routes work with, and which endpoints a caller may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security

from services.notify.deliveries import Deliveries
from services.notify.domain.address import Network
from services.notify.endpoints import Endpoint, Endpoints
from services.notify.units import Units
from shared.runtime.access import Principal, bearer
from shared.runtime.http.problems import not_found

Reader = Annotated[Principal, Security(bearer, scopes=["notify:read"])]
Writer = Annotated[Principal, Security(bearer, scopes=["notify:write"])]


@dataclass(frozen=True, slots=True)
class Desk:
    """What notify knows and keeps. `allowed` are the private networks that it delivers to."""

    allowed: Sequence[Network]
    units: Units
    endpoints: Endpoints
    deliveries: Deliveries


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


DeskOf = Annotated[Desk, Depends(_desk)]


async def endpoint_for(desk: Desk, id: str, principal: Principal) -> Endpoint:
    """The endpoint, if it is there for this caller. Raises Problem 404."""
    found = await desk.endpoints.get(id)
    if found is None or not _sees(principal, found):
        raise not_found()
    return found


async def endpoints_for(desk: Desk, principal: Principal) -> list[Endpoint]:
    """All endpoints that this caller may see, by id: a unit's client its own, staff every one."""
    if principal.unit is None:
        found = await desk.endpoints.all()
    else:
        found = await desk.endpoints.of_units([principal.unit])
    return [endpoint for endpoint in found if _sees(principal, endpoint)]


def _sees(principal: Principal, endpoint: Endpoint) -> bool:
    return principal.sees((endpoint.unit,)) and endpoint.community in principal.communities
