"""Who calls: access tokens checked against keys that registry published as events.

Every service keeps the keys in a table of its own, so each checks by itself and starts while registry
is down. Tokens are JWTs (RFC 7519, RFC 9068 in spirit) signed with Ed25519.
"""

from __future__ import annotations

import asyncio
import time
import warnings
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from fastapi import Request
from fastapi.openapi.models import OAuth2, OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import KeySet, OKPKey

from shared.kernel.cloudevent import CloudEvent
from shared.runtime.http.problems import Problem
from shared.runtime.mongo import Database

ISSUER = "linli"
ALGORITHMS = ["EdDSA", "Ed25519"]
LEEWAY_S = 5
CACHE = 10_000
RELOAD_S = 3.0
UNKNOWN_KEY_S = 1.0

SCOPES: Mapping[str, str] = {
    "registry:read": "read units, volunteers, teams, grids and the catalogue",
    "registry:write": "register volunteers and residents",
    "registry:admin": "register units, services and API clients, erase a person",
    "residents:read": "read the codes of residents",
    "dispatch:read": "read requests, assignments and visits",
    "dispatch:write": "open requests, check in and complete visits",
    "dispatch:coordinate": "triage requests, assign volunteers, schedule visits",
    "details:read": "read personal details, each reading on record",
    "notify:read": "read endpoints and deliveries",
    "notify:write": "register endpoints",
    "audit:read": "read and verify the audit log",
    "events:read": "read a service's events",
    "operate": "see and redrive parked events",
}

# RFC 9864 deprecates the name EdDSA in favour of Ed25519; most libraries of partner units know only it.
warnings.filterwarnings("ignore", category=SecurityWarning, module="joserfc")


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: a client with a role, its communities, and its unit if it is a unit's client."""

    client: str
    role: str
    scopes: frozenset[str]
    communities: frozenset[str]
    unit: str | None = None

    def sees(self, units: tuple[str, ...] | frozenset[str]) -> bool:
        """Whether something that concerns `units` may be shown: a unit sees what names it, staff all."""
        return self.unit is None or self.unit in units


@dataclass(slots=True)
class KeyTable:
    """The public keys and revocations that this service has heard of, in its own database."""

    database: Database
    keys: dict[str, Mapping[str, str]] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    verified: dict[str, tuple[Principal, int]] = field(default_factory=dict)
    loaded: float = 0.0

    async def load(self) -> None:
        """Read the table: at the start, every few seconds for what another replica was told, and when a
        token names a key that is not known."""
        self.loaded = time.monotonic()
        known = len(self.revoked)
        async for document in self.database["access"].find({}):
            kind, name = str(document["_id"]).split(":", 1)
            if kind == "key":
                self.keys[name] = document["jwk"]
            else:
                self.revoked.add(name)
        if len(self.revoked) > known:
            self.verified.clear()

    async def keep_loading(self) -> None:
        """Read the table again and again, until cancelled."""
        while True:
            await asyncio.sleep(RELOAD_S)
            await self.load()

    async def knows(self, token: str) -> bool:
        """Whether `token` is good."""
        try:
            await self.verify(token)
        except Problem:
            return False
        return True

    async def learn_key(self, event: CloudEvent) -> None:
        """Reaction to `signing-key-published`."""
        await self.add_key(str(event.data["kid"]), str(event.data["x"]))

    async def add_key(self, kid: str, x: str) -> None:
        """Trust the Ed25519 public key `x` (base64url) under the name `kid`."""
        jwk = {"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x}
        await self.database["access"].update_one({"_id": f"key:{kid}"}, {"$set": {"jwk": jwk}}, upsert=True)
        self.keys[kid] = jwk

    def reactions(self) -> dict[str, Callable[[CloudEvent], Awaitable[None]]]:
        """The events of registry that this table is made of."""
        return {"signing-key-published": self.learn_key, "client-revoked": self.learn_revocation}

    async def learn_revocation(self, event: CloudEvent) -> None:
        """Reaction to `client-revoked`."""
        await self.database["access"].update_one(
            {"_id": f"revoked:{event.stream}"}, {"$set": {"at": event.recorded}}, upsert=True
        )
        self.revoked.add(event.stream)
        self.verified.clear()

    async def verify(self, token: str) -> Principal:
        """The caller behind `token`. Raises Problem 401."""
        now = int(time.time())
        cached = self.verified.get(token)
        if cached is not None and cached[1] > now:
            principal = cached[0]
        else:
            principal, expires = await self._check(token, now)
            if len(self.verified) >= CACHE:
                self.verified.clear()
            self.verified[token] = (principal, expires)
        if principal.client in self.revoked:
            raise unauthorized("token-revoked", "this client was revoked; ask an administrator for another")
        return principal

    async def _check(self, token: str, now: int) -> tuple[Principal, int]:
        claims = self._decode(token)
        if claims is None and time.monotonic() - self.loaded > UNKNOWN_KEY_S:
            await self.load()
            claims = self._decode(token)
        if claims is None:
            raise unauthorized("token-invalid", "the token is not one of this system's; ask registry for one")
        expires = int(str(claims["exp"]))
        if claims["iss"] != ISSUER or expires + LEEWAY_S <= now:
            raise unauthorized("token-expired", "the token's time is over; ask for a new one")
        unit = claims.get("unit")
        communities = claims["communities"]
        principal = Principal(
            client=str(claims["sub"]),
            role=str(claims["role"]),
            scopes=frozenset(str(claims["scope"]).split()),
            communities=frozenset(communities if isinstance(communities, list) else []),
            unit=str(unit) if unit is not None else None,
        )
        return principal, expires

    def _decode(self, token: str) -> dict[str, object] | None:
        if not self.keys:
            return None
        try:
            key_set = KeySet([OKPKey.import_key(dict(jwk)) for jwk in self.keys.values()])
            claims: dict[str, object] = jwt.decode(token, key_set, algorithms=ALGORITHMS).claims
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            return None  # the library trusts a token's header to have the types that it should
        return claims if {"iss", "sub", "role", "scope", "exp", "communities"} <= claims.keys() else None


def unauthorized(code: str, detail: str) -> Problem:
    """401 with the challenge of RFC 6750."""
    challenge = f'Bearer error="invalid_token", error_description="{detail}"'
    return Problem(401, code, detail, headers={"WWW-Authenticate": challenge})


class Bearer(SecurityBase):
    """The dependency by which a route asks for scopes: `Security(bearer, scopes=["dispatch:write"])`."""

    def __init__(self) -> None:
        flow = OAuthFlowClientCredentials(tokenUrl="/oauth/token", scopes=dict(SCOPES))
        self.model = OAuth2(
            flows=OAuthFlows(clientCredentials=flow),
            description="Tokens come from registry: the path is registry's, whichever service is called.",
        )
        self.scheme_name = "oauth2"

    async def __call__(self, request: Request, needed: SecurityScopes) -> Principal:
        """The caller. Raises Problem 401 without a valid token, 403 without a scope it needs."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            message = "send an access token, as Authorization: Bearer"
            raise Problem(401, "token-missing", message, headers={"WWW-Authenticate": "Bearer"})
        table: KeyTable = request.app.state.keys
        principal = await table.verify(token.strip())
        if not principal.scopes.issuperset(needed.scopes):
            scopes = " ".join(needed.scopes)
            challenge = f'Bearer error="insufficient_scope", scope="{scopes}"'
            message = f"this needs the scope {scopes}, which the token does not have"
            raise Problem(403, "insufficient-scope", message, headers={"WWW-Authenticate": challenge})
        return principal


bearer = Bearer()
