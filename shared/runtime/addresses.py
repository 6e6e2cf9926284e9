"""Whether an address of the store, the broker or the mail server can be one. Nothing of it is repeated.

The drivers say more, and quote: of `mongodb://user:se/cret@host` the end of the password.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection
from email.headerregistry import Address, HeaderRegistry
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from aio_pika.connection import make_url
from pydantic import AfterValidator, SecretStr
from pymongo import MongoClient
from pymongo.errors import PyMongoError

_STORE_SCHEMES = ("mongodb", "mongodb+srv")
_BROKER_SCHEMES = ("amqp", "amqps")
_MAIL_SCHEMES = ("smtp", "smtps")
_HTTP_SCHEMES = ("http", "https")
_HEADERS = HeaderRegistry()


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


def _mail(url: SecretStr) -> SecretStr:
    parts = _checked(url, _MAIL_SCHEMES)
    try:
        named = bool(parts.hostname) and parts.port != 0 and parts.path in ("", "/") and not parts.query
    except ValueError:
        named = False
    if not named or (parts.password is not None and not parts.username):
        raise _refused(_MAIL_SCHEMES)
    return url


def _http(url: SecretStr) -> SecretStr:
    parts = _checked(url, _HTTP_SCHEMES)
    try:
        named = bool(parts.hostname) and parts.port != 0 and not parts.query
    except ValueError:
        named = False
    if not named or not parts.username or not parts.password:
        raise _refused(_HTTP_SCHEMES)
    return url


def _sender(text: str) -> str:
    mailboxes: tuple[Address, ...] = ()
    if text.isprintable():
        said = _HEADERS("From", text)
        mailboxes = () if said.defects else getattr(said, "addresses", ())
    plain = [mailbox for mailbox in mailboxes if mailbox.addr_spec.isascii()]
    if not len(plain) == len(mailboxes) == 1 or "." not in plain[0].domain:
        raise ValueError(
            "it must be an address, linli@example.org, or a name and one, Linli <linli@example.org>"
        )
    return text


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
MailUrl = Annotated[SecretStr, AfterValidator(_mail)]
"""`smtp://user:password@host:port`, or `smtps://` for TLS from the first byte on."""
BrokerAdminUrl = Annotated[SecretStr, AfterValidator(_http)]
"""`http://user:password@host:port`, or `https://`, of the broker's HTTP API."""
Sender = Annotated[str, AfterValidator(_sender)]
"""A mailbox, with or without a name before it."""
