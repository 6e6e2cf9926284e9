"""The keys and revocations that a service has heard of, and what a token is worth by them.

What a good token is says `claims.py`. The check is on every call's way: a token that was found good is looked
up in memory from then on, until something is revoked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared.kernel.cloudevent import CloudEvent
from shared.kernel.times import parse_time
from shared.runtime.agreements import Agreements
from shared.runtime.claims import LEEWAY_S, Claims, TokenFault, UnknownKey, read_claims
from shared.runtime.http.problems import Problem
from shared.runtime.http.rate import FailureLimit
from shared.runtime.mongo import Database
from shared.runtime.principal import Principal, principal_of
from shared.runtime.volunteers import PREFIX, Volunteers

ISSUER = "linli"
CACHE = 10_000
RELOAD_S = 3.0
UNKNOWN_KEY_S = 1.0
HEARD_WITHIN_S = 3.0
"""How soon after a token was issued what it was issued by, an agreement say, is known in every service."""
HEARD_LOOK_S = 0.02

NO_AGREEMENT = "no agreement with your unit is in force; the community office makes one, or renews it"
NOT_TAKING_PART = "the volunteer takes no part at present; your unit or the community office can say more"

log = structlog.get_logger()


@dataclass(slots=True)
class KeyTable:
    """The public keys and revocations that this service has heard of, in its own database.

    Collection `access`: `key:<kid>` with the key as `jwk`, and `retired` once it is; `revoked:<id>` of a
    client or a personal token; `token:<jti>` of an access token, until it would have expired;
    `volunteer:<id>`, see `Volunteers`.
    """

    database: Database
    issuer: str = ISSUER
    failures: FailureLimit = field(default_factory=FailureLimit)
    keys: dict[str, Mapping[str, str]] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    """Ids of clients, of personal tokens and of access tokens."""
    verified: dict[str, tuple[Principal, int]] = field(default_factory=dict)
    loaded: float = 0.0
    agreements: Agreements = field(init=False)
    volunteers: Volunteers = field(init=False)
    _imported: dict[str, OKPKey] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """With the agreements, by which a unit's client may come in, and the volunteers who may."""
        self.agreements = Agreements(self.database)
        self.volunteers = Volunteers(self.database)

    async def load(self) -> None:
        """Read the table: at the start, every few seconds for what another replica was told, and when a
        token names a key that is not known."""
        self.loaded = time.monotonic()
        known, now = len(self.revoked), int(time.time())
        async for document in self.database["access"].find({}):
            kind, name = str(document["_id"]).split(":", 1)
            if f"{kind}:" == PREFIX:
                self.volunteers.take(document)
            elif kind == "key":
                self.trust(name, document["jwk"], retired=bool(document.get("retired")))
            elif kind == "token" and int(document["expires"]) + LEEWAY_S <= now:
                self.revoked.discard(name)
                await self.database["access"].delete_one({"_id": document["_id"]})
            else:
                self.revoked.add(name)
        if len(self.revoked) > known:
            self.verified.clear()
        await self.agreements.load()

    async def keep_loading(self) -> None:
        """Read the table again and again, until cancelled."""
        while True:
            await asyncio.sleep(RELOAD_S)
            await self.load()

    async def knows(self, token: str) -> bool:
        """Whether `token` is good, though its unit may have no agreement in force, or none that was heard of
        here yet, and its volunteer take no part."""
        try:
            await self._known(token)
        except Problem:
            return False
        return True

    def reactions(self) -> dict[str, Callable[[CloudEvent], Awaitable[None]]]:
        """The events of registry that this table is made of."""
        agreements, volunteers = self.agreements.reactions(), self.volunteers.reactions()
        both = [table.pop("records-merged") for table in (agreements, volunteers)]

        async def learn_merge(event: CloudEvent) -> None:
            for learn in both:
                await learn(event)

        return {
            "signing-key-published": self.learn_key,
            "signing-key-retired": self.learn_retirement,
            "client-revoked": self.learn_revocation,
            "person-dismissed": self.learn_revocation,
            "personal-token-revoked": self.learn_revocation,
            "access-token-revoked": self.learn_token_revocation,
            "records-merged": learn_merge,
            **agreements,
            **volunteers,
        }

    async def learn_key(self, event: CloudEvent) -> None:
        """Reaction to `signing-key-published`."""
        await self.add_key(str(event.data["kid"]), str(event.data["x"]))

    async def add_key(self, kid: str, x: str) -> None:
        """Trust the Ed25519 public key `x` (base64url) under the name `kid`, unless it was retired."""
        jwk = {"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x}
        await self.database["access"].update_one({"_id": f"key:{kid}"}, {"$set": {"jwk": jwk}}, upsert=True)
        found = await self.database["access"].find_one({"_id": f"key:{kid}"})
        self.trust(kid, jwk, retired=bool(found and found.get("retired")))

    async def learn_retirement(self, event: CloudEvent) -> None:
        """Reaction to `signing-key-retired`. The name stays, so that the key does not come back."""
        kid = str(event.data["kid"])
        jwk = self.keys.get(kid, {})
        await self.database["access"].update_one(
            {"_id": f"key:{kid}"}, {"$set": {"retired": True}, "$setOnInsert": {"jwk": jwk}}, upsert=True
        )
        self.trust(kid, jwk, retired=True)
        self.verified.clear()

    def trust(self, kid: str, jwk: Mapping[str, str], retired: bool = False) -> None:
        """Take tokens signed by `jwk`, in memory alone; none any more if it is `retired`."""
        if retired:
            self.keys.pop(kid, None)
            self._imported.pop(kid, None)
        elif kid not in self._imported:
            try:
                self._imported[kid] = OKPKey.import_key(dict(jwk))
            except (JoseError, ValueError, TypeError) as error:
                # One that cannot be read must not keep the others from being used.
                log.error("key-unreadable", kid=kid, error=type(error).__name__)
                return
            self.keys[kid] = jwk

    async def learn_revocation(self, event: CloudEvent) -> None:
        """Reaction to what ends a client, a person or a personal token."""
        await self._revoke(f"revoked:{event.stream}", {"at": event.recorded})

    async def learn_token_revocation(self, event: CloudEvent) -> None:
        """Reaction to `access-token-revoked`."""
        expires = int(parse_time(str(event.data["expires_at"])).timestamp())
        await self._revoke(f"token:{event.data['jti']}", {"expires": expires})

    async def _revoke(self, document: str, facts: Mapping[str, object]) -> None:
        await self.database["access"].update_one({"_id": document}, {"$set": dict(facts)}, upsert=True)
        self.revoked.add(document.split(":", 1)[1])
        self.verified.clear()

    async def verify(self, token: str) -> Principal:
        """The caller behind `token`. Raises Problem 401, and 403 if its unit has no agreement in force, or
        its volunteer takes no part."""
        principal = await self._known(token)
        refusal = self.refusal(principal.unit, principal.volunteer)
        # Registry gave the token by an agreement: a word of it that is on its way yet is waited for.
        while refusal is not None and time.time() < principal.issued + HEARD_WITHIN_S:
            await asyncio.sleep(HEARD_LOOK_S)
            refusal = self.refusal(principal.unit, principal.volunteer)
        if refusal is not None:
            raise refusal
        return principal

    def refusal(self, unit: str | None, volunteer: str | None) -> Problem | None:
        """Why a client of `unit`, or of its `volunteer`, may not come in now; None if it may."""
        if unit is not None and not self.agreements.may_come_in(unit):
            return Problem(403, "no-agreement-in-force", NO_AGREEMENT)
        if volunteer is not None and not self.volunteers.may_come_in(volunteer):
            return Problem(403, "volunteer-not-active", NOT_TAKING_PART)
        return None

    async def _known(self, token: str) -> Principal:
        now = int(time.time())
        cached = self.verified.get(token)
        if cached is not None and cached[1] > now:
            principal = cached[0]
        else:
            claims = await self._read(token, now)
            principal = principal_of(claims)
            if len(self.verified) >= CACHE:
                self.verified.clear()
            self.verified[token] = (principal, claims.expires)
        if not self.revoked.isdisjoint((principal.client, principal.credential, principal.token)):
            raise _revoked()
        return principal

    async def claims(self, token: str) -> Claims:
        """What a good `token` says, whether or not its unit may come in. Raises Problem 401."""
        claims = await self._read(token, int(time.time()))
        if not self.revoked.isdisjoint((claims.subject, claims.client, claims.id)):
            raise _revoked()
        return claims

    async def _read(self, token: str, now: int) -> Claims:
        try:
            try:
                return read_claims(token, self._imported, self.issuer, now)
            except UnknownKey:
                if time.monotonic() - self.loaded <= UNKNOWN_KEY_S:
                    raise
                await self.load()
                return read_claims(token, self._imported, self.issuer, now)
        except TokenFault as fault:
            raise of_fault(fault) from None


def _revoked() -> Problem:
    message = "this token, or the client that it is of, was revoked; ask an administrator for access"
    return unauthorized("token-revoked", message)


def of_fault(fault: TokenFault) -> Problem:
    return unauthorized(fault.code, fault.message)


def unauthorized(code: str, detail: str) -> Problem:
    """401 with the challenge of RFC 6750."""
    challenge = f'Bearer error="invalid_token", error_description="{detail}"'
    return Problem(401, code, detail, headers={"WWW-Authenticate": challenge})
