"""What notify's routes work with, and which endpoints a caller may see."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security

from services.notify.deliveries import Deliveries
from services.notify.endpoints import Endpoint, Endpoints
from services.notify.ledger import Ledger
from services.notify.messages import Messages
from services.notify.progress import Progress
from services.notify.units import Units
from shared.events.notify import Channel
from shared.runtime.access import Principal, bearer, bearer_or_volunteer
from shared.runtime.follower import Follower
from shared.runtime.http.problems import not_found
from shared.runtime.service import Service
from shared.runtime.settings import NotifySettings

Reader = Annotated[Principal, Security(bearer_or_volunteer, scopes=["notify:read"])]
Writer = Annotated[Principal, Security(bearer_or_volunteer, scopes=["notify:write"])]
Staff = Annotated[Principal, Security(bearer, scopes=["notify:read"])]


@dataclass(frozen=True, slots=True)
class Desk:
    """What notify knows and keeps. `followed` is the follower of the endpoints in memory."""

    service: Service
    settings: NotifySettings
    units: Units
    endpoints: Endpoints
    messages: Messages
    deliveries: Deliveries
    progress: Progress
    followed: Follower

    @property
    def ledger(self) -> Ledger:
        """The deliveries, to be looked at."""
        return Ledger(self.messages, self.deliveries, self.progress)

    @property
    def channels(self) -> Collection[Channel]:
        """Those that this deployment tells by."""
        found: list[Channel] = ["webhook", "wecom", "dingtalk"]
        return [*found, "email"] if self.settings.email_available else found


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


DeskOf = Annotated[Desk, Depends(_desk)]


def endpoint_for(desk: Desk, id: str, principal: Principal) -> Endpoint:
    """The endpoint, if it is there for this caller. Raises Problem 404."""
    found = desk.endpoints.get(id)
    if found is None or not sees(principal, found):
        raise not_found()
    return found


def endpoints_for(desk: Desk, principal: Principal) -> list[Endpoint]:
    """All endpoints that this caller may see, by id: a unit's client its own and its volunteers', a
    volunteer's its own, staff every one."""
    found = desk.endpoints.all() if principal.unit is None else desk.endpoints.of_units([principal.unit])
    return [endpoint for endpoint in found if sees(principal, endpoint)]


def sees(principal: Principal, endpoint: Endpoint) -> bool:
    """Whether `endpoint` is this caller's, or one of those that staff see."""
    if endpoint.community not in principal.communities:
        return False
    if principal.volunteer is not None:
        return endpoint.facts.volunteer == principal.volunteer
    return principal.sees((endpoint.unit,))
