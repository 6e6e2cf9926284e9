"""Which addresses may be delivered to: what anybody can reach, and what this deployment allows."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")


def may_reach(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether `address` is globally routable, or inside one of the `allowed` networks.

    An IPv6 address that stands for an IPv4 one (mapped, NAT64, 6to4) is judged as that one.
    """
    meant = _embedded(address) if isinstance(address, IPv6Address) else None
    judged = meant or address
    return is_inside(address, allowed) or is_inside(judged, allowed) or _is_public(judged)


def is_inside(address: Address, networks: Sequence[Network]) -> bool:
    """Whether `address` is in one of `networks`."""
    return any(address in network for network in networks)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _is_public(address: Address) -> bool:
    # is_global holds for multicast, and for some of what is reserved.
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    site_local = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not special and not site_local
