"""What notify's routes work with, and which endpoints a caller may see."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Annotated
from weakref import WeakValueDictionary

from fastapi import Depends, Request, Security

from services.notify.deliveries import Deliveries
from services.notify.endpoints import Endpoint, Endpoints
from services.notify.engine.accounts import Accounts
from services.notify.ledger import Ledger
from services.notify.messages import Messages
from services.notify.progress import Progress
from services.notify.units import Units
from shared.events.notify import Channel
from shared.runtime.access import Principal, bearer, bearer_or_volunteer
from shared.runtime.follower import Follower
from shared.runtime.http.problems import not_found
from shared.runtime.http.rate import RateLimit
from shared.runtime.service import Service
from shared.runtime.settings import NotifySettings

Reader = Annotated[Principal, Security(bearer_or_volunteer, scopes=["notify:read"])]
Writer = Annotated[Principal, Security(bearer, scopes=["notify:write"])]
Staff = Annotated[Principal, Security(bearer, scopes=["notify:read"])]

TESTS = 20
TESTS_WINDOW_S = 60
"""So many examples may be sent for one unit in so many seconds, by each process."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What notify knows and keeps. `followed` is the follower of the endpoints in memory, `tests` bounds how
    many examples a unit may have sent."""

    service: Service
    settings: NotifySettings
    units: Units
    endpoints: Endpoints
    messages: Messages
    deliveries: Deliveries
    progress: Progress
    followed: Follower
    accounts: Accounts | None = None
    locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    tests: RateLimit = field(default_factory=lambda: RateLimit(TESTS, TESTS_WINDOW_S))

    @property
    def ledger(self) -> Ledger:
        """The deliveries, to be looked at."""
        return Ledger(self.messages, self.deliveries, self.progress)

    def registering(self, unit: str) -> asyncio.Lock:
        """One endpoint of a unit is registered at a time, so that they are counted right."""
        return self.locks.setdefault(unit, asyncio.Lock())

    async def made_ready(self, endpoint: str) -> None:
        """The account that a new endpoint may have on the broker is made. If the broker is away, that is done
        later."""
        if self.accounts is None:
            return
        await self.service.catch_up(self.followed)
        found = self.endpoints.get(endpoint)
        if found is not None and found.facts.channel == "amqp":
            await self.accounts.settle(found)

    @property
    def channels(self) -> Collection[Channel]:
        """Those that this deployment tells by."""
        found: list[Channel] = ["webhook", "wecom", "dingtalk"]
        found += ["email"] if self.settings.email_available else []
        return [*found, "amqp"] if self.accounts is not None else found


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


DeskOf = Annotated[Desk, Depends(_desk)]


async def endpoint_for(desk: Desk, id: str, principal: Principal) -> Endpoint:
    """The endpoint, if it is there for this caller, registered a moment ago or not. Raises Problem 404."""
    found = desk.endpoints.get(id)
    if found is None:
        await desk.service.catch_up(desk.followed)
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
