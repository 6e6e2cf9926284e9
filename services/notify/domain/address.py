"""Which addresses may be delivered to: what anybody can reach, and what this deployment allows.

After IANA's registries of special-purpose addresses, written out here: what the standard library makes of
them differs between its versions. Of IPv6 only 2000::/3 is given out, so that all else is private.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(each) for each in text.split())


_NEVER = _networks(
    "169.254.0.0/16 fe80::/10"  # link-local: metadata at nearly every cloud, 169.254.169.254 and others
    " 100.100.100.200/32"  # Alibaba Cloud
    " 168.63.129.16/32"  # Azure's host, behind an address that looks public
    " 192.0.0.192/32"  # Oracle Cloud
    " fd00:ec2::/32 fd20:ce::254/128 fd00:42::42/128"  # AWS, Google Cloud, Scaleway
)
"""Where machines get their credentials: no partner is there, whatever networks a deployment allows."""

_NOT_PUBLIC = _networks(
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24"
    " 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
    " 2001::/23"  # Teredo, benchmarks, ORCHID
    " 2001:db8::/32 3fff::/20"
    " 2002::/16"  # 6to4, which RFC 7526 ended, and which leads to any IPv4 address
)
_PUBLIC_IPV6 = IPv6Network("2000::/3")

_STANDS_FOR_IPV4 = (
    IPv6Network("::ffff:0:0/96"),  # mapped
    IPv6Network("::ffff:0:0:0/96"),  # translated
    IPv6Network("64:ff9b::/96"),  # NAT64
)
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
"""RFC 8215: a network of the deployment's own, never public. Of an IPv4 address, the last 32 bits."""


def may_reach(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether `address` is one that anybody can reach, or inside one of the `allowed` networks.

    An IPv6 address that stands for an IPv4 one is judged as that one.
    """
    return is_allowed(address, allowed) or _is_public(address)


def is_allowed(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether the deployment names a network that `address` is in, be it in disguise."""
    meant = _meant(address)
    if is_inside(meant, _NEVER):
        return False
    return is_inside(address, allowed) or is_inside(meant, allowed)


def is_inside(address: Address, networks: Sequence[Network]) -> bool:
    """Whether `address` is in one of `networks`."""
    return any(address in network for network in networks)


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for; any other is meant as it is."""
    if isinstance(address, IPv6Address) and (is_inside(address, _STANDS_FOR_IPV4) or address in _LOCAL_NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: Address) -> bool:
    if address in _LOCAL_NAT64:
        return False
    meant = _meant(address)
    given_out = isinstance(meant, IPv4Address) or meant in _PUBLIC_IPV6
    return given_out and not is_inside(meant, _NEVER) and not is_inside(meant, _NOT_PUBLIC)
