"""Connections to receivers: to addresses that may be reached and to no other, however a name resolves.

Of a name that resolves to both kinds, those that may not be reached are dropped, and the rest is gone on
with: the socket is made for an address that was judged, and no second look-up can come between.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address

from aiohttp import AddrInfoType, ClientRequest, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from services.notify.domain.address import Network, is_allowed, may_reach
from shared.runtime.service import VERSION

# Below the 5 s after which some servers close an idle connection, so that none is used as it closes.
KEEP_ALIVE_S = 3.0
READ_AT_ONCE = 16 * 1024
"""Bytes of an answer: with more than twice as many unread, the receiver is kept waiting."""
LOOKUPS_AT_ONCE = 32
"""Names that are looked up at a time. A look-up cannot be broken off: those of dead name servers pile up."""

Judge = Callable[[str], bool]


class AddressRefused(OSError):
    """A receiver's name, or its URL, leads to an address that this deployment does not deliver to."""

    def __init__(self) -> None:
        super().__init__("the receiver's address is none that is delivered to")


class SystemLookup(AbstractResolver):
    """The system's own name service, in threads that nothing else waits for."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUPS_AT_ONCE, "lookup")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        look_up = partial(
            socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Judging(AbstractResolver):
    """Of what `lookup` finds, the addresses that `judge` lets pass."""

    def __init__(self, lookup: AbstractResolver, judge: Judge) -> None:
        self._lookup = lookup
        self._judge = judge

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._lookup.resolve(host, port, family)
        passed = [each for each in found if self._judge(each["host"])]
        if found and not passed:
            raise AddressRefused
        return passed

    async def close(self) -> None:
        await self._lookup.close()


class _Judged(TCPConnector):
    """Connects to the addresses that `judge` lets pass, found by name or written in the URL.

    It has no limit of its own: the engine bounds what is on its way, and a limit here would mix up endpoints.
    """

    def __init__(self, judge: Judge, lookup: AbstractResolver, tls: ssl.SSLContext | None = None) -> None:
        def make_socket(info: AddrInfoType) -> socket.socket:
            family, kind, protocol, _, name = info
            if not judge(str(name[0])):
                raise AddressRefused
            return socket.socket(family, kind, protocol)

        super().__init__(
            limit=0,
            keepalive_timeout=KEEP_ALIVE_S,
            resolver=_Judging(lookup, judge),
            socket_factory=make_socket,
            ssl=tls or True,
        )


class _Connector(_Judged):
    """Connects with TLS to what may be reached, and without it only inside the networks that are allowed."""

    def __init__(
        self, allowed: Sequence[Network], lookup: AbstractResolver, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(lambda address: may_reach(ip_address(address), allowed), lookup, tls)
        self._lookup = lookup
        self._without_tls = _Judged(lambda address: is_allowed(ip_address(address), allowed), lookup)

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109 - the driver's name for it
    ) -> Connection:
        if req.is_ssl():
            return await super().connect(req, traces, timeout)
        return await self._without_tls.connect(req, traces, timeout)

    async def close(self, *, abort_ssl: bool = False) -> None:
        await self._without_tls.close(abort_ssl=abort_ssl)
        await super().close(abort_ssl=abort_ssl)
        await self._lookup.close()


def open_session(
    allowed: Sequence[Network],
    deadline: float,
    lookup: AbstractResolver | None = None,
    tls: ssl.SSLContext | None = None,
) -> ClientSession:
    """A session for webhooks, to be made once. `deadline` in seconds is for connect, headers and body
    together; `tls` says whose certificates are trusted, without it those that the system trusts.
    """
    return ClientSession(
        connector=_Connector(allowed, lookup or SystemLookup(), tls),
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=deadline),
        trust_env=False,
        auto_decompress=False,
        headers={"User-Agent": f"linli-notify/{VERSION}"},
        skip_auto_headers=("Accept-Encoding",),
        read_bufsize=READ_AT_ONCE,
    )
