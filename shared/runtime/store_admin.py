"""What a launcher asks of a store: its users, and whether it answers. Any server of MongoDB's protocol."""

from collections.abc import Sequence
from dataclasses import dataclass

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

_AUTHENTICATION_FAILED = 18


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
    """Create users on a store that does not ask for a password yet. Raises PyMongoError."""
    client: MongoClient[dict[str, object]] = MongoClient(url, serverSelectionTimeoutMS=10_000)
    with client:
        for user in users:
            roles = [{"role": user.role, "db": user.database}]
            client[user.database].command("createUser", user.name, pwd=user.password, roles=roles)


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
