"""Which addresses may be delivered to."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from services.notify.domain.address import is_allowed, may_reach

EVERYTHING = [ip_network("0.0.0.0/0"), ip_network("::/0")]

PUBLIC = [
    *("93.184.216.34", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.15.255.255", "172.32.0.1"),
    *("168.63.129.15", "192.0.1.1", "198.17.255.255", "198.20.0.1", "223.255.255.255"),
    *("2606:2800:220:1::1", "2a00:1450:4001::1", "2001:4860:4860::8888", "2620:4f:8000::1"),
    *("64:ff9b::5db8:d822", "::ffff:93.184.216.34"),  # NAT64 and mapped: what a resolver finds for IPv4
]

PRIVATE = {
    "this host": ["0.0.0.0", "0.1.2.3", "::"],
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": [
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "fc00::1",
        "fd12:3456::1",
        "fec0::1",
    ],
    "link-local": ["169.254.0.1", "169.254.255.255", "fe80::1", "fe80::1%eth0", "febf::1"],
    "carrier-grade NAT": ["100.64.0.1", "100.127.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "192.0.0.1", "192.0.0.9", "192.88.99.1"],
    "for examples": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "for benchmarks": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
    "discard, and dummy": ["100::1", "100:0:0:1::1"],
    "routing segments": ["5f00::1"],
    "not given out": ["4000::1", "e000::1"],
    "compatible": ["::127.0.0.1", "::808:808"],
    "mapped": ["::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::ffff:100.100.100.200"],
    "translated": ["::ffff:0:127.0.0.1", "::ffff:0:a9fe:a9fe"],
    "NAT64": ["64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::a00:1"],
    "local NAT64": ["64:ff9b:1::a9fe:a9fe", "64:ff9b:1::5db8:d822", "64:ff9b:1:fe:a9:fea9:fe00:0"],
    "6to4": ["2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:5db8:d822::1"],
    "Teredo": ["2001::1", "2001:0:53aa:64c:0:fbff:5601:5601"],
    "ORCHID": ["2001:10::1", "2001:20::1"],
}

METADATA = [
    *("169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.0.23", "169.254.42.42"),
    *("100.100.100.200", "192.0.0.192", "168.63.129.16"),
    *("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42", "fe80::a9fe:a9fe"),
    *("::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "64:ff9b::6464:64c8"),
    *("::ffff:168.63.129.16", "::ffff:0:100.100.100.200"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_what_anybody_can_reach_may_be_reached(address: str) -> None:
    assert may_reach(ip_address(address), ())
    assert not is_allowed(ip_address(address), ())


@pytest.mark.parametrize(
    "address",
    [pytest.param(address, id=f"{kind} {address}") for kind in PRIVATE for address in PRIVATE[kind]],
)
def test_what_is_not_public_may_not_be_reached_in_any_disguise(address: str) -> None:
    assert not may_reach(ip_address(address), ())


@pytest.mark.parametrize("address", METADATA)
def test_no_network_that_is_allowed_opens_what_holds_a_clouds_credentials(address: str) -> None:
    assert not may_reach(ip_address(address), ())
    assert not may_reach(ip_address(address), EVERYTHING)
    assert not is_allowed(ip_address(address), EVERYTHING)


def test_a_deployment_can_allow_networks_of_its_own() -> None:
    allowed = [ip_network("10.1.0.0/16"), ip_network("::1/128"), ip_network("fd12::/16")]
    for inside in ("10.1.2.3", "::ffff:10.1.2.3", "::1", "fd12::7"):
        assert may_reach(ip_address(inside), allowed)
        assert is_allowed(ip_address(inside), allowed)
    for outside in ("10.2.0.1", "127.0.0.1", "::ffff:10.2.0.1", "fd13::7"):
        assert not may_reach(ip_address(outside), allowed)
    assert may_reach(ip_address("93.184.216.34"), allowed)
    assert not is_allowed(ip_address("93.184.216.34"), allowed)
