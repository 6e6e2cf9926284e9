"""What dispatch's routes work with, and who may touch which request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request, Security

from services.dispatch.aggregates import REQUESTS
from services.dispatch.directory import Directory
from services.dispatch.domain.own_part import is_for_volunteer, may_read_details, takes_part
from services.dispatch.domain.refusals import (
    DETAILS_NOT_AGREED,
    DETAILS_NOT_YOURS,
    NEEDS_COORDINATE,
    NOT_IN_CHARGE,
)
from services.dispatch.domain.working_time import WorkingCalendar
from services.dispatch.matchmaker import Matchmaker
from services.dispatch.views import Requests
from services.dispatch.working_days import WorkingDays
from shared.events.details import Purpose
from shared.events.dispatch import AttachmentAdded, RequestReopened
from shared.folds.request import Assignment, Visit
from shared.folds.request import Request as RequestState
from shared.kernel.commit import Answer, StoredEvent
from shared.kernel.decider import NOT_FOUND, Refused, require
from shared.kernel.times import parse_time
from shared.runtime.access import Principal, bearer, bearer_or_volunteer
from shared.runtime.execute import Transaction
from shared.runtime.follower import Follower
from shared.runtime.service import Service
from shared.runtime.store import EventStore

Reader = Annotated[Principal, Security(bearer, scopes=["dispatch:read"])]
Writer = Annotated[Principal, Security(bearer, scopes=["dispatch:write"])]
Coordinator = Annotated[Principal, Security(bearer, scopes=["dispatch:coordinate"])]
DetailsReader = Annotated[Principal, Security(bearer, scopes=["details:read"])]
OwnReader = Annotated[Principal, Security(bearer_or_volunteer, scopes=["dispatch:read"])]
OwnWriter = Annotated[Principal, Security(bearer_or_volunteer, scopes=["dispatch:write"])]
OwnDetailsReader = Annotated[Principal, Security(bearer_or_volunteer, scopes=["details:read"])]
"""Those with `Own` let in a volunteer's client too, for what is its own."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What dispatch knows and keeps."""

    service: Service
    directory: Directory
    requests: Requests
    registry: Follower
    working_days: WorkingDays
    matchmaker: Matchmaker
    memory: Follower

    async def catch_up(self) -> None:
        """Wait, for a while, until the lists have all that is on record now."""
        await self.service.catch_up(self.memory)

    def calendar(self, state: RequestState) -> WorkingCalendar:
        """The working days of the community that a request is of."""
        assert state.created is not None
        return self.working_days.calendar_of(state.created.community)

    def basis(self) -> str:
        """What dispatch has heard of registry: `registry@184`."""
        return f"registry@{self.registry.place('registry').pos}"


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


DeskOf = Annotated[Desk, Depends(_desk)]


async def request_for(transaction: Transaction, id: str, principal: Principal) -> RequestState:
    """The request, if it is there for this caller. Raises Refused `not-found`."""
    state = await request_of_part(transaction, id, principal)
    if principal.volunteer is not None:
        require(takes_part(state, principal.volunteer), "not-found", NOT_FOUND)
    return state


async def request_of_part(transaction: Transaction, id: str, principal: Principal) -> RequestState:
    """The request behind an assignment or a visit, which must itself be there for this caller: see
    `require_own_work`. Raises Refused `not-found`."""
    state = await transaction.load(REQUESTS, id)
    allowed = (
        state.created is not None
        and (principal.volunteer is not None or principal.sees(state.units))
        and state.created.community in principal.communities
    )
    if not allowed:
        raise Refused("not-found", NOT_FOUND)
    return state


def require_own_work(principal: Principal, part: Assignment | Visit) -> None:
    """Raises Refused `not-found` for another unit's, and for a volunteer another's."""
    require(principal.sees_work(part.volunteer, part.unit), "not-found", NOT_FOUND)


def require_goes(principal: Principal, state: RequestState, purpose: Purpose, now: datetime) -> None:
    """A volunteer reads personal details to give the service, while it is to go.

    Raises Refused `details-not-yours`.
    """
    if principal.volunteer is not None:
        goes = purpose == "service" and may_read_details(state, principal.volunteer, now)
        require(goes, "details-not-yours", DETAILS_NOT_YOURS)


def require_agreed(principal: Principal, desk: Desk, service: str) -> None:
    """A unit sees personal details of those services alone that its agreement in force names for that.

    Raises Refused `details-not-agreed`.
    """
    agreements = desk.service.keys.agreements
    agreed = principal.unit is None or agreements.may_see_details(principal.unit, service)
    require(agreed, "details-not-agreed", DETAILS_NOT_AGREED)


async def details_for(log: EventStore, id: str, principal: Principal) -> list[str]:
    """The digests of a request's details, oldest first: for a unit's client those of the request itself and
    of its own visits, and no other unit's; for a volunteer's those of what is asked for, and of its own."""
    events = await log.stream(id)
    return [
        str(event.data[name])
        for event in events
        for name in ("details", "feedback")
        if name in event.data and event.type != AttachmentAdded.type and _is_for(principal, event)
    ]


def _is_for(principal: Principal, event: StoredEvent) -> bool:
    if principal.volunteer is not None:
        return is_for_volunteer(event.type, event.data, principal.volunteer)
    # A reopening names who went last; what was said of it is for whoever goes now.
    of_unit = "unit" in event.data and event.type != RequestReopened.type
    return not of_unit or principal.sees((str(event.data["unit"]),))


def require_in_charge(principal: Principal, state: RequestState) -> None:
    """Staff who coordinate, and the unit that has taken the request over.

    Raises Refused `insufficient-scope`, `not-in-charge`.
    """
    if principal.unit is None:
        require("dispatch:coordinate" in principal.scopes, "insufficient-scope", NEEDS_COORDINATE)
    else:
        in_charge = principal.volunteer is None and state.responsible == principal.unit
        require(in_charge, "not-in-charge", NOT_IN_CHARGE)


def require_leads(principal: Principal, state: RequestState) -> None:
    """Like `require_in_charge`; the lead unit of the service too."""
    leads = state.created is not None and state.created.lead_unit == principal.unit
    if principal.unit is None or principal.volunteer is not None or not leads:
        require_in_charge(principal, state)


def require_plans(principal: Principal) -> None:
    """Staff who coordinate, and units, and volunteers, for their own. Raises Refused `insufficient-scope`."""
    coordinates = principal.unit is not None or "dispatch:coordinate" in principal.scopes
    require(coordinates, "insufficient-scope", NEEDS_COORDINATE)


def require_own(principal: Principal, unit: str) -> None:
    """Nothing of another unit is there for a unit's client. Raises Refused `not-found`."""
    require(principal.sees((unit,)), "not-found", NOT_FOUND)


async def keep_text(
    transaction: Transaction,
    desk: Desk,
    id: str,
    state: RequestState,
    text: str | None,
    named: str | None = None,
) -> str | None:
    """Keep what was said sealed; its digest. `named` is the resident whom the request has from now on. Raises
    Refused `consent-withdrawn`."""
    if text is None:
        return None
    assert state.created is not None
    resident = named or state.created.resident
    if resident is not None:
        await desk.directory.require_consent(resident)
    return transaction.seal(resident or id, {"text": text}, resident is not None)


def began(transaction: Transaction, id: str) -> datetime:
    """When a loaded request was taken in."""
    return parse_time(transaction.began(id))


def stream_of(part: str) -> str:
    """The request that `part` (`request-….visit-1`) is of."""
    return part.partition(".")[0]


def standing(id: str, state: RequestState, transaction: Transaction, **more: object) -> Answer:
    """What every command on a request answers: how it stands."""
    body = {"id": id, "status": state.status, "version": transaction.version(id), **more}
    told = {name: value for name, value in body.items() if value is not None}
    return Answer(200, told, etag=transaction.version(id))  # type: ignore[arg-type]
