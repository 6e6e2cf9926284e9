"""Clients of volunteers: registered and revoked by staff, and by the volunteer's unit."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from services.registry.api import access_shapes as shapes
from services.registry.api.bodies import VolunteerClientBody
from services.registry.api.clients import Whose, register_client_of
from services.registry.api.lists import Reader
from services.registry.api.records import RECORDS, may_reach
from services.registry.api.registering import CREDENTIALS
from services.registry.domain.credential import End
from services.registry.domain.record import exists
from shared.events.registry import ClientRegistered, ClientRevoked, VolunteerRegistered
from shared.folds.record import Record
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, require
from shared.runtime.access import Principal
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1/volunteers/{volunteer}/clients", tags=["access"], route_class=Route)

NEEDS_WRITE = "this needs the scope registry:write, which the token does not have"


@router.post(
    "",
    status_code=201,
    summary="Register a client for a volunteer",
    responses=answers(shapes.ClientSecret, 201),
)
async def register_volunteer_client(
    volunteer: str, body: VolunteerClientBody, request: Request, principal: Reader, commands: CommandsOf
) -> Response:
    """201 with `client_id` and `client_secret`: role `volunteer`, for what is this volunteer's own in
    dispatch. By staff with `registry:write`, or the volunteer's unit. It gets no token while the volunteer is
    suspended or its unit has no agreement in force, nor once the volunteer has left, was erased or merged.
    404 if there is no such volunteer."""
    _require_may_give(principal)

    async def of_volunteer(transaction: Transaction) -> Whose:
        record, facts = await _volunteer(transaction, volunteer, principal)
        require(exists(record, VolunteerRegistered), "not-found", NOT_FOUND)
        return Whose((facts.community,), facts.unit, volunteer)

    call = (request, principal, commands)
    return await register_client_of(call, body, "volunteer", of_volunteer, volunteer)


@router.post("/{client}/revoke", summary="Revoke a volunteer's client", responses=answers(shapes.Revoked))
async def revoke_volunteer_client(
    volunteer: str, client: str, request: Request, principal: Reader, commands: CommandsOf
) -> Response:
    """200; its tokens are refused by every service within seconds: for a telephone that was lost. By whom it
    can be registered. 404 if the volunteer has no such client."""
    _require_may_give(principal)

    async def work(transaction: Transaction) -> Answer:
        await _volunteer(transaction, volunteer, principal)
        facts = (await transaction.load(CREDENTIALS, client)).facts
        theirs = isinstance(facts, ClientRegistered) and facts.volunteer == volunteer
        require(theirs, "not-found", NOT_FOUND)
        assert facts is not None
        await transaction.decide(CREDENTIALS, client, End(ClientRevoked(community=facts.community)))
        return Answer(200, {"id": client, "revoked": True}, etag=transaction.version(client))

    return await commands.run(request, principal, work)


def _require_may_give(principal: Principal) -> None:
    """Staff who put volunteers on record, and units. Raises Refused `insufficient-scope`."""
    may = principal.unit is not None or "registry:write" in principal.scopes
    require(may, "insufficient-scope", NEEDS_WRITE)


async def _volunteer(
    transaction: Transaction, id: str, principal: Principal
) -> tuple[Record, VolunteerRegistered]:
    """The volunteer, who may have left, if it is there for this caller. Raises Refused `not-found`."""
    record = await transaction.load(RECORDS, id)
    facts = record.facts
    known = isinstance(facts, VolunteerRegistered) and may_reach(principal, id, facts)
    require(known, "not-found", NOT_FOUND)
    assert isinstance(facts, VolunteerRegistered)
    return record, facts
