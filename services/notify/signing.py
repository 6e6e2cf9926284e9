"""Signatures after Standard Webhooks 1.0, over `{id}.{timestamp}.{body}`.

`v1` is HMAC-SHA256 with a secret that both sides have, `v1a` Ed25519, of which the receiver has the public
key alone. A secret says by its prefix which of them it signs.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Sequence
from functools import lru_cache, partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.events.notify import Signature

PREFIX = "whsec_"
PRIVATE_PREFIX = "whsk_"
PUBLIC_PREFIX = "whpk_"
SECRET_BYTES = 32
SHORTEST_SECRET, LONGEST_SECRET = 24, 64
SEED_BYTES = 32
"""An Ed25519 private key (RFC 8032, 5.1.5), as the specification's own library writes it behind `whsk_`."""
KEYS_AT_HAND = 2048


def new_secret(signature: Signature = "v1") -> str:
    """For `v1` `whsec_`, for `v1a` `whsk_`, each with the base64 of 32 random bytes."""
    prefix = PREFIX if signature == "v1" else PRIVATE_PREFIX
    return prefix + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def public_key(secret: str) -> str:
    """What a receiver verifies with: `whpk_` and the base64 of the public key that belongs to a `whsk_` one.

    Raises ValueError if `secret` is no such key.
    """
    public = _private_key(secret).public_key().public_bytes_raw()
    return PUBLIC_PREFIX + base64.b64encode(public).decode()


def key_of(secret: str) -> bytes:
    """The key that a `whsec_` secret stands for: the bytes behind the base64, not the text itself.

    Raises ValueError if it is no secret.
    """
    key = _decoded(secret, PREFIX)
    if not SHORTEST_SECRET <= len(key) <= LONGEST_SECRET:
        raise ValueError(f"a secret has {SHORTEST_SECRET} to {LONGEST_SECRET} bytes")
    return key


def signatures(keys: Sequence[str], id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: one signature for each of `keys`, in their order.

    `timestamp` is of the attempt, in Unix seconds. Raises ValueError if there are no keys, or one is no key.
    """
    if not keys:
        raise ValueError("a webhook is signed with a secret at least")
    signed = _signed(id, timestamp, body)
    return " ".join([_signer(key)(signed) for key in keys])


@lru_cache(maxsize=KEYS_AT_HAND)
def _signer(secret: str) -> Callable[[bytes], str]:
    """What signs with `secret`. It is parsed once, which would cost more than a signature does."""
    if secret.startswith(PRIVATE_PREFIX):
        private = _private_key(secret)
        return lambda signed: "v1a," + base64.b64encode(private.sign(signed)).decode()
    return partial(_hmac, key_of(secret))


def _signed(id: str, timestamp: int, body: bytes) -> bytes:
    return b"%b.%d.%b" % (id.encode(), timestamp, body)


def _hmac(key: bytes, signed: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def _private_key(secret: str) -> Ed25519PrivateKey:
    seed = _decoded(secret, PRIVATE_PREFIX)
    if len(seed) != SEED_BYTES:
        raise ValueError(f"a private key has {SEED_BYTES} bytes")
    return Ed25519PrivateKey.from_private_bytes(seed)


def _decoded(secret: str, prefix: str) -> bytes:
    if not secret.startswith(prefix):
        raise ValueError(f"a secret of this kind begins with {prefix}")
    try:
        return base64.b64decode(secret.removeprefix(prefix), validate=True)
    except binascii.Error as error:
        raise ValueError("a secret is base64 behind its prefix") from error
