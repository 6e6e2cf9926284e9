"""What went wrong on the way to a receiver, as a short code; the same for every channel."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Sequence
from errno import ECONNRESET

import aiohttp

from services.notify.engine.connection import AddressRefused

_REASONS: Sequence[tuple[str, tuple[type[BaseException], ...]]] = (
    ("blocked", (AddressRefused,)),
    ("timeout", (TimeoutError,)),
    ("dns", (aiohttp.ClientConnectorDNSError, socket.gaierror)),
    ("refused", (ConnectionRefusedError,)),
    ("tls", (aiohttp.ClientSSLError, ssl.SSLError)),
    ("url", (aiohttp.InvalidURL, UnicodeError)),
    ("protocol", (aiohttp.ClientResponseError,)),
)


def reason_of(error: BaseException) -> str:
    """One of those above or `reset`, else `connection`."""
    met = [*_chain(error)]
    for code, kinds in _REASONS:
        if any(isinstance(each, kinds) for each in met):
            return code
    # aiohttp also says ConnectionResetError of a connection that was closed in an orderly way.
    reset = any(isinstance(each, OSError) and each.errno == ECONNRESET for each in met)
    return "reset" if reset else "connection"


def kind_of(error: BaseException) -> str:
    """The drivers' kinds of error, for the log, without the address that their own messages hold."""
    return "/".join(type(each).__name__ for each in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """`error`, and what it came from."""
    following: BaseException | None = error
    while following is not None:
        yield following
        following = following.__cause__
