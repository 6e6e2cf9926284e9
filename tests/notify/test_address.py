"""Which addresses may be delivered to."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from services.notify.domain.address import may_reach


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_what_anybody_can_reach_may_be_reached(address: str) -> None:
    assert may_reach(ip_address(address), ())


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001::1"),
    ],
)
def test_what_is_not_public_may_not_be_reached_in_any_disguise(address: str) -> None:
    assert not may_reach(ip_address(address), ())


def test_a_deployment_can_allow_networks_of_its_own() -> None:
    allowed = [ip_network("10.1.0.0/16"), ip_network("::1/128")]
    assert may_reach(ip_address("10.1.2.3"), allowed)
    assert may_reach(ip_address("::ffff:10.1.2.3"), allowed)
    assert may_reach(ip_address("::1"), allowed)
    assert not may_reach(ip_address("10.2.0.1"), allowed)
    assert not may_reach(ip_address("127.0.0.1"), allowed)
