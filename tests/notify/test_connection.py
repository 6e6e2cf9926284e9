"""Connections go to addresses that may be reached, however their names resolve."""

from __future__ import annotations

import socket
from ipaddress import ip_network
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from services.notify.engine.attempt import Prepared, send
from services.notify.engine.connection import AddressRefused, open_session
from tests.support.notifying import Partner

LOOPBACK = [ip_network("127.0.0.0/8")]


class Resolver(AbstractResolver):
    """A name service that gives every name the same addresses."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self.addresses
        ]

    async def close(self) -> None:
        return


def at(host: str, partner: Partner) -> str:
    return f"http://{host}:{urlsplit(partner.url).port}/"


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["127.0.0.1", "169.254.169.254"], ["::ffff:127.0.0.1"]])
async def test_a_name_that_leads_to_loopback_is_refused_at_connect(
    partner: Partner, addresses: list[str]
) -> None:
    async with open_session([], 5, Resolver(*addresses)) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as raised:
            await session.post(at("partner.example", partner))
        assert isinstance(raised.value.os_error, AddressRefused)
        request = Prepared(at("partner.example", partner), {"webhook-id": "1"}, b"{}")
        answer = await send(session, request)
        assert (answer.status, answer.reason) == (None, "blocked")
    assert partner.received == []


async def test_an_address_in_the_url_is_refused_at_connect_too(partner: Partner) -> None:
    async with open_session([], 5) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as raised:
            await session.post(partner.url)
        assert isinstance(raised.value.os_error, AddressRefused)
    assert partner.received == []


async def test_of_a_name_with_both_kinds_only_the_address_that_may_be_reached_is_used(
    partner: Partner,
) -> None:
    async with open_session(LOOPBACK, 5, Resolver("10.0.0.1", "127.0.0.1")) as session:
        request = Prepared(at("partner.example", partner), {"webhook-id": "1"}, b"{}")
        assert (await send(session, request)).status == 204


async def test_the_environment_names_no_proxy_for_webhooks(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with open_session(LOOPBACK, 5) as session:
        assert (await send(session, Prepared(partner.url, {"webhook-id": "1"}, b"{}"))).status == 204


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/", "refused"),
        ("http://a..b/h", "url"),
        (f"http://{'a' * 64}.example/", "url"),
        ("http://nobody.invalid/", "dns"),
    ],
)
async def test_what_cannot_be_connected_to_is_an_answer_without_a_status(url: str, reason: str) -> None:
    async with open_session(LOOPBACK, 5) as session:
        answer = await send(session, Prepared(url, {"webhook-id": "1"}, b"{}"))
    assert (answer.status, answer.reason) == (None, reason)


async def test_a_receiver_without_tls_is_told_apart(partner: Partner) -> None:
    async with open_session(LOOPBACK, 5) as session:
        url = partner.url.replace("http:", "https:")
        assert (await send(session, Prepared(url, {"webhook-id": "1"}, b"{}"))).reason == "tls"


async def test_an_answer_that_does_not_come_is_a_timeout(partner: Partner) -> None:
    partner.free.clear()
    async with open_session(LOOPBACK, 0.2) as session:
        assert (await send(session, Prepared(partner.url, {"webhook-id": "1"}, b"{}"))).reason == "timeout"
