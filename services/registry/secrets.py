"""Client secrets: 32 random bytes each, kept only as a hash, inside a sealed detail."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping

from shared.kernel.canonical import Json


def new_secret() -> str:
    """A secret of 256 random bits, in URL-safe text."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """SHA-256 in hex. A slow hash protects secrets that people choose; these are random and long."""
    return hashlib.sha256(secret.encode()).hexdigest()


def matches(details: Mapping[str, Json], secret: str) -> bool:
    """Whether `secret` is the client's, in constant time."""
    return hmac.compare_digest(str(details["secret_sha256"]), hashed(secret))
