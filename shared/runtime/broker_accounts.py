"""A unit's own queue and user on the broker, made and taken away while it runs, through its HTTP API."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from urllib.parse import quote

import aiohttp
from pydantic import SecretStr
from yarl import URL

PARTNERS = "partners"
"""The virtual host of the units' queues."""
OF_A_UNIT = r"partner\."
"""How the names of its queues and users begin, as a regular expression: no others are touched."""
QUEUE_LENGTH = 100_000
QUEUE_BYTES = 256 * 1024 * 1024
# Nobody else gets what is returned this often, so it would be gone: that takes a reader which fails for days.
DELIVERY_LIMIT = 10_000
CONNECTIONS = 10
CHANNELS = 50
DEADLINE_S = 10.0

_NAME = re.compile(rf"{OF_A_UNIT}[A-Za-z0-9-]+(\.v[0-9]+)?")
_NOT_FOUND = 404


class AccountsFailed(Exception):
    """The broker was away, or refused. What was done of it stays: do it again."""


def queue_of(endpoint: str) -> str:
    """The queue of an endpoint. Other arguments for a queue need another name."""
    return f"partner.{endpoint}.v1"


def user_of(endpoint: str) -> str:
    """The user who reads it."""
    return f"partner.{endpoint}"


def password_hash(password: str) -> str:
    """RabbitMQ's salted hash: base64 of a 4-byte salt and the SHA-256 of salt and password."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


class BrokerAccounts:
    """Makes and removes accounts with the rights of `url`'s user, `http://user:password@host:port`.

    Every step can be repeated, so that one who was interrupted starts again from the first. `length` and
    `size` (bytes) are what a queue holds at the most: then it takes no more, and loses nothing.
    """

    def __init__(self, url: SecretStr, length: int = QUEUE_LENGTH, size: int = QUEUE_BYTES) -> None:
        given = URL(url.get_secret_value())
        self._base = str(given.with_user(None)).rstrip("/")
        self._login = aiohttp.encode_basic_auth(given.user or "", given.password or "")
        self._queue = _arguments(length, size)

    async def ensure(self, queue: str, user: str, password: str) -> None:
        """There is `queue`, and `user` with this password, who may read it and nothing else.

        Rights come last: nobody has them without limits. Raises AccountsFailed.
        """
        _check(queue, user)
        durable = {"durable": True, "auto_delete": False, "arguments": self._queue}
        known = {"password_hash": password_hash(password), "tags": ""}
        rights = {"configure": "", "write": "", "read": f"^{re.escape(queue)}$"}
        async with self._session() as session:
            await _do(session, "PUT", f"queues/{PARTNERS}/{quote(queue)}", durable)
            await _do(session, "PUT", f"users/{quote(user)}", known)
            for limit, value in (("max-connections", CONNECTIONS), ("max-channels", CHANNELS)):
                await _do(session, "PUT", f"user-limits/{quote(user)}/{limit}", {"value": value})
            await _do(session, "PUT", f"permissions/{PARTNERS}/{quote(user)}", rights)

    async def remove(self, queue: str, user: str) -> None:
        """There is neither: the user's connections end, and what the queue holds is gone.

        Raises AccountsFailed.
        """
        _check(queue, user)
        async with self._session() as session:
            await _do(session, "DELETE", f"users/{quote(user)}")
            await _do(session, "DELETE", f"queues/{PARTNERS}/{quote(queue)}")

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            f"{self._base}/api/",
            headers={"Authorization": self._login},
            timeout=aiohttp.ClientTimeout(total=DEADLINE_S),
        )


def _arguments(length: int, size: int) -> dict[str, object]:
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-max-length": length,
        "x-max-length-bytes": size,
        "x-overflow": "reject-publish",
    }


def _check(*names: str) -> None:
    """Whoever makes users could make away with any: only a unit's are touched."""
    if not all(_NAME.fullmatch(name) for name in names):
        raise ValueError("not the name of a unit's queue or user")


async def _do(
    session: aiohttp.ClientSession, method: str, path: str, body: Mapping[str, object] | None = None
) -> None:
    kind = path.partition("/")[0]
    try:
        async with session.request(method, path, json=body, allow_redirects=False) as response:
            fine = response.status < 300 or (method == "DELETE" and response.status == _NOT_FOUND)
            if not fine:
                raise AccountsFailed(f"{method} {kind} answers {response.status}")
    except (aiohttp.ClientError, OSError) as error:
        raise AccountsFailed(f"{method} {kind}: {type(error).__name__}") from error
