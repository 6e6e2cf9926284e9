"""The authorization server's keys, and the tokens that they sign.

The private keys are seeds in registry's key file, oldest first, by spaces. Which of them signs is told by the
log alone: the newest that was published long enough ago for every service to know it.
"""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OKPKey

from shared.runtime.claims import ALGORITHM, AUDIENCE, LEEWAY_S, TYPE
from shared.runtime.ids import new_event_id
from shared.runtime.keyfile import change_extra, read_key_file
from shared.runtime.keyring import Keyring

LIFETIME_S = 600
SETTLE_S = 10.0
"""How long a key is known before it signs: twice the time in which a service asks for what it missed."""
SIGNING = "signing"
"""The name of the seeds in registry's key file."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token is to say: who acts (`subject`), and what asked for it (`client`)."""

    subject: str
    client: str
    role: str
    scopes: frozenset[str]
    communities: Sequence[str]
    unit: str | None = None
    until: datetime | None = None
    """When the right to tokens ends: no token outlives it."""
    volunteer: str | None = None


@dataclass(frozen=True, slots=True)
class Signer:
    """An Ed25519 key; `kid` names it, `x` is its public part (base64url, RFC 8037)."""

    key: OKPKey
    kid: str
    x: str

    def token(self, grant: Grant, issuer: str, lifetime: int = LIFETIME_S) -> tuple[str, int]:
        """An access token, and how many seconds it is good."""
        now = int(time.time())
        if grant.until is not None:
            lifetime = min(lifetime, int(grant.until.timestamp()) - now)
        claims: dict[str, object] = {
            "iss": issuer,
            "aud": AUDIENCE,
            "sub": grant.subject,
            "client_id": grant.client,
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "jti": new_event_id(),
            "role": grant.role,
            "scope": " ".join(sorted(grant.scopes)),
            "communities": list(grant.communities),
        }
        if grant.unit is not None:
            claims["unit"] = grant.unit
        if grant.volunteer is not None:
            claims["volunteer"] = grant.volunteer
        return self.sign(claims), lifetime

    def sign(self, claims: dict[str, object], **header: object) -> str:
        """A JWT of `claims`; fields of `header` replace those that it has."""
        full = {"alg": ALGORITHM, "typ": TYPE, "kid": self.kid, **header}
        return jwt.encode(full, claims, self.key, algorithms=[ALGORITHM])


@dataclass(slots=True)
class Signing:
    """The keys of this installation: those that sign, will sign, or have signed what is still good."""

    path: Path
    signers: dict[str, Signer]
    settle_s: float = SETTLE_S
    lifetime_s: int = LIFETIME_S
    published: dict[str, datetime] = field(default_factory=dict)
    """When each was published, for those that were and are not retired."""

    def learn(self, kid: str, at: datetime) -> None:
        """The key `kid` is on record since `at`; another process may have made it."""
        if kid not in self.signers:
            self.signers = signers_of(str(read_key_file(self.path)[SIGNING]))
        if kid in self.signers:
            self.published.setdefault(kid, at)

    def current(self, now: datetime) -> Signer:
        """The key that signs at `now`."""
        ordered = self._ordered()
        known = [kid for kid in ordered if self.used_from(kid) <= now]
        return self.signers[known[-1] if known else ordered[0]]

    def used_from(self, kid: str) -> datetime:
        """When `kid` begins to sign."""
        return self.published[kid] + timedelta(seconds=self.settle_s)

    def over(self, now: datetime) -> list[str]:
        """The keys whose last token has expired by `now`."""
        rest = timedelta(seconds=self.settle_s + self.lifetime_s + LEEWAY_S)
        ordered = self._ordered()
        return [kid for kid, successor in pairwise(ordered) if self.used_from(successor) + rest <= now]

    def make(self) -> Signer:
        """A new key, in the key file before anybody hears of it."""
        seed = base64.b64encode(os.urandom(32)).decode()
        self.signers = signers_of(change_extra(self.path, SIGNING, lambda seeds: f"{seeds} {seed}"))
        return _signer(seed)

    def forget(self, kid: str) -> None:
        """The key `kid` is retired: nobody signs with it again."""
        self.published.pop(kid, None)

        def without(seeds: str) -> str:
            return " ".join(seed for seed in seeds.split() if _signer(seed).kid != kid)

        self.signers = signers_of(change_extra(self.path, SIGNING, without))

    def _ordered(self) -> list[str]:
        return sorted(self.published, key=lambda kid: (self.published[kid], kid))


def load_signing(path: Path, keyring: Keyring, settle_s: float, lifetime_s: int) -> Signing:
    """The keys whose seeds are in registry's key file, none of them published as far as this knows."""
    return Signing(path, signers_of(keyring.extra[SIGNING]), settle_s, lifetime_s)


def load_signer(keyring: Keyring) -> Signer:
    """The newest key of registry's key file."""
    return list(signers_of(keyring.extra[SIGNING]).values())[-1]


def signers_of(seeds: str) -> dict[str, Signer]:
    """The keys of these seeds, by their names."""
    found = [_signer(seed) for seed in seeds.split()]
    return {signer.kid: signer for signer in found}


def _signer(text: str) -> Signer:
    seed = base64.b64decode(text)
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    kid = hashlib.sha256(public).hexdigest()[:16]
    x = _base64url(public)
    jwk: dict[str, str | list[str]] = {
        "kty": "OKP",
        "crv": "Ed25519",
        "kid": kid,
        "x": x,
        "d": _base64url(seed),
    }
    return Signer(OKPKey.import_key(jwk), kid, x)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
