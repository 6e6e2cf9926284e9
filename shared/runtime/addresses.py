"""Whether an address of the store or of the broker can be one. What is said of it repeats nothing of it.

The drivers say more, and quote: of `mongodb://user:se/cret@host` the end of the password.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from aio_pika.connection import make_url
from pydantic import AfterValidator, SecretStr
from pymongo import MongoClient
from pymongo.errors import PyMongoError

_STORE_SCHEMES = ("mongodb", "mongodb+srv")
_BROKER_SCHEMES = ("amqp", "amqps")


def _store(url: SecretStr) -> SecretStr:
    _checked(url, _STORE_SCHEMES)
    try:
        # It warns of options that it does not know, and will again when it is used.
        with warnings.catch_warnings(action="ignore"):
            client: MongoClient[dict[str, object]] = MongoClient(url.get_secret_value(), connect=False)
            client.close()
    except (PyMongoError, ValueError, TypeError, OSError):
        raise _refused(_STORE_SCHEMES) from None
    return url


def _broker(url: SecretStr) -> SecretStr:
    parts = _checked(url, _BROKER_SCHEMES)
    try:
        named = make_url(url.get_secret_value()).host and parts.port != 0
    except ValueError:
        raise _refused(_BROKER_SCHEMES) from None
    if not named:
        raise _refused(_BROKER_SCHEMES)
    return url


def _checked(url: SecretStr, schemes: Collection[str]) -> SplitResult:
    text = url.get_secret_value()
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _refused(schemes) from None
    # Behind the host, @ or # is what a / or a # in a password leaves there.
    rest = parts.path + parts.query
    plain = text.isprintable() and " " not in text and "@" not in rest and "#" not in text
    if parts.scheme not in schemes or not parts.netloc or not plain:
        raise _refused(schemes)
    return parts


def _refused(schemes: Collection[str]) -> ValueError:
    begins = " or ".join(f"{scheme}://" for scheme in schemes)
    return ValueError(
        f"it must begin with {begins} and name a host; in a user or a password, / : @ ? # % and other "
        "special characters are percent-encoded"
    )


StoreUrl = Annotated[SecretStr, AfterValidator(_store)]
"""A URL that the driver of the store accepts. Nothing is looked up or connected to."""
BrokerUrl = Annotated[SecretStr, AfterValidator(_broker)]
"""A URL that the driver of the broker accepts."""
