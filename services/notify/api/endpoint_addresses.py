"""Where an endpoint is told: what of its address and its secret is asked for, made, sealed and shown."""

from __future__ import annotations

from secrets import token_urlsafe
from urllib.parse import urlsplit

from services.notify.api.desk import Desk
from services.notify.api.endpoint_bodies import EndpointBody
from services.notify.endpoints import Endpoint, NoAddress
from services.notify.signing import new_secret, public_key
from shared.events.notify import Channel
from shared.kernel.decider import Refused, require


def secret_of(body: EndpointBody, channel: Channel, via: bool) -> tuple[str | None, str | None]:
    """What is sealed, and what of it is shown: of a webhook's the secret, or the public key; of a queue's the
    password; nothing of what the caller gave."""
    if via or channel not in ("webhook", "amqp"):
        return body.robot_secret, None
    if channel == "amqp":
        password = token_urlsafe(32)
        return password, password
    secret = new_secret(body.signature)
    return secret, public_key(secret) if body.signature == "v1a" else secret


def told_by(desk: Desk, body: EndpointBody) -> Endpoint | None:
    """The unit's endpoint by which its volunteer is told."""
    if body.via is None:
        return None
    found = desk.endpoints.get(body.via)
    own = found is not None and found.unit == body.unit and found.facts.volunteer is None
    require(
        own and body.volunteer is not None,
        "unknown-endpoint",
        "via names the endpoint by which the unit itself is told, for one of its volunteers",
    )
    return found


def require_robot(channel: Channel | None, secret: str | None) -> None:
    """A robot's secret is given with the robot's address."""
    require(
        secret is None or channel == "dingtalk",
        "not-for-channel",
        "robot_secret is what a DingTalk robot checks signatures with: give it with the robot's url alone",
    )


def address_of(url: str | None, email: str | None, channel: Channel, needed: bool) -> str | None:
    """The one address that the channel has. Raises Refused(address-not-allowed)."""
    given, other = (email, url) if channel == "email" else (url, email)
    right = other is None and (given is not None) == needed
    if not right:
        raise Refused(
            "address-not-allowed",
            "give url for a webhook or a robot, email for e-mail, and neither with via",
        )
    return given


async def host_of(desk: Desk, endpoint: Endpoint) -> str | None:
    """All that is shown of an address."""
    if endpoint.facts.channel == "amqp":
        return None
    try:
        target = await desk.endpoints.target(endpoint)
    except NoAddress:
        return None
    if endpoint.facts.channel == "email":
        return target.address.rpartition("@")[2]
    return urlsplit(target.address).hostname
