"""The authorization server's key, and the tokens that it signs."""

from __future__ import annotations

import base64
import hashlib
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OKPKey

from services.registry.domain.roles import granted
from shared.events.registry import ClientRegistered
from shared.runtime.access import ISSUER
from shared.runtime.ids import new_event_id
from shared.runtime.keyring import Keyring

LIFETIME_S = 600
SIGNING = "signing"
"""The name of the signing key's seed in registry's key file."""


@dataclass(frozen=True, slots=True)
class Signer:
    """An Ed25519 key; `kid` names it, `x` is its public part (base64url, RFC 8037)."""

    key: OKPKey
    kid: str
    x: str

    def token(self, client: str, facts: ClientRegistered, asked: str | None) -> tuple[str, str]:
        """An access token of ten minutes for `client`, and the scopes that it grants."""
        now = int(time.time())
        scope = " ".join(sorted(granted(facts.role, asked)))
        claims: dict[str, object] = {
            "iss": ISSUER,
            "sub": client,
            "iat": now,
            "exp": now + LIFETIME_S,
            "jti": new_event_id(),
            "role": facts.role,
            "scope": scope,
            "communities": list(facts.communities),
        }
        if facts.unit is not None:
            claims["unit"] = facts.unit
        header = {"alg": "EdDSA", "typ": "at+jwt", "kid": self.kid}
        return jwt.encode(header, claims, self.key, algorithms=["EdDSA"]), scope


def load_signer(keyring: Keyring) -> Signer:
    """The signer whose seed is in registry's key file."""
    seed = base64.b64decode(keyring.extra[SIGNING])
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
