"""The secrets of one stack: random, made at the first start, kept beside the data that they protect."""

import secrets
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from deploy.stack.errors import StackError
from deploy.stack.folder import write_private_once

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
    """Everything secret in a stack. `admin` is the secret of the first administrator's OAuth client."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    services: Mapping[str, ServiceSecrets]
    operator: OperatorSecrets
    admin: str


def keep_credentials(path: Path) -> Credentials:
    """The credentials at `path`, made there (mode 0600) if there are none.

    Raises StackError for a file that cannot be understood: making new ones would lock the data out.
    """
    if not path.exists():
        write_private_once(path, _make().model_dump_json(indent=2))
    try:
        return Credentials.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise StackError(f"{path} is damaged; bring it back from a copy, the data needs it") from error


def _make() -> Credentials:
    return Credentials(
        services={name: ServiceSecrets(store=_new(), broker=_new(), client=_new()) for name in SERVICES},
        operator=OperatorSecrets(store=_new(), broker=_new()),
        admin=_new(),
    )


def _new() -> str:
    return secrets.token_urlsafe(32)
