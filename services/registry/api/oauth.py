"""The authorization server as OAuth 2 knows it: tokens, their revocation and introspection."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response, Security

from services.registry.api import oauth_shapes as shapes
from services.registry.api.lists import own_log_heard
from services.registry.api.records import RECORDS, community_of
from services.registry.api.registering import CREDENTIALS
from services.registry.authentication import Door, NotLetIn
from services.registry.domain import credential, record
from services.registry.domain.roles import granted
from services.registry.signing import Grant, Signing
from shared.events.registry import AccessTokenRevoked, PersonalTokenRevoked, VolunteerRegistered
from shared.kernel.canonical import Json, encode
from shared.kernel.commit import Answer
from shared.runtime.access import Principal, bearer
from shared.runtime.claims import AUDIENCE, Claims
from shared.runtime.execute import Transaction
from shared.runtime.http.edge import FORM
from shared.runtime.http.openapi import answers, form
from shared.runtime.http.problems import CALLER, REASON, Problem
from shared.runtime.http.rate import address_of
from shared.runtime.http.routes import Route
from shared.runtime.key_table import NO_AGREEMENT, NOT_TAKING_PART
from shared.runtime.service import Service

router = APIRouter(tags=["access"], route_class=Route)
Introspector = Annotated[Principal, Security(bearer, scopes=["registry:introspect"])]

UNKEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
MOST_FIELDS = 20


class OAuthError(Exception):
    """An error of RFC 6749, section 5.2. `reason` is a code for the log, `client` who was said to ask."""

    def __init__(
        self,
        status: int,
        error: str,
        reason: str | None = None,
        client: str | None = None,
        description: str | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.reason = reason or error.replace("_", "-")
        self.client = client
        self.description = description

    def response(self, request: Request) -> Response:
        """The error as an answer; why, and of whom, is left for the log."""
        request.scope[REASON] = self.reason
        if self.client is not None:
            request.scope[CALLER] = self.client
        headers = {**UNKEPT, "WWW-Authenticate": "Basic"} if self.status == 401 else UNKEPT
        said: dict[str, Json] = {"error": self.error}
        if self.description is not None:
            said["error_description"] = self.description
        return Response(encode(said), self.status, headers, "application/json")


@router.post(
    "/oauth/token",
    summary="Client credentials for an access token (RFC 6749, 4.4)",
    openapi_extra=form(shapes.TokenForm),
    responses=answers(shapes.Token) | answers(shapes.TokenError, 400, 401),
)
async def token(request: Request) -> Response:
    """Form fields `grant_type=client_credentials`, `client_id`, `client_secret` (or HTTP Basic), `scope`.

    A personal token is a client of its own kind: its id is the `client_id`, it itself the `client_secret`.
    """
    try:
        fields = _form(request)
        if "grant_type" not in fields:
            raise OAuthError(400, "invalid_request")
        if fields["grant_type"] != "client_credentials":
            raise OAuthError(400, "unsupported_grant_type")
        grant, _ = await _authenticate(request, fields)
        await _require_agreement(request, grant)
        await _require_taking_part(request, grant)
        scopes = granted(grant.scopes, fields.get("scope"))
        if not scopes:
            raise OAuthError(400, "invalid_scope", client=grant.client)
    except OAuthError as error:
        return error.response(request)
    return granted_token(request, grant, scopes)


async def _require_agreement(request: Request, grant: Grant) -> None:
    """A unit's client gets a token only while an agreement with its unit is in force."""
    if grant.unit is None:
        return
    agreements = request.app.state.service.keys.agreements
    if not agreements.may_come_in(grant.unit):
        await own_log_heard(request)  # the agreement may have been signed just now
    if not agreements.may_come_in(grant.unit):
        raise OAuthError(
            400, "unauthorized_client", "no-agreement-in-force", grant.client, description=NO_AGREEMENT
        )


async def _require_taking_part(request: Request, grant: Grant) -> None:
    """A volunteer's client gets a token only while the volunteer is on record and not suspended."""
    if grant.volunteer is None:
        return
    found = await request.app.state.commands.read(request, _principal(grant)).load(RECORDS, grant.volunteer)
    facts = found.facts
    suspended = not isinstance(facts, VolunteerRegistered) or facts.suspended is not None
    if found.ended or suspended:
        raise OAuthError(
            400, "unauthorized_client", "volunteer-not-active", grant.client, description=NOT_TAKING_PART
        )


def granted_token(request: Request, grant: Grant, scopes: frozenset[str]) -> Response:
    """An access token of `grant` for `scopes`, as an answer (RFC 6749, 5.1)."""
    signing: Signing = request.app.state.signing
    signer = signing.current(datetime.now(UTC))
    issuer = request.app.state.service.keys.issuer
    access_token, seconds = signer.token(replace(grant, scopes=scopes), issuer, signing.lifetime_s)
    answer: dict[str, Json] = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": seconds,
        "scope": " ".join(sorted(scopes)),
    }
    return Response(encode(answer), 200, UNKEPT, "application/json")


def _form(request: Request) -> dict[str, str]:
    """The fields of the body; those without a value count as left out (RFC 6749, 3.2)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body: bytes = request.scope.get("linli.body", b"")
    try:
        pairs = parse_qsl(body.decode(), errors="strict", max_num_fields=MOST_FIELDS) if kind == FORM else []
    except ValueError:
        raise OAuthError(400, "invalid_request") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise OAuthError(400, "invalid_request")
    return fields


async def _authenticate(request: Request, fields: dict[str, str]) -> tuple[Grant, str]:
    """What the caller has a right to, and the secret that it showed."""
    basic = _basic(request)
    if basic is not None and "client_secret" in fields:
        raise OAuthError(400, "invalid_request")  # one way to authenticate in a request, says the RFC
    client, secret = basic or (fields.get("client_id"), fields.get("client_secret"))
    if not client or not secret:
        raise OAuthError(401, "invalid_client", "credentials-missing")
    door: Door = request.app.state.door
    try:
        grant = await door.let_in(client, secret, address_of(request.scope), datetime.now(UTC))
    except NotLetIn as refusal:
        raise OAuthError(401, "invalid_client", refusal.reason, refusal.client) from None
    return grant, secret


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError:  # not base64, not ASCII, not UTF-8
        raise OAuthError(401, "invalid_client", "credentials-malformed") from None
    return client, secret


@router.post(
    "/oauth/revoke",
    summary="Revoke an access token or a personal token (RFC 7009)",
    openapi_extra=form(shapes.RevocationForm),
    responses=answers(shapes.TokenRevoked) | answers(shapes.TokenError, 400, 401),
)
async def revoke(request: Request) -> Response:
    """Refused everywhere within seconds. 200 also for what is no token, or none that is good any more.

    The client that got the access token revokes it, or the owner of the personal token that did. A personal
    token revokes itself, by being the `token` as well as the `client_secret`.
    """
    try:
        fields = _form(request)
        grant, secret = await _authenticate(request, fields)
        if "token" not in fields:
            raise OAuthError(400, "invalid_request")
        if fields["token"] == secret:
            await _revoke_itself(request, grant)
        else:
            await _revoke_access_token(request, grant, fields["token"])
    except OAuthError as error:
        return error.response(request)
    return Response(encode({"revoked": True}), 200, UNKEPT, "application/json")


async def _revoke_itself(request: Request, grant: Grant) -> None:
    if grant.client == grant.subject:
        raise OAuthError(400, "unsupported_token_type", client=grant.client)
    principal = _principal(grant)

    async def work(transaction: Transaction) -> Answer:
        event = PersonalTokenRevoked(community=community_of(principal))
        await transaction.decide(CREDENTIALS, grant.client, credential.End(event))
        return Answer(200, {})

    await request.app.state.commands.run(request, principal, work)


async def _revoke_access_token(request: Request, grant: Grant, text: str) -> None:
    service: Service = request.app.state.service
    try:
        claims = await service.keys.claims(text)
    except Problem:
        return  # RFC 7009, 2.2: what is not good need not be revoked
    if grant.client not in (claims.client, claims.subject):
        raise OAuthError(400, "invalid_grant", client=grant.client)
    principal = _principal(grant)
    expires = datetime.fromtimestamp(claims.expires, UTC)
    event = AccessTokenRevoked(community=community_of(principal), jti=claims.id, expires_at=expires)

    async def work(transaction: Transaction) -> Answer:
        await transaction.decide(RECORDS, f"jti-{claims.id}", record.Register(event))
        return Answer(200, {})

    await request.app.state.commands.run(request, principal, work)


def _principal(grant: Grant) -> Principal:
    communities = frozenset(grant.communities)
    return Principal(grant.subject, grant.role, grant.scopes, communities, grant.unit, grant.client)


@router.post(
    "/oauth/introspect",
    summary="Whether an access token is good, and whose it is (RFC 7662)",
    openapi_extra=form(shapes.IntrospectionForm),
    responses=answers(shapes.Introspected) | answers(shapes.TokenError, 400),
)
async def introspect(request: Request, principal: Introspector) -> Response:
    """Tokens of other communities than the caller's are as if they were not good."""
    try:
        fields = _form(request)
        if "token" not in fields:
            raise OAuthError(400, "invalid_request")
    except OAuthError as error:
        return error.response(request)
    service: Service = request.app.state.service
    try:
        claims = await service.keys.claims(fields["token"])
    except Problem:
        return Response(encode({"active": False}), 200, UNKEPT, "application/json")
    comes_in = service.keys.refusal(claims.unit, claims.volunteer) is None
    seen = comes_in and bool(claims.communities & principal.communities)
    said = _told(claims, service.keys.issuer) if seen else {"active": False}
    return Response(encode(said), 200, UNKEPT, "application/json")


def _told(claims: Claims, issuer: str) -> dict[str, Json]:
    told: dict[str, Json] = {
        "active": True,
        "token_type": "Bearer",
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": claims.subject,
        "client_id": claims.client,
        "jti": claims.id,
        "iat": claims.issued,
        "nbf": claims.begins,
        "exp": claims.expires,
        "scope": " ".join(sorted(claims.scopes)),
        "role": claims.role,
        "communities": [*sorted(claims.communities)],
    }
    more = {"unit": claims.unit, "volunteer": claims.volunteer}
    return told | {name: value for name, value in more.items() if value is not None}
