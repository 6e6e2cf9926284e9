"""What is looked at before anything is started, so that a wrong setting is answered at once and in words."""

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import get_args
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError

from deploy.stack.errors import StackError
from deploy.stack.folder import DataFolder, write_private
from services.registry.case.case import load_case
from shared.runtime.broker import Broker
from shared.runtime.settings import (
    PREFIX,
    NotifySettings,
    RegistrySettings,
    Settings,
    wrong_settings,
)
from shared.runtime.store_admin import StoreRefused, ping

_KINDS: Mapping[str, type[Settings]] = {"registry": RegistrySettings, "notify": NotifySettings}
_PATIENCE = 5.0


def refuse_folder(folder: DataFolder) -> None:
    """Raises StackError for a path in which the broker would wait for ever.

    It asks df how full the disk is, through a shell, the path in single quotes (rabbit_disk_monitor).
    """
    if "'" in str(folder.path) or not str(folder.path).isprintable():
        raise StackError(
            f"LINLI_DATA={str(folder.path)!r}: RabbitMQ does not start in a folder whose path has a ' or a "
            "control character in it; name another one in LINLI_DATA"
        )


def refuse_unsound(service: str, settings: Mapping[str, str]) -> None:
    """Raises StackError if the service would not accept its settings, LINLI_ names and values."""
    values = {name.removeprefix(PREFIX).lower(): value for name, value in settings.items()}
    kind = _KINDS.get(service, Settings)
    try:
        kind.model_validate(values)
    except ValidationError as error:
        name, wrong = next(iter(wrong_settings(error).items()))
        field = kind.model_fields.get(name.removeprefix(PREFIX).lower())
        secret = field is None or _holds_a_secret(field.annotation)
        shown = name if secret else f"{name}={settings.get(name, '')}"
        raise StackError(f"{shown}: {wrong}") from error
    case = values.get("case", "none")
    if case != "none":
        try:
            load_case(case)
        except ValueError as error:
            raise StackError(f"LINLI_CASE={case}: {error}; or none for an empty community") from error


def _holds_a_secret(annotation: object) -> bool:
    """Whether it is SecretStr, or may be: `MailUrl | None`."""
    return annotation is SecretStr or any(_holds_a_secret(part) for part in get_args(annotation))


def kept_case(folder: DataFolder) -> str | None:
    """The case that the first start decided on; None before it."""
    return folder.case.read_text(encoding="utf-8").strip() if folder.case.exists() else None


def refuse_other_case(folder: DataFolder, case: str) -> None:
    """Raises StackError if this folder's community was founded with another case than `case`."""
    kept = kept_case(folder)
    if kept is not None and kept != case:
        raise StackError(
            f"LINLI_CASE={case}: the data in {folder.path} began with {kept}, which stays. "
            "Leave LINLI_CASE out, or name another folder in LINLI_DATA"
        )


def keep_case(folder: DataFolder, case: str) -> None:
    """Remember the case of the first start."""
    if kept_case(folder) is None:
        write_private(folder.case, f"{case}\n")


def refuse_unreachable(amqp_url: str | None, mongo_url: str | None) -> None:
    """Raises StackError unless the servers that are run elsewhere, if any, let us in within some seconds.

    The URLs are sound: `refuse_unsound` has looked at them.
    """
    if amqp_url:
        _refuse_broker(amqp_url)
    if mongo_url:
        _refuse_store(mongo_url)


def _refuse_broker(url: str) -> None:
    # The driver logs the failure as well, which would be said twice.
    logging.getLogger("aiormq").addHandler(logging.NullHandler())
    try:
        # On a thread of its own: whoever starts a stack may have an event loop that runs.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, asyncio.wait_for(_greet(url), _PATIENCE + 1)).result()
    except (OSError, ValueError, KeyError) as error:
        raise StackError(f"LINLI_AMQP_URL: no broker lets us in at {_shown(url)} ({_why(error)})") from error


async def _greet(url: str) -> None:
    async with Broker(url, "launcher").connected("look"):
        pass


def _refuse_store(url: str) -> None:
    parts = urlsplit(url)
    if parts.path in ("", "/"):
        # Where a user without a named database is looked up anyway (MongoDB manual, "connection strings").
        parts = parts._replace(path="/admin")
    try:
        why = ping(parts.geturl(), _PATIENCE)
    except StoreRefused as error:
        raise StackError(f"LINLI_MONGO_URL: the store at {_shown(url)} refuses this user") from error
    if why:
        raise StackError(f"LINLI_MONGO_URL: no store answers at {_shown(url)} ({why})")


def _shown(url: str) -> str:
    """Where a sound URL leads, without the password."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _why(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
