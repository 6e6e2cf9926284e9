"""Which URLs are delivered to, as far as that can be said before a connection is made."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from services.notify.domain.url import check_url
from shared.kernel.decider import Refused

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize(
    "url",
    [
        *("http://partner.example/hooks", "ftp://partner.example", "//partner.example", "partner.example"),
        *("https://", "https:///hooks", "https://.", "https://partner.example:99999", "https://[::1"),
        *("https://user@partner.example", "https://user:pass@partner.example", "https://@partner.example"),
        *("https://partner.example/a b", "https://partner.example/\n", "https://partner.example\\@evil"),
        *("https://例子.example/", "https://partner.example/" + "x" * 2048),
        *("https://127.0.0.1/", "https://localhost/", "https://a.localhost./", "https://10.0.0.1/"),
        *("https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest"),
        *("https://127.1/", "https://2130706433/", "https://0x7f.0.0.1/", "https://0x7f000001/"),
        *("https://0177.0.0.1/", "https://192.168.1.1.:443/"),
        *("https://a..b/h", "https://.a.b/", "https://a.b../", f"https://{'a' * 64}.example/"),
        f"https://{'.'.join(['a' * 63] * 4)}/",
    ],
)
def test_a_url_is_public_plain_and_encrypted(url: str) -> None:
    with pytest.raises(Refused) as refusal:
        check_url(url, ())
    assert refusal.value.code == "url-not-allowed"
    assert url not in refusal.value.message


@pytest.mark.parametrize(
    "url",
    [
        *("https://93.184.216.34/x", "https://partner.example:8443", "HTTPS://P.EXAMPLE/"),
        f"https://{'a' * 63}.example./",
    ],
)
def test_a_public_url_is_taken(url: str) -> None:
    check_url(url, ())


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/hook", "http://localhost:9000", "http://[::1]:9000"])
def test_inside_an_allowed_network_plain_http_will_do(url: str) -> None:
    check_url(url, LOOPBACK)
    for other in ("http://10.0.0.1/", "http://93.184.216.34/"):
        with pytest.raises(Refused):
            check_url(other, LOOPBACK)
