"""What a launcher asks of a store: its users, its replica set, and whether it answers.

Any server of MongoDB's protocol.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

_UNAUTHORIZED = 13
_AUTHENTICATION_FAILED = 18
_ALREADY_INITIALIZED = 23
_USER_EXISTS = 51003


class StoreRefused(Exception):
    """The store answers, but not to this user with this password."""


@dataclass(frozen=True, slots=True)
class StoreUser:
    """A user of `database`, with one role there: `readWrite` for a service, `root` for the operator."""

    name: str
    password: str
    database: str
    role: str


def create_users(url: str, users: Sequence[StoreUser]) -> None:
    """Create users; one that exists is given this password and this role, and no other.

    Raises StoreRefused if the store asks for another user's password first, PyMongoError.
    """
    client: MongoClient[dict[str, object]] = MongoClient(url, serverSelectionTimeoutMS=10_000)
    try:
        with client:
            for user in users:
                _create_user(client, user)
    except OperationFailure as error:
        if error.code == _UNAUTHORIZED:
            raise StoreRefused(str(error.details)) from error
        raise


def _create_user(client: MongoClient[dict[str, object]], user: StoreUser) -> None:
    database = client[user.database]
    roles = [{"role": user.role, "db": user.database}]
    try:
        database.command("createUser", user.name, pwd=user.password, roles=roles)
    except OperationFailure as error:
        if error.code != _USER_EXISTS:
            raise
        database.command("updateUser", user.name, pwd=user.password, roles=roles)


def found_replica_set(url: str, name: str, member: str, patience: float = 60.0) -> None:
    """Make the server at `url` the one member, reached as `member` (host:port), of a new replica set `name`.

    One that is in a replica set already stays as it is. Returns once the server takes writes; raises
    TimeoutError if that is not within `patience` seconds, PyMongoError.
    """
    client: MongoClient[dict[str, object]] = MongoClient(url, serverSelectionTimeoutMS=10_000)
    with client:
        # Before there is a set, hello has no setName (MongoDB manual, "hello", replica sets).
        if "setName" not in client.admin.command("hello"):
            _initiate(client, {"_id": name, "members": [{"_id": 0, "host": member}]})
        deadline = time.monotonic() + patience
        while not client.admin.command("hello").get("isWritablePrimary"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the store is no primary after {patience:.0f} s")
            time.sleep(0.1)


def _initiate(client: MongoClient[dict[str, object]], configuration: dict[str, object]) -> None:
    try:
        client.admin.command("replSetInitiate", configuration)
    except OperationFailure as error:
        # A server that has just started may not have read its configuration yet when it is asked for it.
        if error.code != _ALREADY_INITIALIZED:
            raise


def ping(url: str, patience: float = 2.0) -> str | None:
    """None if the store does what this URL's user asks; else why not, in a few words. Patience in seconds.

    Raises StoreRefused if it does not accept that user, which waiting does not change.
    """
    milliseconds = int(patience * 1000)
    client: MongoClient[dict[str, object]] = MongoClient(
        url, serverSelectionTimeoutMS=milliseconds, socketTimeoutMS=milliseconds
    )
    try:
        with client:
            # Unlike a ping, this one is refused to who is nobody.
            client.get_default_database().command("connectionStatus")
    except OperationFailure as error:
        if error.code == _AUTHENTICATION_FAILED:
            raise StoreRefused(str(error.details)) from error
        return f"it answered with error {error.code}"
    except PyMongoError as error:
        return type(error).__name__
    return None
