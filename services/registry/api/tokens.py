"""Personal access tokens: for scripts that act in the name of a member of staff, with some of its rights.

A personal token is exchanged for access tokens by client credentials (RFC 6749, 4.4), its id as the client's
id and it itself as the secret: every OAuth library can do that, while token exchange (RFC 8693) would need a
client besides to authenticate the script with.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response, Security

from services.registry.api import access_shapes as shapes
from services.registry.api.bodies import PersonalTokenBody
from services.registry.api.records import community_of
from services.registry.api.registering import CREDENTIALS, register_with_secret
from services.registry.domain.credential import End
from services.registry.domain.roles import require_yours
from services.registry.personal_tokens import PersonalTokens
from services.registry.uses import Uses
from shared.events.registry import PersonalTokenIssued, PersonalTokenRevoked, Role
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, Refused, require
from shared.runtime.access import Principal, bearer
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import CommandsOf, json_response
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import new_id
from shared.runtime.mongo import Document
from shared.runtime.sealed import Erased
from shared.runtime.service import Service

router = APIRouter(prefix="/v1", tags=["access"], route_class=Route)
Reader = Annotated[Principal, Security(bearer, scopes=["registry:read"])]

STAFF: tuple[Role, ...] = ("admin", "dispatcher", "auditor")


@router.post(
    "/tokens",
    status_code=201,
    summary="Make a personal token for a script",
    responses=answers(shapes.PersonalSecret, 201),
)
async def issue(
    body: PersonalTokenBody, request: Request, principal: Reader, commands: CommandsOf
) -> Response:
    """201 with `client_id` and `token`, which is shown here only. It has `scopes` of the caller's, until
    `expires_at`, a year from now at the most.

    403 `scope-not-yours` for more than the caller has, `staff-only` for a unit's client, and
    `personal-token-not-enough` for a token that is itself of a personal token.
    """
    role = _staff_role(principal)
    message = "a personal token makes no other; use the client that it is of"
    require(principal.credential == principal.client, "personal-token-not-enough", message)
    require_yours(frozenset(body.scopes), role, principal.scopes)
    token = new_id("token")

    async def facts(_: Transaction, details: str) -> PersonalTokenIssued:
        return PersonalTokenIssued(
            community=community_of(principal),
            owner=principal.client,
            scopes=tuple(sorted(set(body.scopes))),
            expires_at=body.expires_at,
            details=details,
        )

    call = (request, principal, commands)
    return await register_with_secret(call, (f"/v1/tokens/{token}", "token"), body.name, facts)


def _staff_role(principal: Principal) -> Role:
    for role in STAFF:
        if principal.role == role:
            return role
    raise Refused("staff-only", "personal tokens are for staff; a unit's system has a client of its own")


@router.get("/tokens", summary="One's own personal tokens", responses=answers(listed(shapes.PersonalToken)))
async def tokens(request: Request, principal: Reader) -> Response:
    """Those that are neither revoked nor over, with names: the caller's own, and nobody else's."""
    return json_response({"items": await _own(request, principal), "next": None})


@router.get(
    "/tokens/{token}", summary="One personal token of one's own", responses=answers(shapes.PersonalToken)
)
async def token(token: str, request: Request, principal: Reader) -> Response:
    """404 if it is revoked, over, or another's."""
    for found in await _own(request, principal):
        if found["id"] == token:
            return json_response(found)
    raise not_found()


async def _own(request: Request, principal: Principal) -> list[dict[str, Json]]:
    view: PersonalTokens = request.app.state.personal_tokens
    uses: Uses = request.app.state.uses
    service: Service = request.app.state.service
    found = await view.of(principal.client, datetime.now(UTC))
    used = await uses.last([str(document["_id"]) for document in found])
    return [await _shown(document, service, used) for document in found]


async def _shown(document: Document, service: Service, used: dict[str, str]) -> dict[str, Json]:
    id = str(document["_id"])
    facts: dict[str, Json] = {name: document[name] for name in ("owner", "scopes", "expires_at")}
    try:
        name = (await service.sealed.read(document["details"]))["name"]
    except Erased:
        name = None
    return {"id": id, "name": name, **facts, "last_used_at": used.get(id)}


@router.post(
    "/tokens/{token}/revoke",
    summary="Refuse a personal token from now on, everywhere",
    responses=answers(shapes.Revoked),
)
async def revoke(token: str, request: Request, principal: Reader, commands: CommandsOf) -> Response:
    """200; the access tokens that it got are refused by every service within seconds. Its owner does it, or
    an administrator; for anybody else it is 404."""

    async def work(transaction: Transaction) -> Answer:
        facts = (await transaction.load(CREDENTIALS, token)).facts
        known = isinstance(facts, PersonalTokenIssued) and facts.community in principal.communities
        require(known, "not-found", NOT_FOUND)
        assert isinstance(facts, PersonalTokenIssued)
        may = facts.owner == principal.client or "registry:admin" in principal.scopes
        require(may, "not-found", NOT_FOUND)
        event = PersonalTokenRevoked(community=facts.community)
        await transaction.decide(CREDENTIALS, token, End(event))
        return Answer(200, {"id": token, "revoked": True}, etag=transaction.version(token))

    return await commands.run(request, principal, work)
