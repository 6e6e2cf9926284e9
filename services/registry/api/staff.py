"""Persons who may sign in: admitted, listed, dismissed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response, Security

from services.registry.admitted import Admitted
from services.registry.api import access_shapes as shapes
from services.registry.api.bodies import PersonBody
from services.registry.api.records import communities_for, community_of
from services.registry.api.registering import CREDENTIALS
from services.registry.domain.credential import End, Register
from services.registry.domain.roles import own_scopes, require_yours
from shared.events.registry import PersonAdmitted, PersonDismissed
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, Refused, require
from shared.runtime.access import Principal, bearer
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import CommandsOf, json_response
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import new_id

router = APIRouter(prefix="/v1/people", tags=["access"], route_class=Route)
Admin = Annotated[Principal, Security(bearer, scopes=["registry:admin"])]


@router.post(
    "", status_code=201, summary="Let a member of staff sign in", responses=answers(shapes.Admission, 201)
)
async def admit(body: PersonBody, request: Request, principal: Admin, commands: CommandsOf) -> Response:
    """201 with the person's `id`. Address and subject are kept sealed, and looked up by keyed hashes.

    403 `scope-not-yours` for more scopes than the role, or the caller's token, has; 409 `already-admitted`.
    """
    admitted: Admitted = request.app.state.admitted
    person = new_id("person")
    scopes = own_scopes(body.role, None) if body.scopes is None else frozenset(body.scopes)
    require_yours(scopes, body.role, principal.scopes)
    communities = communities_for(principal, body.communities)

    async def work(transaction: Transaction) -> Answer:
        known = await admitted.person(body.email, body.subject)
        message = "somebody with this address or subject may sign in already; dismiss that person first"
        require(known is None, "already-admitted", message)
        facts = PersonAdmitted(
            community=communities[0],
            role=body.role,
            communities=communities,
            details=transaction.seal(person, {"email": body.email, "subject": body.subject}),
            scopes=None if body.scopes is None else tuple(sorted(scopes)),
            expires_at=body.expires_at,
        )
        await transaction.begin(CREDENTIALS, person, Register(facts, transaction.context.now))
        return Answer(201, {"id": person}, f"/v1/people/{person}", 1)

    return await commands.run(request, principal, work)


@router.get("", summary="Who may sign in", responses=answers(listed(shapes.Person)))
async def people(request: Request, principal: Admin) -> Response:
    """Ids, roles and communities; addresses and subjects are kept sealed."""
    admitted: Admitted = request.app.state.admitted
    return json_response({"items": await admitted.all(principal.communities), "next": None})


@router.get("/{person}", summary="One who may sign in", responses=answers(shapes.Person))
async def person(person: str, request: Request, principal: Admin) -> Response:
    """404 if there is none, or the person was dismissed."""
    admitted: Admitted = request.app.state.admitted
    for one in await admitted.all(principal.communities):
        if one["id"] == person:
            return json_response(one)
    raise not_found()


@router.post(
    "/{person}/dismiss",
    summary="Let a person sign in no more",
    responses=answers(shapes.Revoked),
)
async def dismiss(person: str, request: Request, principal: Admin, commands: CommandsOf) -> Response:
    """200; the person's tokens, and those of its personal tokens, are refused by every service within
    seconds, and its address and subject are deleted. 404 if there is no such person."""

    async def work(transaction: Transaction) -> Answer:
        facts = (await transaction.load(CREDENTIALS, person)).facts
        known = isinstance(facts, PersonAdmitted) and principal.communities.issuperset(facts.communities)
        require(known, "not-found", NOT_FOUND)
        if person == principal.client:
            raise Refused("cannot-revoke-itself", "nobody dismisses themselves; another administrator must")
        event = PersonDismissed(community=community_of(principal))
        await transaction.decide(CREDENTIALS, person, End(event))
        return Answer(200, {"id": person, "revoked": True}, etag=transaction.version(person))

    return await commands.run(request, principal, work)
