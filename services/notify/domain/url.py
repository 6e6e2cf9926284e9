"""URLs that may be delivered to: what can be judged before a connection is made."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, ip_address
from urllib.parse import SplitResult, urlsplit

from services.notify.domain.address import Address, Network, is_inside, may_reach
from shared.kernel.decider import Refused

URL_LENGTH = 2048
HOST_LENGTH = 253
LABEL_LENGTH = 63
"""RFC 1035, 2.3.4. A longer name, or an empty label, cannot even be looked up."""
_LOOPBACK = IPv4Address("127.0.0.1")


def check_url(url: str, allowed: Sequence[Network]) -> None:
    """Raise Refused(url-not-allowed) unless deliveries may go to `url`.

    A name's addresses are looked at when it is connected to; an address that stands in the URL, here.
    """
    parts, host = _split(url)
    address = _address(host)
    if address is not None:
        _require(may_reach(address, allowed), "the address is not a public one; name one that is")
    inside = address is not None and is_inside(address, allowed)
    _require(parts.scheme == "https" or inside, "only https may be used outside of allowed networks")


def _split(url: str) -> tuple[SplitResult, str]:
    _require(len(url) <= URL_LENGTH, f"a URL has at most {URL_LENGTH} characters")
    plain = url.isascii() and url.isprintable() and not set(url) & set(' \\"<>^`{|}')
    _require(plain, "a URL has no spaces, and no other characters that it must escape")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _refused("this is not a URL (RFC 3986)") from None
    _require(parts.scheme in ("http", "https"), "a URL begins with https:// or http://")
    _require("@" not in parts.netloc, "a URL holds no user and no password")
    _require(host.strip(".") != "", "a URL has a host")
    return parts, host


def _address(host: str) -> Address | None:
    """The address that `host` is; None for a name."""
    name = host.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return _LOOPBACK  # RFC 6761, 6.3
    try:
        return ip_address(name)
    except ValueError:
        # Resolvers read 127.1, 2130706433 and 0x7f.1 as addresses (WHATWG: a host that ends in a number).
        last = name.rpartition(".")[2]
        numeric = last.isdigit() or last.startswith("0x")
        _require(not numeric, "a host that ends in a number is an address, and this is none")
        labels = name.split(".")
        plain = len(name) <= HOST_LENGTH and all(0 < len(label) <= LABEL_LENGTH for label in labels)
        _require(plain, "a host's name, or a part of it, is empty or too long")
        return None


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise _refused(message)


def _refused(message: str) -> Refused:
    return Refused("url-not-allowed", message)
