"""Secrets of clients and personal tokens: kept only as hashes, inside sealed details.

A secret is `linli_`, 43 digits and 6 more: 256 random bits and the CRC-32 of all before it, both in base 62
(digits 0-9, A-Z, a-z, the most significant first, zeros before). So a scanner of leaked secrets finds it by
its beginning and can tell it from what only looks so, and a mistyped one is refused without a look into the
store.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import zlib
from collections.abc import Iterable

PREFIX = "linli_"
BYTES = 32
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
LENGTH, CHECK_LENGTH = 43, 6

_FORM = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{LENGTH + CHECK_LENGTH}}}", re.ASCII)


def new_secret() -> str:
    """A secret of 256 random bits."""
    body = PREFIX + _in_digits(int.from_bytes(secrets.token_bytes(BYTES), "big"), LENGTH)
    return body + _check(body)


def may_be_good(secret: str) -> bool:
    """Whether `secret` can be anybody's. False for a mistyped one; what an operator chose for the first
    start, which has another form, may be."""
    if not secret.startswith(PREFIX):
        return True
    body, check = secret[:-CHECK_LENGTH], secret[-CHECK_LENGTH:]
    return _FORM.fullmatch(secret) is not None and _check(body) == check


def hashed(secret: str) -> str:
    """SHA-256 in hex. A slow hash protects secrets that people choose; these are random and long."""
    return hashlib.sha256(secret.encode()).hexdigest()


def matches(hashes: Iterable[str], secret: str) -> bool:
    """Whether `secret` has one of `hashes`, in a time that says nothing about any of them."""
    given = hashed(secret)
    found = False
    for one in hashes:
        found |= hmac.compare_digest(one, given)
    return found


def _check(body: str) -> str:
    return _in_digits(zlib.crc32(body.encode()), CHECK_LENGTH)


def _in_digits(number: int, length: int) -> str:
    found = ""
    for _ in range(length):
        number, digit = divmod(number, len(DIGITS))
        found = DIGITS[digit] + found
    return found
