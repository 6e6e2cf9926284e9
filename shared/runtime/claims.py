"""An access token, read and checked: a JWT (RFC 7519) of the profile of RFC 9068, signed with Ed25519.

Nothing that a token says of itself is believed before its signature: the algorithm is fixed, and the key is
the one that its `kid` names among those that registry published.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OKPKey
from joserfc.jws import CompactSignature

ALGORITHM = "EdDSA"
AUDIENCE = "linli"
TYPE = "at+jwt"
LEEWAY_S = 5

# RFC 9864 deprecates the name EdDSA in favour of Ed25519; most libraries of partner units know only it.
warnings.filterwarnings("ignore", category=SecurityWarning, module="joserfc")

VOLUNTEER = "volunteer"
"""The role whose tokens name a volunteer, and its unit."""
INVALID = "the token is not one of this system's; ask registry for one"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says that was found good. Times are seconds since 1970.

    `subject` is who acts; `client` what asked for the token: the same, or a personal token of the subject's.
    """

    subject: str
    client: str
    role: str
    scopes: frozenset[str]
    communities: frozenset[str]
    unit: str | None
    volunteer: str | None
    id: str
    issued: int
    begins: int
    expires: int


class TokenFault(Exception):
    """A token is not good. `code` is part of the interface; `message` tells a person what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class UnknownKey(TokenFault):
    """The token names a key that is not known here, or none."""

    def __init__(self) -> None:
        super().__init__("token-invalid", INVALID)


def read_claims(token: str, keys: Mapping[str, OKPKey], issuer: str, now: int) -> Claims:
    """What `token` says at `now`. Raises TokenFault; UnknownKey if it names none of `keys`."""
    header, said = _signed(token, keys)
    claims = _parsed(said)
    if claims is None or header.get("typ") != TYPE or said["iss"] != issuer or said["aud"] != AUDIENCE:
        raise TokenFault("token-invalid", INVALID)
    if claims.expires + LEEWAY_S <= now:
        raise TokenFault("token-expired", "the token's time is over; ask for a new one")
    if claims.begins - LEEWAY_S > now or claims.issued - LEEWAY_S > now:
        message = "the token's time has not begun; ask again when it has, and set your clock"
        raise TokenFault("token-not-yet-valid", message)
    return claims


def _signed(token: str, keys: Mapping[str, OKPKey]) -> tuple[Mapping[str, object], Mapping[str, object]]:
    def key_of(signature: CompactSignature) -> OKPKey:
        kid = signature.headers().get("kid")
        found = keys.get(kid) if isinstance(kid, str) else None
        if found is None:
            raise UnknownKey
        return found

    try:
        decoded = jwt.decode(token, key_of, algorithms=[ALGORITHM])  # type: ignore[arg-type]
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        # The library trusts a token's header to have the types, and the depth, that it should.
        raise TokenFault("token-invalid", INVALID) from None
    return decoded.header, decoded.claims


def _parsed(said: Mapping[str, object]) -> Claims | None:
    texts = [said.get(name) for name in ("iss", "aud", "sub", "client_id", "role", "scope", "jti")]
    times = [said.get(name) for name in ("iat", "nbf", "exp")]
    communities, unit, volunteer = said.get("communities"), said.get("unit"), said.get("volunteer")
    if not all(isinstance(text, str) for text in texts) or not all(type(time) is int for time in times):
        return None
    if not isinstance(communities, list) or not isinstance(unit, str | None):
        return None
    whole = isinstance(volunteer, str) and unit is not None
    if not whole if said["role"] == VOLUNTEER else volunteer is not None:
        return None
    issued, begins, expires = (int(str(time)) for time in times)
    return Claims(
        subject=str(said["sub"]),
        client=str(said["client_id"]),
        role=str(said["role"]),
        scopes=frozenset(str(said["scope"]).split()),
        communities=frozenset(str(community) for community in communities),
        unit=unit,
        volunteer=None if volunteer is None else str(volunteer),
        id=str(said["jti"]),
        issued=issued,
        begins=begins,
        expires=expires,
    )
