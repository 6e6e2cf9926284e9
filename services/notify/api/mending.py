"""What a unit mends by itself: a delivery sent once more, or no more; all that was given up, again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.notify.aggregates import ENDPOINTS
from services.notify.api import seeing_shapes as shapes
from services.notify.api.desk import Desk, DeskOf, Writer, endpoint_for
from services.notify.domain.endpoint_commands import (
    CancelDelivery,
    RecoverDeliveries,
    ResendDelivery,
)
from services.notify.endpoints import Endpoint
from services.notify.letters import Message
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.times import Time, format_time
from shared.runtime.execute import Transaction
from shared.runtime.http.bodies import Body
from shared.runtime.http.calls import CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.problems import Problem, not_found
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1/endpoints/{endpoint}", tags=["deliveries"], route_class=Route)

TIME_ORDERED = 7
"""The version of a UUID that begins with the time at which it was made (RFC 9562, 5.7)."""


class RecoverBody(Body):
    """Since when."""

    since: Time


@router.post(
    "/deliveries/{event}/resend", summary="Send a message once more", responses=answers(shapes.Asked)
)
async def resend(
    endpoint: str, event: str, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200; with the same `webhook-id`, whatever came of it before, from the first step of its schedule. An
    endpoint that is paused is sent it when it is resumed. Any message of the box that the endpoint is told
    from, `event` being its id; 404 if there is none such; 409 `message-not-kept` if it is kept no longer."""
    message = await _message(desk, await endpoint_for(desk, endpoint, principal), event)

    async def work(transaction: Transaction) -> Answer:
        command = ResendDelivery(message.box, message.id, message.number, message.type)
        await transaction.decide(ENDPOINTS, endpoint, command)
        return _asked(transaction, endpoint, message, "pending")

    return await commands.run(request, principal, work)


@router.post("/deliveries/{event}/cancel", summary="Send a message no more", responses=answers(shapes.Asked))
async def cancel(
    endpoint: str, event: str, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200; what is on its way already may still arrive. 404 as for `resend`; 409 `message-not-kept`, and
    `already-delivered`."""
    found = await endpoint_for(desk, endpoint, principal)
    message = await _message(desk, found, event)

    async def work(transaction: Transaction) -> Answer:
        state = await desk.ledger.state(found, message.number)
        if state == "delivered":
            raise Problem(409, "already-delivered", "it was delivered, and nobody can take it back")
        command = CancelDelivery(message.box, message.id, message.number, message.type)
        await transaction.decide(ENDPOINTS, endpoint, command)
        return _asked(transaction, endpoint, message, "cancelled")

    return await commands.run(request, principal, work)


@router.post("/recover", summary="Send again all that was given up", responses=answers(shapes.Recovering))
async def recover(
    endpoint: str,
    body: RecoverBody,
    request: Request,
    principal: Writer,
    desk: DeskOf,
    commands: CommandsOf,
) -> Response:
    """200; every delivery that was given up at `since` or later is tried again, from the first step of its
    schedule. What waits for its next attempt, and what was cancelled, stays as it is."""
    await endpoint_for(desk, endpoint, principal)

    async def work(transaction: Transaction) -> Answer:
        await transaction.decide(ENDPOINTS, endpoint, RecoverDeliveries(body.since))
        answer: dict[str, Json] = {"id": endpoint, "since": format_time(body.since)}
        return Answer(200, answer, etag=transaction.version(endpoint))

    return await commands.run(request, principal, work)


def _asked(transaction: Transaction, endpoint: str, message: Message, state: str) -> Answer:
    answer: dict[str, Json] = {
        "endpoint": endpoint,
        "event": message.id,
        "number": message.number,
        "state": state,
    }
    return Answer(200, answer, etag=transaction.version(endpoint))


async def _message(desk: Desk, endpoint: Endpoint, id: str) -> Message:
    """The message. Raises Problem 404; 409 for one from before what is kept, whether it ever was there."""
    found = await desk.ledger.message(endpoint, id)
    if found is not None:
        return found
    made = _made_at(id)
    if made is not None and made < datetime.now(UTC) - timedelta(days=desk.settings.keep_days):
        kept = f"messages are kept for {desk.settings.keep_days:g} days; read the service's log by /v1/events"
        raise Problem(409, "message-not-kept", kept)
    raise not_found()


def _made_at(id: str) -> datetime | None:
    """When the event with this id was made, as its id says."""
    try:
        uuid = UUID(id.removeprefix("urgent-"))
    except ValueError:
        return None
    if uuid.version != TIME_ORDERED:
        return None
    return datetime.fromtimestamp((uuid.int >> 80) / 1000, UTC)
