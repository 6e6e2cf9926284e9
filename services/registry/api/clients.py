"""API clients: registered, given new secrets, revoked, shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Request, Response, Security

from services.registry.api import access_shapes as shapes
from services.registry.api.bodies import ClientBody, SecretBody, UnitClientBody
from services.registry.api.records import RECORDS, communities_for, community_of, may_reach
from services.registry.api.registering import CREDENTIALS, register_with_secret
from services.registry.domain.credential import End, Rotate
from services.registry.domain.record import exists
from services.registry.domain.roles import own_scopes, require_yours
from services.registry.secrets import hashed, new_secret
from shared.events.registry import ClientRegistered, ClientRevoked, Role, UnitRegistered
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, Refused, require
from shared.kernel.times import format_time
from shared.runtime.access import Principal, bearer
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import Commands, CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route
from shared.runtime.ids import new_id

router = APIRouter(prefix="/v1", tags=["access"], route_class=Route)
Admin = Annotated[Principal, Security(bearer, scopes=["registry:admin"])]


@dataclass(frozen=True, slots=True)
class Whose:
    """Whom a client is for: communities, and the unit, or the unit's volunteer, if it is one's."""

    communities: tuple[str, ...]
    unit: str | None = None
    volunteer: str | None = None


@router.post(
    "/clients",
    status_code=201,
    summary="Register a client for staff",
    responses=answers(shapes.ClientSecret, 201),
)
async def register_client(
    body: ClientBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """201 with `client_id` and `client_secret`. The secret is shown here only; a repeat shows null.

    403 `scope-not-yours` for more scopes than the role, or the caller's token, has.
    """
    communities = communities_for(principal, body.communities)

    async def of_caller(_: Transaction) -> Whose:
        return Whose(communities)

    return await register_client_of((request, principal, commands), body, body.role, of_caller)


@router.post(
    "/units/{unit}/clients",
    status_code=201,
    summary="Register a client for a unit's system",
    responses=answers(shapes.ClientSecret, 201),
)
async def register_unit_client(
    unit: str, body: UnitClientBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """201 with `client_id` and `client_secret`: role `unit`, for this unit only; 404 if there is none."""

    async def of_unit(transaction: Transaction) -> Whose:
        record = await transaction.load(RECORDS, unit)
        facts = record.facts
        known = exists(record, UnitRegistered) and facts is not None and may_reach(principal, unit, facts)
        require(known, "not-found", NOT_FOUND)
        assert facts is not None
        return Whose((facts.community,), unit)

    return await register_client_of((request, principal, commands), body, "unit", of_unit)


async def register_client_of(
    call: tuple[Request, Principal, Commands],
    body: UnitClientBody,
    role: Role,
    whose: Callable[[Transaction], Awaitable[Whose]],
    subject: str | None = None,
) -> Response:
    """201 with the id and the secret of a new client of `role`. Its name and its hash are erased with
    `subject`, if it is a person's. Raises Refused `scope-not-yours`."""
    principal, client = call[1], new_id("client")

    async def facts(transaction: Transaction, details: str) -> ClientRegistered:
        its = await whose(transaction)
        require_yours(
            own_scopes(role, None) if body.scopes is None else frozenset(body.scopes), role, principal.scopes
        )
        return ClientRegistered(
            community=its.communities[0],
            role=role,
            unit=its.unit,
            communities=its.communities,
            details=details,
            scopes=None if body.scopes is None else tuple(sorted(set(body.scopes))),
            expires_at=body.expires_at,
            volunteer=its.volunteer,
        )

    shown = (f"/v1/clients/{client}", "client_secret")
    return await register_with_secret(call, shown, body.name, facts, subject)


async def _theirs(transaction: Transaction, client: str, principal: Principal) -> ClientRegistered:
    """The client's facts. Raises Refused not-found unless all its communities are the caller's too."""
    facts = (await transaction.load(CREDENTIALS, client)).facts
    if not isinstance(facts, ClientRegistered) or not principal.communities.issuperset(facts.communities):
        raise Refused("not-found", NOT_FOUND)
    return facts


@router.post(
    "/clients/{client}/secrets",
    status_code=201,
    summary="Give a client a new secret",
    responses=answers(shapes.NewSecret, 201),
)
async def rotate_secret(
    client: str, body: SecretBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """201 with `client_secret`, shown here only. The earlier ones are good for `overlap_seconds` more; with 0
    they end at once. 403 `scope-not-yours` for a client that has more scopes than the caller's token."""
    secret = new_secret()

    async def work(transaction: Transaction) -> Answer:
        facts = await _theirs(transaction, client, principal)
        # Who makes a secret can use it.
        require_yours(own_scopes(facts.role, facts.scopes), facts.role, principal.scopes)
        details = transaction.seal(client, {"secret_sha256": hashed(secret)})
        overlap, now = timedelta(seconds=body.overlap_seconds), transaction.context.now
        await transaction.decide(CREDENTIALS, client, Rotate(details, overlap, now))
        shown = {"id": client, "client_id": client, "client_secret": None}
        until = format_time(now + overlap)
        version = transaction.version(client)
        return Answer(201, {**shown, "earlier_until": until}, f"/v1/clients/{client}", version)

    return await commands.run(request, principal, work, lambda: {"client_secret": secret})


@router.post(
    "/clients/{client}/revoke",
    summary="Refuse a client's tokens from now on, everywhere",
    responses=answers(shapes.Revoked),
)
async def revoke(client: str, request: Request, principal: Admin, commands: CommandsOf) -> Response:
    """200; its tokens, and those of its personal tokens, are refused by every service within seconds. 404 if
    there is no such client."""

    async def work(transaction: Transaction) -> Answer:
        await _theirs(transaction, client, principal)
        own = client == principal.client
        message = "a client cannot revoke itself; another administrator must, so that one is left"
        require(not own, "cannot-revoke-itself", message)
        await transaction.decide(CREDENTIALS, client, End(ClientRevoked(community=community_of(principal))))
        return Answer(200, {"id": client, "revoked": True}, etag=transaction.version(client))

    return await commands.run(request, principal, work)
