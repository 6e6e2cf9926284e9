"""Registering an endpoint: which URLs and events it may have."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from services.notify.domain.endpoint import (
    ENDPOINT,
    ENDPOINTS_PER_UNIT,
    TOLD,
    RegisterEndpoint,
    check_url,
    wants,
)
from shared.events.notify import EndpointRegistered
from shared.kernel.decider import Refused
from tests.support.given import given

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
COMMAND = RegisterEndpoint(
    community="shaba",
    unit="unit-1",
    url="https://partner.example/hooks?token=1",
    events=("*",),
    details="digest",
    existing=0,
    allowed=(),
)
REGISTERED = EndpointRegistered(community="shaba", unit="unit-1", events=("*",), details="digest")


def test_an_endpoint_is_registered_without_its_url() -> None:
    given(ENDPOINT).when(COMMAND).then(REGISTERED)


def test_an_endpoint_is_registered_once() -> None:
    given(ENDPOINT, REGISTERED).when(COMMAND).refused("already-registered")


def test_event_types_are_kept_once_each_and_all_of_them_as_a_star() -> None:
    some = replace(COMMAND, events=("visit-completed", "request-created", "visit-completed"))
    kept = REGISTERED.model_copy(update={"events": ("request-created", "visit-completed")})
    given(ENDPOINT).when(some).then(kept)
    given(ENDPOINT).when(replace(some, events=(*some.events, "*"))).then(REGISTERED)


@pytest.mark.parametrize("event", ["request-creatd", "deliveries-attempted", "resident-registered", "**"])
def test_only_what_partners_are_told_of_can_be_asked_for(event: str) -> None:
    command = replace(COMMAND, events=("request-created", event))
    given(ENDPOINT).when(command).refused("unknown-event-type")


def test_partners_are_told_of_requests_and_of_their_volunteers() -> None:
    assert {"request-created", "visit-completed", "volunteer-registered", "service-published"} <= TOLD
    assert not {"endpoint-registered", "resident-registered", "log-read"} & TOLD


def test_a_unit_has_a_bounded_number_of_endpoints() -> None:
    given(ENDPOINT).when(replace(COMMAND, existing=ENDPOINTS_PER_UNIT)).refused("too-many-endpoints")


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
    given(ENDPOINT).when(replace(COMMAND, url=url)).refused("url-not-allowed")
    with pytest.raises(Refused) as refusal:
        check_url(url, ())
    assert url not in refusal.value.message


@pytest.mark.parametrize(
    "url",
    [
        *("https://93.184.216.34/x", "https://partner.example:8443", "HTTPS://P.EXAMPLE/"),
        f"https://{'a' * 63}.example./",
    ],
)
def test_a_public_url_is_taken(url: str) -> None:
    given(ENDPOINT).when(replace(COMMAND, url=url)).then(REGISTERED)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/hook", "http://localhost:9000", "http://[::1]:9000"])
def test_inside_an_allowed_network_plain_http_will_do(url: str) -> None:
    command = replace(COMMAND, url=url, allowed=LOOPBACK)
    given(ENDPOINT).when(command).then(REGISTERED)
    for other in ("http://10.0.0.1/", "http://93.184.216.34/"):
        given(ENDPOINT).when(replace(command, url=other)).refused("url-not-allowed")


def test_an_endpoint_wants_what_it_asked_for() -> None:
    assert wants(("*",), "request-created")
    assert wants(("request-created",), "request-created")
    assert not wants(("request-created",), "request-triaged")
