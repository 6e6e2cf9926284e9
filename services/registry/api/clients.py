"""Clients and the tokens they get: the authorization server."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, Request, Response, Security

from services.registry.api import access_shapes as shapes
from services.registry.api.bodies import ClientBody, UnitClientBody
from services.registry.api.records import RECORDS, Registration, community_of, must_exist, register
from services.registry.domain.record import End
from services.registry.secrets import hashed, matches, new_secret
from services.registry.signing import LIFETIME_S, Signer
from shared.events.registry import ClientRegistered, ClientRevoked, Role, UnitRegistered
from shared.folds.record import FOLD
from shared.kernel.canonical import encode
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, require
from shared.kernel.event import Event
from shared.runtime.access import Principal, bearer
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import CommandsOf, json_response
from shared.runtime.http.openapi import answers, form
from shared.runtime.http.routes import Route
from shared.runtime.ids import new_id
from shared.runtime.sealed import Erased
from shared.runtime.service import Service

router = APIRouter(tags=["access"], route_class=Route)
Admin = Annotated[Principal, Security(bearer, scopes=["registry:admin"])]


class OAuthError(Exception):
    """An error of RFC 6749, section 5.2."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


@router.post(
    "/oauth/token",
    summary="Client credentials for an access token (RFC 6749, 4.4)",
    openapi_extra=form(shapes.TokenForm),
    responses=answers(shapes.Token) | answers(shapes.TokenError, 400, 401),
)
async def token(request: Request) -> Response:
    """Form fields `grant_type=client_credentials`, `client_id`, `client_secret` (or HTTP Basic), `scope`."""
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    try:
        form = await _form(request)
        client, facts = await _authenticate(request, form)
    except OAuthError as error:
        if error.status == 401:
            headers["WWW-Authenticate"] = "Basic"
        body = encode({"error": error.error})
        return Response(body, error.status, headers, "application/json")
    signer: Signer = request.app.state.signer
    access_token, scope = signer.token(client, facts, form.get("scope"))
    if not scope:
        return Response(encode({"error": "invalid_scope"}), 400, headers, "application/json")
    answer = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": LIFETIME_S,
        "scope": scope,
    }
    return Response(encode(answer), 200, headers, "application/json")


async def _form(request: Request) -> dict[str, str]:
    form = await request.form()
    fields: dict[str, str] = {}
    for name, value in form.multi_items():
        if name in fields or not isinstance(value, str):
            raise OAuthError(400, "invalid_request")
        fields[name] = value
    if "grant_type" not in fields:
        raise OAuthError(400, "invalid_request")
    if fields["grant_type"] != "client_credentials":
        raise OAuthError(400, "unsupported_grant_type")
    return fields


async def _authenticate(request: Request, form: dict[str, str]) -> tuple[str, ClientRegistered]:
    client, secret = _basic(request) or (form.get("client_id"), form.get("client_secret"))
    if not client or not secret:
        raise OAuthError(401, "invalid_client")
    service: Service = request.app.state.service
    stored = await service.store.stream(client)
    events = (RECORDS.decode(event.type, event.data) for event in stored)
    record = FOLD.over(event for event in events if event is not None)
    if record.ended or not isinstance(record.facts, ClientRegistered):
        raise OAuthError(401, "invalid_client")
    try:
        details = await service.sealed.read(record.facts.details)
    except Erased:
        raise OAuthError(401, "invalid_client") from None
    if not matches(details, secret):
        raise OAuthError(401, "invalid_client")
    return client, record.facts


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError:  # not base64, not ASCII, not UTF-8
        raise OAuthError(401, "invalid_client") from None
    return client, secret


@router.get(
    "/.well-known/jwks.json",
    summary="The public keys of access tokens (RFC 7517)",
    responses=answers(shapes.Keys),
)
async def jwks(request: Request) -> Response:
    """Ed25519 keys, each with `kid`."""
    service: Service = request.app.state.service
    keys = [{**jwk, "use": "sig", "alg": "EdDSA"} for jwk in service.keys.keys.values()]
    return json_response({"keys": keys})


@router.post(
    "/v1/clients",
    status_code=201,
    summary="Register a client for staff",
    responses=answers(shapes.ClientSecret, 201),
)
async def register_client(
    body: ClientBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """201 with `client_id` and `client_secret`. The secret is shown here only; a repeat shows null."""
    return await register(commands, request, principal, _client(principal, body.name, body.role, None))


@router.post(
    "/v1/units/{unit}/clients",
    status_code=201,
    summary="Register a client for a unit's system",
    responses=answers(shapes.ClientSecret, 201),
)
async def register_unit_client(
    unit: str, body: UnitClientBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """201 with `client_id` and `client_secret`: role `unit`, for this unit only; 404 if there is none."""
    return await register(commands, request, principal, _client(principal, body.name, "unit", unit))


def _client(principal: Principal, name: str, role: Role, unit: str | None) -> Registration:
    client, secret = new_id("client"), new_secret()

    async def facts(transaction: Transaction) -> Event:
        if unit is not None:
            await must_exist(transaction, unit, UnitRegistered, "not-found", NOT_FOUND)
        details = transaction.seal(client, {"name": name, "secret_sha256": hashed(secret)})
        communities = tuple(sorted(principal.communities))
        return ClientRegistered(
            community=community_of(principal), role=role, unit=unit, communities=communities, details=details
        )

    return Registration(
        client,
        "/v1/clients",
        facts,
        shown={"client_id": client, "client_secret": None},
        secrets=lambda: {"client_secret": secret},
    )


@router.post(
    "/v1/clients/{client}/revoke",
    summary="Refuse a client's tokens from now on, everywhere",
    responses=answers(shapes.Revoked),
)
async def revoke(client: str, request: Request, principal: Admin, commands: CommandsOf) -> Response:
    """200; its tokens are refused by every service within seconds. 404 if there is no such client."""

    async def work(transaction: Transaction) -> Answer:
        record = await transaction.load(RECORDS, client)
        require(isinstance(record.facts, ClientRegistered), "not-found", NOT_FOUND)
        own = client == principal.client
        message = "a client cannot revoke itself; another administrator must, so that one is left"
        require(not own, "cannot-revoke-itself", message)
        await transaction.decide(RECORDS, client, End(ClientRevoked(community=community_of(principal))))
        return Answer(200, {"id": client, "revoked": True}, etag=transaction.version(client))

    return await commands.run(request, principal, work)
