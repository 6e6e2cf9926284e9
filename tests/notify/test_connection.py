"""Connections go to addresses that may be reached, however their names resolve."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from services.notify.channels.channel import Parcel, Target
from services.notify.channels.webhook import Webhook
from services.notify.domain.address import Network, may_reach
from services.notify.domain.schedule import Answer
from services.notify.engine.connection import SystemLookup, open_session
from services.notify.signing import new_secret
from tests.support.wire import Names, answer, answering, certificate, receiver

LOOPBACK = [ip_network("127.0.0.0/8")]
PUBLIC, METADATA = "93.184.216.34", "169.254.169.254"
OK = answer("204 No Content")


async def deliver(
    url: str,
    allowed: Sequence[Network],
    names: Names | None = None,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """One webhook to `url`, in a session of its own."""
    async with open_session(allowed, 5, names, tls) as session:
        target = Target("endpoint-1", "unit-1", url, (new_secret(),))
        return await Webhook(session).send(target, Parcel("1", [b"{}"]), datetime.now(UTC))


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["127.0.0.1", METADATA], ["::1"], ["::ffff:127.0.0.1"], ["fd00:ec2::254"], ["10.0.0.1"]],
)
@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_a_name_that_leads_inside_is_blocked_at_connect(scheme: str, addresses: list[str]) -> None:
    async with receiver(answering(OK)) as found:
        url = f"{scheme}://partner.example:{found.port}/"
        got = await deliver(url, [], Names(addresses))
    assert (got.status, got.reason) == (None, "blocked")
    assert found.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", METADATA, "[fe80::1]", "localhost"])
@pytest.mark.parametrize("scheme", ["https", "http"])
async def test_an_address_in_the_url_is_blocked_at_connect_too(scheme: str, host: str) -> None:
    async with receiver(answering(OK)) as found:
        got = await deliver(f"{scheme}://{host}:{found.port}/", [])
    assert (got.status, got.reason) == (None, "blocked")
    assert found.connections == 0


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1."])
async def test_an_address_that_is_written_oddly_leads_nowhere(host: str) -> None:
    async with receiver(answering(OK)) as found:
        got = await deliver(f"http://{host}:{found.port}/", [])
    assert got.reason in {"blocked", "url", "dns"}
    assert found.connections == 0


async def test_of_a_name_with_both_kinds_only_the_addresses_that_may_be_reached_are_used() -> None:
    async with receiver(answering(OK)) as found:
        names = Names(["10.0.0.1", METADATA, "127.0.0.1", "::ffff:10.0.0.2"])
        got = await deliver(found.at("partner.example"), LOOPBACK, names)
    assert got.status == 204


async def test_an_address_that_was_dropped_does_not_hide_why_the_others_failed() -> None:
    names = Names([METADATA, "127.0.0.1"])
    assert (await deliver("http://partner.example:1/", LOOPBACK, names)).reason == "refused"


@pytest.mark.parametrize("inside", [["127.0.0.1"], [METADATA], ["127.0.0.1", METADATA]])
async def test_a_name_that_changes_between_check_and_connect_is_judged_by_the_look_up_that_counts(
    inside: list[str],
) -> None:
    names = Names([PUBLIC], inside)
    checked = await names.resolve("partner.example")
    assert all(may_reach(ip_address(each["host"]), []) for each in checked)
    async with receiver(answering(OK)) as found:
        got = await deliver(f"https://partner.example:{found.port}/", [], names)
    assert (got.reason, found.connections) == ("blocked", 0)


async def test_no_look_up_comes_between_judging_an_address_and_connecting_to_it() -> None:
    async with receiver(answering(OK)) as found:
        names = Names(["127.0.0.1"], [METADATA])
        got = await deliver(found.at("partner.example"), LOOPBACK, names)
    assert (got.status, names.asked) == (204, ["partner.example"])


@pytest.mark.parametrize("host", ["partner.example", PUBLIC, "[2606:2800:220:1::1]"])
async def test_nothing_leaves_the_allowed_networks_without_tls(host: str) -> None:
    assert (await deliver(f"http://{host}/", LOOPBACK, Names([PUBLIC]))).reason == "blocked"


async def test_the_environment_names_no_proxy_for_webhooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with receiver(answering(OK)) as found:
        assert (await deliver(found.url, LOOPBACK)).status == 204


async def test_a_name_of_the_system_is_looked_up() -> None:
    lookup = SystemLookup()
    found = await lookup.resolve("localhost", 80)
    await lookup.close()
    assert {each["host"] for each in found} & {"127.0.0.1", "::1"}
    assert {each["port"] for each in found} == {80}


async def test_a_deployment_can_deliver_to_loopback_by_name() -> None:
    async with receiver(answering(OK)) as found:
        assert (await deliver(found.at("localhost"), LOOPBACK)).status == 204


async def test_a_certificate_is_judged_by_the_name_in_the_url(tmp_path: Path) -> None:
    known = certificate("partner.example", tmp_path)
    async with receiver(answering(OK), known.served) as found:
        url = found.at("partner.example")
        got = await deliver(url, LOOPBACK, Names(["127.0.0.1"]), known.trusted)
    assert got.status == 204


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/", "refused"),
        ("http://a..b/h", "url"),
        (f"http://{'a' * 64}.example/", "url"),
        ("http://nobody.invalid/", "dns"),
        ("https://nobody.invalid/", "dns"),
    ],
)
async def test_what_cannot_be_connected_to_is_an_answer_without_a_status(url: str, reason: str) -> None:
    got = await deliver(url, LOOPBACK)
    assert (got.status, got.reason) == (None, reason)
