"""An endpoint, from its registration to its end: what may be asked of it, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notify.domain.endpoint import ENDPOINT, ENDPOINTS_PER_UNIT
from services.notify.domain.endpoint_commands import (
    AmendEndpoint,
    CancelDelivery,
    Change,
    DisableEndpoint,
    PauseEndpoint,
    RecoverDeliveries,
    RegisterEndpoint,
    RemoveEndpoint,
    ResendDelivery,
    ResumeEndpoint,
    RotateSecret,
)
from shared.events.notify import (
    Channel,
    DeliveriesRecovered,
    DeliveryCancelled,
    DeliveryResent,
    EndpointAmended,
    EndpointDisabled,
    EndpointPaused,
    EndpointRegistered,
    EndpointRemoved,
    EndpointResumed,
    EndpointSecretRotated,
)
from tests.support.given import given

NOW = datetime(2026, 11, 24, 3, 29, 28, 123000, UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
C = {"community": "shaba"}
UNIT = "unit-1"
EVERYWHERE: tuple[Channel, ...] = ("webhook", "email", "wecom", "dingtalk", "amqp")
TO_PEOPLE: tuple[Channel, ...] = ("email", "wecom", "dingtalk")
ADDRESSES: dict[Channel, str | None] = {
    "webhook": "https://partner.example/hooks?token=1",
    "email": "duty@health.example",
    "wecom": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abc",
    "dingtalk": "https://oapi.dingtalk.com/robot/send?access_token=abc",
    "amqp": None,
}
PER_MINUTE: dict[Channel, int] = {"wecom": 20, "dingtalk": 20}


def asked(channel: Channel = "webhook", **told: Any) -> EndpointRegistered:
    facts = {"events": ("*",), "details": "first", "per_minute": PER_MINUTE.get(channel), **told}
    return EndpointRegistered(**C, unit=UNIT, channel=channel, **facts)


def register(channel: Channel = "webhook", **told: Any) -> RegisterEndpoint:
    return RegisterEndpoint(asked(channel, **told), ADDRESSES[channel], 0, EVERYWHERE)


def amend(address: str | None = None, /, **told: Any) -> AmendEndpoint:
    return AmendEndpoint(EndpointAmended(**C, **told), address)


REGISTERED = asked()
MAIL = asked("email")
PAUSED = EndpointPaused(**C)
DISABLED = EndpointDisabled(**C, unit=UNIT, units=(UNIT,), reason="failing")
REMOVED = EndpointRemoved(**C)
SPOKEN = {"box": UNIT, "message": "event-1", "number": 17}


# Registering


@pytest.mark.parametrize("channel", EVERYWHERE)
def test_an_endpoint_is_registered_without_its_address(channel: Channel) -> None:
    given(ENDPOINT).when(register(channel)).then(asked(channel))


def test_an_endpoint_is_registered_once() -> None:
    given(ENDPOINT, REGISTERED).when(register()).refused("already-registered")
    given(ENDPOINT, REGISTERED, REMOVED).when(register()).refused("already-registered")


@pytest.mark.parametrize("existing", [ENDPOINTS_PER_UNIT, ENDPOINTS_PER_UNIT + 1])
def test_a_unit_has_a_bounded_number_of_endpoints(existing: int) -> None:
    given(ENDPOINT).when(replace(register(), existing=existing)).refused("too-many-endpoints")
    given(ENDPOINT).when(replace(register(), existing=ENDPOINTS_PER_UNIT - 1)).then(REGISTERED)


@pytest.mark.parametrize("channel", EVERYWHERE)
def test_a_channel_that_the_deployment_does_not_have_is_not_told_by(channel: Channel) -> None:
    others = [other for other in EVERYWHERE if other != channel]
    given(ENDPOINT).when(replace(register(channel), channels=others)).refused("channel-not-available")


@pytest.mark.parametrize(
    ("channel", "address", "code"),
    [
        ("webhook", "http://partner.example/", "url-not-allowed"),
        ("webhook", "https://10.0.0.1/", "url-not-allowed"),
        ("webhook", ADDRESSES["email"], "url-not-allowed"),
        ("email", "not-an-address", "address-not-allowed"),
        ("email", ADDRESSES["webhook"], "address-not-allowed"),
        ("wecom", ADDRESSES["dingtalk"], "address-not-allowed"),
        ("dingtalk", ADDRESSES["wecom"], "address-not-allowed"),
        ("dingtalk", "https://partner.example/robot/send?access_token=a", "address-not-allowed"),
    ],
)
def test_an_address_is_one_of_its_channel(channel: Channel, address: str, code: str) -> None:
    given(ENDPOINT).when(replace(register(channel), address=address)).refused(code)
    given(ENDPOINT, asked(channel)).when(amend(address, address="second")).refused(code)


def test_lists_are_kept_once_each_in_order_and_all_types_as_a_star() -> None:
    told: dict[str, Any] = {
        "grids": ("b", "a", "b"),
        "services": ("s", "s"),
        "categories": ("y", "x"),
        "priorities": ("u", "r"),
    }
    kept: dict[str, Any] = {
        "grids": ("a", "b"),
        "services": ("s",),
        "categories": ("x", "y"),
        "priorities": ("r", "u"),
    }
    events = ("visit-completed", "request-created", "visit-completed")
    given(ENDPOINT).when(register(events=events, **told)).then(
        asked(events=("request-created", "visit-completed"), **kept)
    )
    given(ENDPOINT).when(register(events=(*events, "*"))).then(REGISTERED)
    urgent = ("sla-warned", "*", "sla-warned")
    given(ENDPOINT).when(register("email", urgent=urgent)).then(asked("email", urgent=("*",)))


@pytest.mark.parametrize("event", ["request-*", "*-created", "*created*", "request-created", "**", "r*d"])
def test_a_pattern_stands_for_types(event: str) -> None:
    given(ENDPOINT).when(register(events=(event,))).then(asked(events=(event,)))


@pytest.mark.parametrize(
    "event",
    [
        *("request-creatd", "deliveries-attempted", "notification-delivered", "resident-registered"),
        *("requests-*", "endpoint-registered", "resident-*"),
    ],
)
def test_only_what_units_are_told_of_can_be_asked_for(event: str) -> None:
    command = register(events=("request-created", event))
    given(ENDPOINT).when(command).refused("unknown-event-type")
    given(ENDPOINT).when(register("email", urgent=(event,))).refused("unknown-event-type")
    given(ENDPOINT, REGISTERED).when(amend(events=(event,))).refused("unknown-event-type")
    given(ENDPOINT, MAIL).when(amend(urgent=(event,))).refused("unknown-event-type")


def test_a_volunteer_can_ask_for_what_volunteers_are_told_of_and_for_nothing_else() -> None:
    own = {"volunteer": "volunteer-1"}
    for event in ("assignment-offered", "visit-*", "duty-freed", "*"):
        given(ENDPOINT).when(register("email", events=(event,), **own)).then(
            asked("email", events=(event,), **own)
        )
    for event in ("request-created", "service-published", "volunteer-registered", "sla-*"):
        given(ENDPOINT).when(register("email", events=(event,), **own)).refused("unknown-event-type")
        given(ENDPOINT, asked("email", **own)).when(amend(events=(event,))).refused("unknown-event-type")


FOR_PEOPLE: list[dict[str, Any]] = [
    {"digest_minutes": 30},
    {"digest_at": "08:30"},
    {"quiet_from": "21:00", "quiet_until": "07:00"},
    {"urgent": ("request-created",)},
]


@pytest.mark.parametrize("told", FOR_PEOPLE)
def test_digests_quiet_hours_and_what_is_urgent_are_for_people(told: dict[str, Any]) -> None:
    for channel in TO_PEOPLE:
        given(ENDPOINT).when(register(channel, **told)).then(asked(channel, **told))
        given(ENDPOINT, asked(channel)).when(amend(**told)).then(EndpointAmended(**C, **told))
    for other in [channel for channel in EVERYWHERE if channel not in TO_PEOPLE]:
        given(ENDPOINT).when(register(other, **told)).refused("not-for-channel")
        given(ENDPOINT, asked(other)).when(amend(**told)).refused("not-for-channel")


@pytest.mark.parametrize("channel", ["email", "wecom", "dingtalk", "amqp"])
def test_only_a_webhook_has_a_signature(channel: Channel) -> None:
    given(ENDPOINT).when(register(channel, signature="v1a")).refused("not-for-channel")
    given(ENDPOINT).when(register(signature="v1a")).then(asked(signature="v1a"))


@pytest.mark.parametrize("told", [{"quiet_from": "21:00"}, {"quiet_until": "07:00"}])
def test_quiet_hours_have_a_beginning_and_an_end(told: dict[str, Any]) -> None:
    given(ENDPOINT).when(register("email", **told)).refused("quiet-hours-open")
    given(ENDPOINT, MAIL).when(amend(**told)).refused("quiet-hours-open")
    whole = asked("email", quiet_from="21:00", quiet_until="07:00")
    given(ENDPOINT, whole).when(amend(cleared=tuple(told))).refused("quiet-hours-open")


def test_a_digest_comes_by_minutes_or_at_an_hour() -> None:
    given(ENDPOINT).when(register("email", digest_minutes=30, digest_at="08:30")).refused("two-digests")
    daily = asked("email", digest_at="08:30")
    given(ENDPOINT, daily).when(amend(digest_minutes=30)).refused("two-digests")
    instead = amend(digest_minutes=30, cleared=("digest_at",))
    given(ENDPOINT, daily).when(instead).then(instead.change)


@pytest.mark.parametrize("channel", ["wecom", "dingtalk"])
def test_a_robot_is_told_no_more_than_it_takes(channel: Channel) -> None:
    for per_minute in (None, 21, 6000):
        given(ENDPOINT).when(register(channel, per_minute=per_minute)).refused("not-for-channel")
    given(ENDPOINT).when(register(channel, per_minute=5)).then(asked(channel, per_minute=5))
    given(ENDPOINT, asked(channel)).when(amend(per_minute=21)).refused("not-for-channel")
    given(ENDPOINT, asked(channel)).when(amend(cleared=("per_minute",))).refused("not-for-channel")
    given(ENDPOINT).when(register(per_minute=6000)).then(asked(per_minute=6000))


# Amending


def test_what_changes_is_said_and_nothing_else() -> None:
    change = EndpointAmended(**C, events=("request-*",), ordered=True, format="data", grids=("a",))
    given(ENDPOINT, REGISTERED).when(AmendEndpoint(change)).then(change)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"events": ("*",)},
        {"events": ("*", "request-created")},
        {"grids": ("b", "a", "b")},
        {"priorities": ()},
        {"ordered": False, "format": "cloudevents", "language": "zh", "per_minute": 60},
        {"cleared": ("digest_at", "quiet_from")},
    ],
)
def test_what_is_so_already_is_no_event(told: dict[str, Any]) -> None:
    given(ENDPOINT, asked(grids=("a", "b"), per_minute=60)).when(amend(**told)).then_nothing()


def test_lists_are_amended_to_once_each_in_order() -> None:
    told = {"events": ("visit-*", "request-*", "visit-*"), "grids": ("b", "a"), "services": ("s", "s")}
    kept = {"events": ("request-*", "visit-*"), "grids": ("a", "b"), "services": ("s",)}
    given(ENDPOINT, REGISTERED).when(amend(**told)).then(EndpointAmended(**C, **kept))


def test_a_list_is_emptied_and_a_number_taken_away() -> None:
    change = EndpointAmended(**C, grids=(), cleared=("per_minute",))
    before = asked(grids=("a",), per_minute=60)
    given(ENDPOINT, before).when(AmendEndpoint(change)).then(change)
    after = ENDPOINT.fold.over([before, change]).facts
    assert isinstance(after, EndpointRegistered)
    assert (after.grids, after.per_minute) == ((), None)
    given(ENDPOINT, before, change).when(AmendEndpoint(change)).then_nothing()


@pytest.mark.parametrize("channel", ["webhook", "email", "wecom", "dingtalk"])
def test_an_address_changes_even_if_nothing_else_does(channel: Channel) -> None:
    command = amend(ADDRESSES[channel], address="second")
    given(ENDPOINT, asked(channel)).when(command).then(command.change)
    state = ENDPOINT.fold.over([asked(channel), command.change])
    assert state.address == "second"
    assert [secret.details for secret in state.secrets] == ["first"]


@pytest.mark.parametrize("facts", [asked("amqp"), asked("email", volunteer="volunteer-1", via="endpoint-1")])
def test_what_has_no_address_of_its_own_has_none_to_change(facts: EndpointRegistered) -> None:
    command = amend(ADDRESSES["email"], address="second")
    given(ENDPOINT, facts).when(command).refused("not-for-channel")


# Secrets


@pytest.mark.parametrize("overlap", [timedelta(0), HOUR / 7, 24 * HOUR, 7 * DAY])
def test_a_new_secret_signs_beside_the_one_before_for_a_while(overlap: timedelta) -> None:
    until = NOW + overlap
    until = until.replace(microsecond=until.microsecond // 1000 * 1000)
    rotated = EndpointSecretRotated(**C, details="second", earlier_until=until)
    given(ENDPOINT, REGISTERED).when(RotateSecret("second", overlap, NOW)).then(rotated)
    state = ENDPOINT.fold.over([REGISTERED, rotated])
    both, new = ["second", "first"], ["second"]
    if overlap:
        assert [secret.details for secret in state.live(until - timedelta(milliseconds=1))] == both
    assert [secret.details for secret in state.live(until)] == new
    # The address stays where it was sealed.
    assert state.address == "first"


@pytest.mark.parametrize("overlap", [8 * DAY, 7 * DAY + timedelta(milliseconds=1), -HOUR])
def test_an_earlier_secret_signs_for_a_week_at_the_most(overlap: timedelta) -> None:
    given(ENDPOINT, REGISTERED).when(RotateSecret("second", overlap, NOW)).refused("overlap-too-long")


def test_a_later_rotation_only_shortens_what_was_said_of_earlier_secrets() -> None:
    def rotated(details: str, until: timedelta) -> EndpointSecretRotated:
        return EndpointSecretRotated(**C, details=details, earlier_until=NOW + until)

    state = ENDPOINT.fold.over([REGISTERED, rotated("second", HOUR), rotated("third", DAY)])
    assert [(secret.details, secret.until) for secret in state.secrets] == [
        ("third", None),
        ("second", NOW + DAY),
        ("first", NOW + HOUR),
    ]
    state = ENDPOINT.fold.over([rotated("fourth", timedelta(0))], state)
    assert [secret.details for secret in state.live(NOW)] == ["fourth"]


def test_only_so_many_secrets_sign_at_once() -> None:
    rotated = [
        EndpointSecretRotated(**C, details=f"secret-{n}", earlier_until=NOW + 7 * DAY) for n in range(4)
    ]
    full = given(ENDPOINT, REGISTERED, *rotated)
    full.when(RotateSecret("more", HOUR, NOW)).refused("too-many-secrets")
    # One that ends all the others, and one when they have run out, are no more than one.
    now, later = timedelta(0), NOW + 7 * DAY
    full.when(RotateSecret("more", now, NOW)).then(
        EndpointSecretRotated(**C, details="more", earlier_until=NOW)
    )
    full.when(RotateSecret("more", HOUR, later)).then(
        EndpointSecretRotated(**C, details="more", earlier_until=later + HOUR)
    )


@pytest.mark.parametrize(
    "facts",
    [
        *(asked(channel) for channel in EVERYWHERE if channel != "webhook"),
        asked(volunteer="volunteer-1", via="endpoint-1"),
    ],
)
def test_only_a_webhook_of_its_own_has_a_secret_that_we_made(facts: EndpointRegistered) -> None:
    given(ENDPOINT, facts).when(RotateSecret("second", HOUR, NOW)).refused("no-secret")


# Pausing, disabling, resuming, removing


def test_a_pause_is_one_pause() -> None:
    given(ENDPOINT, REGISTERED).when(PauseEndpoint()).then(PAUSED)
    given(ENDPOINT, REGISTERED, PAUSED).when(PauseEndpoint()).then_nothing()
    given(ENDPOINT, REGISTERED, DISABLED).when(PauseEndpoint()).then_nothing()


def test_what_is_disabled_is_disabled_once_and_its_unit_is_told() -> None:
    given(ENDPOINT, REGISTERED).when(DisableEndpoint("failing")).then(DISABLED)
    given(ENDPOINT, REGISTERED, DISABLED).when(DisableEndpoint("gone")).then_nothing()
    gone = EndpointDisabled(**C, unit=UNIT, units=(UNIT,), reason="gone")
    given(ENDPOINT, REGISTERED, PAUSED).when(DisableEndpoint("gone")).then(gone)
    state = ENDPOINT.fold.over([REGISTERED, PAUSED, gone])
    assert (state.status, state.reason) == ("disabled", "gone")


@pytest.mark.parametrize("held", [PAUSED, DISABLED])
def test_what_was_held_is_resumed_with_what_was_kept_or_without(held: EndpointPaused) -> None:
    sent = EndpointResumed(**C, backlog="send")
    skipped = EndpointResumed(**C, backlog="skip", skipped_to=42)
    given(ENDPOINT, REGISTERED, held).when(ResumeEndpoint("send", 42)).then(sent)
    given(ENDPOINT, REGISTERED, held).when(ResumeEndpoint("skip", 42)).then(skipped)
    given(ENDPOINT, REGISTERED, held, sent).when(ResumeEndpoint("skip", 42)).then_nothing()
    state = ENDPOINT.fold.over([asked(after=16), held, skipped, PAUSED, sent])
    assert (state.status, state.reason, state.skipped_to) == ("active", None, 42)
    assert ENDPOINT.fold.over([asked(after=50), held, skipped]).skipped_to == 50


def test_what_was_never_held_needs_no_resuming() -> None:
    given(ENDPOINT, REGISTERED).when(ResumeEndpoint("skip", 42)).then_nothing()


CHANGES: list[Change] = [
    amend(ordered=True),
    RotateSecret("second", HOUR, NOW),
    PauseEndpoint(),
    DisableEndpoint("gone"),
    ResumeEndpoint("send", 1),
    ResendDelivery(**SPOKEN, type="request-created"),  # type: ignore[arg-type]
    CancelDelivery(**SPOKEN, type="request-created"),  # type: ignore[arg-type]
    RecoverDeliveries(NOW),
]


@pytest.mark.parametrize("held", [[], [PAUSED], [DISABLED]])
def test_whatever_it_was_it_is_removed_once(held: list[EndpointPaused]) -> None:
    given(ENDPOINT, REGISTERED, *held).when(RemoveEndpoint()).then(REMOVED)
    given(ENDPOINT, REGISTERED, *held, REMOVED).when(RemoveEndpoint()).then_nothing()


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: type(change).__name__)
def test_nothing_is_asked_of_what_was_removed(change: Change) -> None:
    given(ENDPOINT, REGISTERED, REMOVED).when(change).refused("endpoint-removed")


# Deliveries


@pytest.mark.parametrize("held", [[], [PAUSED], [DISABLED]])
@pytest.mark.parametrize(
    ("command", "event"), [(ResendDelivery, DeliveryResent), (CancelDelivery, DeliveryCancelled)]
)
def test_a_delivery_is_asked_for_or_not_wanted_as_often_as_somebody_says(
    held: list[EndpointPaused], command: Callable[..., Change], event: Callable[..., DeliveryResent]
) -> None:
    said = event(**C, unit=UNIT, message_type="request-created", **SPOKEN)
    history = (REGISTERED, *held)
    wanted = command(**SPOKEN, type="request-created")
    given(ENDPOINT, *history).when(wanted).then(said)
    given(ENDPOINT, *history, said).when(wanted).then(said)
    # It says nothing of the endpoint itself.
    assert ENDPOINT.fold.over([*history, said]) == ENDPOINT.fold.over([*history])


def test_all_that_was_given_up_since_a_moment_is_asked_for() -> None:
    said = DeliveriesRecovered(**C, since=NOW)
    given(ENDPOINT, REGISTERED).when(RecoverDeliveries(NOW)).then(said)
    assert ENDPOINT.fold.over([REGISTERED, said]) == ENDPOINT.fold.over([REGISTERED])
