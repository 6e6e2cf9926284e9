"""The secrets of one stack: random, made at the first start, kept beside the data that they protect."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from deploy.stack.errors import StackError
from deploy.stack.folder import write_private, write_private_once

SERVICES = ("registry", "dispatch", "notify", "audit")


class ServiceSecrets(BaseModel):
    """One service's password on the store, on the broker, and the secret of its OAuth client."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str
    broker: str
    client: str


class OperatorSecrets(BaseModel):
    """The password of the user `operator`, who may do everything, on the store and on the broker."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    store: str
    broker: str


class Credentials(BaseModel):
    """Everything secret in a stack. `admin` is the secret of the first administrator's OAuth client,
    `accounts` the password of the broker's user who makes the units' accounts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    services: Mapping[str, ServiceSecrets]
    operator: OperatorSecrets
    admin: str
    accounts: str


def keep_credentials(path: Path) -> Credentials:
    """The credentials at `path`, made there (mode 0600) if there are none.

    Raises StackError for a file that cannot be understood: making new ones would lock the data out.
    """
    if not path.exists():
        write_private_once(path, _make().model_dump_json(indent=2))
    try:
        return _completed(path)
    except ValueError as error:
        raise StackError(f"{path} is damaged; bring it back from a copy, the data needs it") from error


def _completed(path: Path) -> Credentials:
    """What is at `path`; a password that a stack of an earlier version does not have yet is added."""
    found = json.loads(path.read_bytes())
    if isinstance(found, dict) and "accounts" not in found:
        found["accounts"] = _new()
        whole = Credentials.model_validate(found)
        write_private(path, whole.model_dump_json(indent=2))
        return whole
    return Credentials.model_validate(found)


def _make() -> Credentials:
    return Credentials(
        services={name: ServiceSecrets(store=_new(), broker=_new(), client=_new()) for name in SERVICES},
        operator=OperatorSecrets(store=_new(), broker=_new()),
        admin=_new(),
        accounts=_new(),
    )


def _new() -> str:
    return secrets.token_urlsafe(32)
