"""What dispatch's routes work with, and who may touch which request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security

from services.dispatch.directory import Directory
from services.dispatch.domain.calendar import CALENDAR, Book
from services.dispatch.domain.refusals import DETAILS_NOT_AGREED
from services.dispatch.domain.request import REQUEST, Command
from services.dispatch.views import Requests
from shared.events.dispatch import DutyBooked, Slot
from shared.events.index import decode
from shared.folds.calendar import Calendar, weeks
from shared.folds.request import Request as RequestState
from shared.kernel.decider import NOT_FOUND, Refused, require
from shared.kernel.event import Event
from shared.runtime.access import Principal, bearer
from shared.runtime.execute import Aggregate, Transaction
from shared.runtime.follower import Follower
from shared.runtime.service import Service
from shared.runtime.store import EventStore

REQUESTS: Aggregate[Command, RequestState, Event] = Aggregate(REQUEST, decode)
CALENDARS: Aggregate[Book, Calendar, Event] = Aggregate(CALENDAR, decode)

Reader = Annotated[Principal, Security(bearer, scopes=["dispatch:read"])]
Writer = Annotated[Principal, Security(bearer, scopes=["dispatch:write"])]
Coordinator = Annotated[Principal, Security(bearer, scopes=["dispatch:coordinate"])]
DetailsReader = Annotated[Principal, Security(bearer, scopes=["details:read"])]


@dataclass(frozen=True, slots=True)
class Desk:
    """What dispatch knows and keeps."""

    service: Service
    directory: Directory
    requests: Requests
    registry: Follower

    def basis(self) -> str:
        """What dispatch has heard of registry: `registry@184`."""
        return f"registry@{self.registry.place('registry').pos}"


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


DeskOf = Annotated[Desk, Depends(_desk)]


async def request_for(transaction: Transaction, id: str, principal: Principal) -> RequestState:
    """The request, if it is there for this caller. Raises Refused `not-found`."""
    state = await transaction.load(REQUESTS, id)
    allowed = (
        state.created is not None
        and principal.sees(state.units)
        and state.created.community in principal.communities
    )
    if not allowed:
        raise Refused("not-found", NOT_FOUND)
    return state


def require_agreed(principal: Principal, desk: Desk, service: str) -> None:
    """A unit sees personal details of those services alone that its agreement in force names for that.

    Raises Refused `details-not-agreed`.
    """
    agreements = desk.service.keys.agreements
    agreed = principal.unit is None or agreements.may_see_details(principal.unit, service)
    require(agreed, "details-not-agreed", DETAILS_NOT_AGREED)


async def details_for(log: EventStore, id: str, principal: Principal) -> list[str]:
    """The digests of a request's details, oldest first: for a unit's client those of the request itself and
    of its own visits, and no other unit's."""
    events = await log.stream(id)
    return [
        str(event.data["details"])
        for event in events
        if "details" in event.data
        and ("unit" not in event.data or principal.sees((str(event.data["unit"]),)))
    ]


async def book(
    transaction: Transaction, request: RequestState, duty: str, placed: tuple[str, str, Slot]
) -> None:
    """Take the volunteer's time in every week the slot touches. Raises Refused `volunteer-not-free`."""
    volunteer, unit, slot = placed
    created = request.created
    assert created is not None
    facts = DutyBooked(
        community=created.community,
        units=(unit,),
        service=created.service,
        category=created.category,
        grid=created.grid,
        priority=request.priority,
        volunteer=volunteer,
        unit=unit,
        duty=duty,
        slot=slot,
    )
    for week in weeks(volunteer, slot):
        await transaction.decide(CALENDARS, week, Book(facts))
