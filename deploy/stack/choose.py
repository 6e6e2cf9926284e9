"""Which stack is meant: the one that the environment names, or one to throw away."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.stack.credentials import SERVICES
from deploy.stack.errors import StackError
from deploy.stack.ports import free_base
from deploy.stack.services import CHECKOUT, passed_on
from deploy.stack.stack import SERVERS, Stack

_DEFAULT_BASE = 8000


def from_environment(notice: Callable[[str, float], None] = lambda part, seconds: None) -> Stack:
    """The stack of LINLI_DATA (default: .linli in the checkout) and LINLI_PORT_BASE (default: 8000).

    LINLI_AMQP_URL and LINLI_MONGO_URL name servers that are run elsewhere; settings of the services that
    are set are passed on to those that know them. Raises StackError for a base that is no number or leaves
    no room.
    """
    given = os.environ
    return Stack(
        Path(given.get("LINLI_DATA") or CHECKOUT / ".linli"),
        _base(given.get("LINLI_PORT_BASE") or str(_DEFAULT_BASE)),
        env={name: passed_on(name, given) for name in SERVICES},
        amqp_url=given.get("LINLI_AMQP_URL") or None,
        mongo_url=given.get("LINLI_MONGO_URL") or None,
        notice=notice,
    )


def _base(text: str) -> int:
    if not text.isdecimal() or not 1024 <= int(text) <= 65_000:
        raise StackError(f"LINLI_PORT_BASE={text}: it must be a number from 1024 to 65000")
    return int(text)


@contextmanager
def ephemeral(
    parts: Iterable[str] = SERVERS, env: Mapping[str, Mapping[str, str]] | None = None
) -> Iterator[Stack]:
    """A stack that is up in here, on free ports and in a temporary folder, and leaves nothing behind.

    Only the broker and the store by default; `Stack.environment` has a service's settings for it.
    """
    with tempfile.TemporaryDirectory(prefix="linli-") as folder:
        stack = Stack(Path(folder) / "data", free_base(), parts, env)
        try:
            stack.up()
            yield stack
        finally:
            stack.down()
