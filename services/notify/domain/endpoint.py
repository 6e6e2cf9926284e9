"""An endpoint: where a unit or a volunteer is told, of what, and whether it is told now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, assert_never

from services.notify.domain.address import Network
from services.notify.domain.endpoint_commands import (
    AmendEndpoint,
    CancelDelivery,
    Change,
    Command,
    DisableEndpoint,
    PauseEndpoint,
    RecoverDeliveries,
    RegisterEndpoint,
    RemoveEndpoint,
    ResendDelivery,
    ResumeEndpoint,
    RotateSecret,
)
from services.notify.domain.mailbox import check_mailbox
from services.notify.domain.robots import check_robot
from services.notify.domain.subscription import TOLD, TOLD_TO_VOLUNTEERS, matches
from services.notify.domain.url import check_url
from shared.events.notify import (
    Channel,
    DeliveriesRecovered,
    DeliveryCancelled,
    DeliveryResent,
    EndpointDisabled,
    EndpointPaused,
    EndpointRegistered,
    EndpointRemoved,
    EndpointResumed,
    EndpointSecretRotated,
)
from shared.folds.endpoint import FOLD, Endpoint
from shared.folds.record import amended
from shared.kernel.decider import Decider, require
from shared.kernel.event import Event
from shared.kernel.times import to_milliseconds

ENDPOINTS_PER_UNIT = 100
"""Each endpoint costs memory for as long as the service runs."""
ALL_EVENTS = "*"
TO_PEOPLE: frozenset[Channel] = frozenset({"email", "wecom", "dingtalk"})
"""The channels that people read."""
SIGNED: frozenset[Channel] = frozenset({"webhook"})
"""The channels with a secret of ours that can be rotated."""
LONGEST_OVERLAP = timedelta(days=7)
SECRETS_AT_ONCE = 5
PER_MINUTE: Mapping[Channel, int] = {"wecom": 20, "dingtalk": 20}
"""What robots take at the most; what comes quicker is gathered into one message."""

LISTS = ("events", "services", "categories", "grids", "priorities", "urgent")

CHECKS: Mapping[Channel, Callable[[str, Sequence[Network]], None]] = {
    "webhook": check_url,
    "email": lambda address, _: check_mailbox(address),
    "wecom": lambda address, allowed: check_robot("wecom", address, allowed),
    "dingtalk": lambda address, allowed: check_robot("dingtalk", address, allowed),
}
"""What must hold of an address, by channel."""


def decide(command: Command, endpoint: Endpoint) -> Sequence[Event]:
    """The events of `command`.

    Raises Refused: url-not-allowed, address-not-allowed, unknown-event-type, too-many-endpoints,
    already-registered, channel-not-available, not-for-channel, endpoint-removed, no-secret, overlap-too-long,
    too-many-secrets, endpoint-not-active.
    """
    if isinstance(command, RegisterEndpoint):
        return [_registered(command, endpoint)]
    facts = endpoint.facts
    assert isinstance(facts, EndpointRegistered)
    if isinstance(command, RemoveEndpoint):
        return [] if endpoint.ended else [EndpointRemoved(community=facts.community)]
    require(not endpoint.ended, "endpoint-removed", "this endpoint was removed; register another one")
    return _changed(command, endpoint, facts)


def _changed(command: Change, endpoint: Endpoint, facts: EndpointRegistered) -> Sequence[Event]:
    community = facts.community
    match command:
        case AmendEndpoint():
            return _amended(command, facts)
        case RotateSecret(details, overlap, now):
            _require_rotation(facts, overlap, endpoint, now)
            until = to_milliseconds(now + overlap)
            return [EndpointSecretRotated(community=community, details=details, earlier_until=until)]
        case PauseEndpoint():
            return [] if endpoint.status != "active" else [EndpointPaused(community=community)]
        case DisableEndpoint(reason):
            gone = endpoint.status == "disabled"
            told = {"unit": facts.unit, "units": (facts.unit,)}
            return [] if gone else [EndpointDisabled(community=community, reason=reason, **told)]
        case ResumeEndpoint(backlog, head):
            if endpoint.status == "active":
                return []
            skipped = head if backlog == "skip" else None
            return [EndpointResumed(community=community, backlog=backlog, skipped_to=skipped)]
        case ResendDelivery(box, message, number, type):
            return [DeliveryResent(**_spoken_of(facts, box, message, number, type))]
        case CancelDelivery(box, message, number, type):
            return [DeliveryCancelled(**_spoken_of(facts, box, message, number, type))]
        case RecoverDeliveries(since):
            return [DeliveriesRecovered(community=community, since=since)]
        case _:
            assert_never(command)


def _spoken_of(facts: EndpointRegistered, box: str, message: str, number: int, type: str) -> dict[str, Any]:
    return {
        "community": facts.community,
        "unit": facts.unit,
        "box": box,
        "message": message,
        "number": number,
        "message_type": type,
    }


def _registered(command: RegisterEndpoint, endpoint: Endpoint) -> EndpointRegistered:
    asked = command.asked
    require(endpoint.facts is None, "already-registered", "this endpoint is registered; register another one")
    full = f"a unit has {ENDPOINTS_PER_UNIT} endpoints at the most; remove one that it does not use"
    require(command.existing < ENDPOINTS_PER_UNIT, "too-many-endpoints", full)
    require(
        asked.channel in command.channels,
        "channel-not-available",
        "this deployment does not tell by this channel; use another one, or ask those who run it",
    )
    if command.address is not None and asked.channel in CHECKS:
        CHECKS[asked.channel](command.address, command.allowed)
    _require_fit(asked)
    return asked.model_copy(update={name: _listed(name, getattr(asked, name), asked) for name in LISTS})


def _amended(command: AmendEndpoint, facts: EndpointRegistered) -> Sequence[Event]:
    change = command.change
    if command.address is not None:
        require(
            facts.via is None and facts.channel in CHECKS,
            "not-for-channel",
            "this endpoint has no address of its own that could be changed",
        )
        CHECKS[facts.channel](command.address, command.allowed)
    lists = {
        name: _listed(name, told, facts) for name in LISTS if (told := getattr(change, name)) is not None
    }
    normal = change.model_copy(update=lists)
    after = amended(facts, normal)
    assert isinstance(after, EndpointRegistered)
    _require_fit(after)
    return [] if after == facts and command.address is None else [normal]


def _require_fit(asked: EndpointRegistered) -> None:
    """What only some channels have is asked of those alone."""
    gathers = (asked.digest_minutes, asked.digest_at, asked.quiet_from, asked.quiet_until)
    require(
        asked.channel in TO_PEOPLE or (not asked.urgent and gathers == (None,) * 4),
        "not-for-channel",
        "digests, quiet hours and what is urgent are for channels that people read: email, wecom, dingtalk",
    )
    require(
        asked.channel == "webhook" or asked.signature == "v1",
        "not-for-channel",
        "only a webhook has a signature; leave it out",
    )
    most = PER_MINUTE.get(asked.channel)
    require(
        most is None or (asked.per_minute is not None and asked.per_minute <= most),
        "not-for-channel",
        f"a group robot takes {most} messages a minute at the most: give per_minute, from 1 to {most}",
    )
    require(
        (asked.quiet_from is None) == (asked.quiet_until is None),
        "quiet-hours-open",
        "quiet hours have a beginning and an end: give quiet_from and quiet_until, or neither",
    )
    require(
        asked.digest_minutes is None or asked.digest_at is None,
        "two-digests",
        "a digest comes every so many minutes, or daily at an hour: give digest_minutes or digest_at",
    )


def _require_rotation(
    facts: EndpointRegistered, overlap: timedelta, endpoint: Endpoint, now: datetime
) -> None:
    require(
        facts.channel in SIGNED and facts.via is None,
        "no-secret",
        "this endpoint has no secret that we made; change its address instead",
    )
    require(
        timedelta(0) <= overlap <= LONGEST_OVERLAP,
        "overlap-too-long",
        "the earlier secret can go on signing for 7 days at the most",
    )
    require(
        overlap == timedelta(0) or len(endpoint.live(now)) < SECRETS_AT_ONCE,
        "too-many-secrets",
        f"{SECRETS_AT_ONCE} secrets sign already; wait until one has run out, or rotate with an overlap of 0",
    )


def _listed(name: str, items: Sequence[str], asked: EndpointRegistered) -> tuple[str, ...]:
    """A list of an endpoint as it is kept: each item once, in order."""
    return _types(items, asked) if name in ("events", "urgent") else tuple(sorted(set(items)))


def _types(patterns: Sequence[str], asked: EndpointRegistered) -> tuple[str, ...]:
    """The patterns once each, in order; `*` alone where it is among them."""
    known = TOLD if asked.volunteer is None else TOLD_TO_VOLUNTEERS
    for pattern in patterns:
        require(
            any(matches(pattern, name) for name in known),
            "unknown-event-type",
            "events are types that units or volunteers are told of, in which * stands for any letters; "
            "/v1/event-types lists them",
        )
    return (ALL_EVENTS,) if ALL_EVENTS in patterns else tuple(sorted(set(patterns)))


ENDPOINT: Decider[Command, Endpoint, Event] = Decider(decide, FOLD)
