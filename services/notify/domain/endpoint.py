"""An endpoint: where a unit wants to be told, and of what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from urllib.parse import SplitResult, urlsplit

from services.notify.domain.address import Address, Network, is_inside, may_reach
from shared.events.index import BY_SERVICE
from shared.events.notify import EndpointRegistered
from shared.folds.record import FOLD, Record
from shared.kernel.decider import Decider, Refused, require
from shared.kernel.event import Event, Partners

URL_LENGTH = 2048
HOST_LENGTH = 253
LABEL_LENGTH = 63
"""RFC 1035, 2.3.4. A longer name, or an empty label, cannot even be looked up."""
ENDPOINTS_PER_UNIT = 100
"""Each endpoint costs memory for as long as the service runs."""

ALL_EVENTS = "*"
SOURCES = ("registry", "dispatch")
"""The services whose events are told to partner units."""

TOLD: frozenset[str] = frozenset(
    name for service in SOURCES for name, model in BY_SERVICE[service].items() if issubclass(model, Partners)
)
"""The event types that partner units are told of."""

_LOOPBACK = IPv4Address("127.0.0.1")


@dataclass(frozen=True, slots=True)
class RegisterEndpoint:
    """A unit wants `events` (types, or `*`) at `url`.

    `details` is the digest of the sealed url and secret, `existing` how many endpoints the unit has,
    `allowed` the private networks that this deployment delivers to.
    """

    community: str
    unit: str
    url: str
    events: tuple[str, ...]
    details: str
    existing: int
    allowed: Sequence[Network]


def decide(command: RegisterEndpoint, endpoint: Record) -> Sequence[Event]:
    """The events of `command`.

    Raises Refused: url-not-allowed, unknown-event-type, too-many-endpoints, already-registered.
    """
    require(endpoint.facts is None, "already-registered", "this endpoint is registered; register another one")
    check_url(command.url, command.allowed)
    require(
        TOLD.issuperset(set(command.events) - {ALL_EVENTS}),
        "unknown-event-type",
        "events are types that partner units are told of, or *; /v1/event-types of registry and dispatch "
        "list theirs",
    )
    full = f"a unit has {ENDPOINTS_PER_UNIT} endpoints at the most; use one of those that it has"
    require(command.existing < ENDPOINTS_PER_UNIT, "too-many-endpoints", full)
    events = (ALL_EVENTS,) if ALL_EVENTS in command.events else tuple(sorted(set(command.events)))
    return [
        EndpointRegistered(
            community=command.community, unit=command.unit, events=events, details=command.details
        )
    ]


ENDPOINT: Decider[RegisterEndpoint, Record, Event] = Decider(decide, FOLD)


def wants(events: Sequence[str], event_type: str) -> bool:
    """Whether an endpoint that asked for `events` is told of one of `event_type`."""
    return ALL_EVENTS in events or event_type in events


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
