"""Connections to receivers: to addresses that may be reached and to no other, however a name resolves."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import ip_address

from aiohttp import AddrInfoType, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver

from services.notify.domain.address import Network, may_reach
from shared.runtime.service import VERSION

# Below the 5 s after which some servers close an idle connection, so that none is used as it closes.
KEEP_ALIVE_S = 3.0


class AddressRefused(OSError):
    """A receiver's name, or its URL, leads to an address that this deployment does not deliver to."""


def open_session(
    allowed: Sequence[Network], deadline: float, resolver: AbstractResolver | None = None
) -> ClientSession:
    """A session for webhooks. `deadline` in seconds is for connect, headers and body together.

    The address is judged where the socket is made for it: no second look-up can come between.
    """

    def make_socket(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, name = info
        if not may_reach(ip_address(name[0]), allowed):
            raise AddressRefused("the receiver's address is not a public one")
        return socket.socket(family, kind, protocol)

    # No limit of its own: the engine bounds what is on its way, and a limit here would mix up endpoints.
    connector = TCPConnector(
        limit=0, keepalive_timeout=KEEP_ALIVE_S, resolver=resolver, socket_factory=make_socket
    )
    return ClientSession(
        connector=connector,
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=deadline),
        trust_env=False,
        auto_decompress=False,
        headers={"User-Agent": f"linli-notify/{VERSION}"},
        skip_auto_headers=("Accept-Encoding",),
    )
