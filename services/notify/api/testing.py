"""A test of an endpoint: an example of an event, sent at once, outside of the box and of every count."""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic

import structlog
from fastapi import APIRouter, Response
from pydantic import Field

from services.notify.api import seeing_shapes as shapes
from services.notify.api.desk import DeskOf, Writer, endpoint_for
from services.notify.channels.channel import Parcel, Target
from services.notify.channels.opening import open_channels
from services.notify.domain.subscription import SOURCES, TOLD, TOLD_TO_VOLUNTEERS, matches_any
from services.notify.endpoints import Endpoint, Endpoints, NoAddress
from shared.events.examples import example_of
from shared.events.index import BY_SERVICE
from shared.kernel.canonical import Json, encode
from shared.kernel.decider import Refused
from shared.kernel.example import example_for
from shared.kernel.times import format_time
from shared.runtime.http.bodies import Body
from shared.runtime.http.calls import json_response
from shared.runtime.http.openapi import answers
from shared.runtime.http.problems import Problem
from shared.runtime.http.routes import Route
from shared.runtime.ids import new_event_id

router = APIRouter(prefix="/v1/endpoints/{endpoint}", tags=["endpoints"], route_class=Route)

_NO_AGREEMENT = "no agreement with the unit is in force, and without one nothing is sent to it"
_NO_ADDRESS = (
    "where this endpoint is told is not known any more: give it another address, or make another one"
)
_NO_CHANNEL = "this deployment does not tell by this channel; use another one, or ask those who run it"
_UNKNOWN_TYPE = "name a type that the endpoint can be told of; /v1/event-types?told=true lists them"

log = structlog.get_logger()


class ExampleBody(Body):
    """Of what type the example is."""

    type: str | None = Field(
        None,
        max_length=80,
        description="left out, it is the first that the endpoint is told of",
        examples=["request-created"],
    )


@router.post("/test", summary="Send an example", responses=answers(shapes.Tested))
async def send_example(endpoint: str, body: ExampleBody, principal: Writer, desk: DeskOf) -> Response:
    """200 with what the receiver answered, whether it took it or not. It is signed as anything else; its
    `webhook-id` begins with `test-`, its CloudEvent says `test: true` and has no number, and it is on no
    record. A paused or disabled endpoint is sent it too. 422 `unknown-event-type`; 409
    `unit-without-agreement`, `endpoint-without-address`, `channel-not-available`; 429 after 20 in a minute
    for one unit."""
    found = await endpoint_for(desk, endpoint, principal)
    desk.tests.count(found.unit)
    name = _type_of(found, body.type)
    if not desk.service.keys.agreements.may_come_in(found.unit):
        raise Problem(409, "unit-without-agreement", _NO_AGREEMENT)
    target = await _target(desk.endpoints, found)
    id = f"test-{new_event_id()}"
    parcel = Parcel(id, (encode(example(found.unit, found.facts.volunteer, id, name)),))
    async with open_channels(desk.settings) as channels:
        channel = channels.get(found.facts.channel)
        if channel is None:
            raise Problem(409, "channel-not-available", _NO_CHANNEL)
        began = monotonic()
        answer = await channel.send(target, parcel, datetime.now(UTC))
        took_ms = int((monotonic() - began) * 1000)
    log.info("test-sent", endpoint=found.id, message=id, status=answer.status, reason=answer.reason)
    return json_response(
        {
            "id": id,
            "type": name,
            "accepted": answer.accepted,
            "status": answer.status,
            "error": None if answer.accepted else answer.reason or "status",
            "took_ms": took_ms,
            "answer": answer.body.decode("utf-8", "replace"),
        }
    )


def _type_of(endpoint: Endpoint, asked: str | None) -> str:
    """The type of the example. Raises Refused `unknown-event-type`."""
    known = TOLD if endpoint.facts.volunteer is None else TOLD_TO_VOLUNTEERS
    if asked is None:
        return min(name for name in known if matches_any(endpoint.facts.events, name))
    if asked not in known:
        raise Refused("unknown-event-type", _UNKNOWN_TYPE)
    return asked


async def _target(endpoints: Endpoints, endpoint: Endpoint) -> Target:
    try:
        return await endpoints.target(endpoint)
    except NoAddress:
        raise Problem(409, "endpoint-without-address", _NO_ADDRESS) from None


def example(unit: str, volunteer: str | None, id: str, name: str) -> dict[str, Json]:
    """The example of a type, of now, about a unit or about its volunteer."""
    [service] = [service for service in SOURCES if name in BY_SERVICE[service]]
    now = format_time(datetime.now(UTC))
    said: dict[str, Json] = {"id": id, "time": now, "recordedtime": now, "recipient": volunteer or unit}
    return {**example_for(service, name, example_of(name), unit, volunteer), **said, "test": True}
