"""Endpoints: registered by those who are told there, shown to them, and changed by them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.notify.aggregates import ENDPOINTS
from services.notify.api import shapes
from services.notify.api.desk import Desk, DeskOf, Reader, Writer, endpoint_for, endpoints_for
from services.notify.api.endpoint_addresses import address_of, host_of, require_robot, secret_of, told_by
from services.notify.api.endpoint_bodies import EndpointBody, EndpointChanges, ResumeBody, RotateBody
from services.notify.domain.endpoint_commands import (
    AmendEndpoint,
    Command,
    PauseEndpoint,
    RegisterEndpoint,
    RemoveEndpoint,
    ResumeEndpoint,
    RotateSecret,
)
from services.notify.endpoints import Endpoint
from services.notify.signing import new_secret, public_key
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.decider import require
from shared.runtime.access import Principal
from shared.runtime.broker_accounts import queue_of, user_of
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import Commands, CommandsOf, json_response
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.paging import Page, page_response
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import new_id

_UNKNOWN_VOLUNTEER = (
    "the unit has no volunteer with this id: look it up in registry; if it is new, send what Linli-Position "
    "said of it as Linli-After"
)

router = APIRouter(prefix="/v1/endpoints", tags=["endpoints"], route_class=Route)

_UNKNOWN_UNIT = (
    "notify knows no unit with this id: look it up in registry; if it is new, send what Linli-Position said "
    "of it as Linli-After"
)


@router.post(
    "",
    status_code=201,
    summary="Register an endpoint for a unit",
    responses=answers(shapes.Registered, 201),
)
async def register(
    body: EndpointBody, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """201 with `id` and, of a webhook, `secret`, which is shown here only; a repeat shows null; of `amqp` it
    is the password of `user`, who reads `queue`. 422:
    `unknown-unit`, `unknown-volunteer`, `unknown-endpoint`, `url-not-allowed`, `address-not-allowed`,
    `unknown-event-type`, `channel-not-available`, `not-for-channel`, `quiet-hours-open`, `two-digests`; 409:
    `too-many-endpoints`; 404 for another unit's client."""
    if not principal.sees((body.unit,)):
        raise not_found()
    endpoint = new_id("endpoint")
    await desk.service.catch_up(desk.followed)
    via = told_by(desk, body)
    channel = body.channel if via is None else via.facts.channel
    secret, told = secret_of(body, channel, via is not None)
    queue, user = (
        (queue_of(endpoint), user_of(endpoint)) if channel == "amqp" and via is None else (None, None)
    )

    async def work(transaction: Transaction) -> Answer:
        # A unit's own client is proof that the unit is there, whether or not it was heard of here.
        communities = principal.communities
        known = principal.unit == body.unit or await desk.units.known(body.unit, communities)
        require(known, "unknown-unit", _UNKNOWN_UNIT)
        # A box is whoever's it is named after: another unit's volunteer, or another unit, is not this one's.
        own = body.volunteer is None or await desk.units.has_volunteer(body.unit, body.volunteer)
        require(own, "unknown-volunteer", _UNKNOWN_VOLUNTEER)
        require_robot(None if via is not None else channel, body.robot_secret)
        address = queue or address_of(body.url, body.email, channel, needed=via is None)
        await desk.service.catch_up(desk.followed)
        command = RegisterEndpoint(
            asked=body.asked(
                await desk.units.community(body.unit, communities),
                transaction.seal(body.volunteer or endpoint, {"url": address, "secret": secret}),
                (await desk.messages.look_for_head(body.volunteer or body.unit)).number,
                channel,
            ),
            address=address,
            existing=desk.endpoints.count(body.unit),
            channels=desk.channels,
            allowed=desk.settings.allow_networks,
        )
        await transaction.begin(ENDPOINTS, endpoint, command)
        said = {"id": endpoint, "secret": None, "queue": queue, "user": user}
        return Answer(201, said, f"/v1/endpoints/{endpoint}", 1)

    async with desk.registering(body.unit):
        response = await commands.run(request, principal, work, lambda: {"secret": told})
    await desk.made_ready(endpoint)
    return response


@router.get("", summary="Endpoints", responses=answers(listed(shapes.Endpoint)))
async def endpoints(
    request: Request, page: Annotated[Page, Query()], principal: Reader, desk: DeskOf
) -> Response:
    """By id; for a unit's client its own. Of an address only the host is shown."""
    after = page.after() or ""
    found = [each for each in endpoints_for(desk, principal) if each.id > after]
    items = [await shown(desk, each) for each in found[: page.limit]]
    return page_response(request, items, found[page.limit - 1].id if len(found) > page.limit else None)


@router.get("/{endpoint}", summary="One endpoint", responses=answers(shapes.Endpoint, headers=[ETAG]))
async def one(endpoint: str, principal: Reader, desk: DeskOf) -> Response:
    """404 for a unit's client that asks for another unit's."""
    found = await endpoint_for(desk, endpoint, principal)
    return json_response(await shown(desk, found), etag=found.version)


@router.patch("/{endpoint}", summary="Change an endpoint", responses=answers(shapes.Changed))
async def amend(
    endpoint: str,
    body: EndpointChanges,
    request: Request,
    principal: Writer,
    desk: DeskOf,
    commands: CommandsOf,
) -> Response:
    """200; what is so already is no event. 422 as when it is registered."""
    found = await endpoint_for(desk, endpoint, principal)
    given = body.url is not None or body.email is not None

    async def work(transaction: Transaction) -> Answer:
        address = address_of(body.url, body.email, found.facts.channel, needed=True) if given else None
        require_robot(found.facts.channel if given else None, body.robot_secret)
        sealed: dict[str, Json] = {"url": address, "secret": body.robot_secret}
        subject = found.facts.volunteer or endpoint
        digest = transaction.seal(subject, sealed) if address is not None else None
        change = body.change(found.community, digest)
        command = AmendEndpoint(change, address, desk.settings.allow_networks)
        return await _decided(transaction, endpoint, command)

    return await commands.run(request, principal, work)


@router.post("/{endpoint}/rotate", summary="Give a webhook a new secret", responses=answers(shapes.Rotated))
async def rotate(
    endpoint: str, body: RotateBody, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200 with `secret`, shown here only. Those before sign as well for `overlap_hours` (24; 0 to 168). 409:
    `no-secret`, `too-many-secrets`."""
    found = await endpoint_for(desk, endpoint, principal)
    secret = new_secret(found.facts.signature)
    told = public_key(secret) if found.facts.signature == "v1a" else secret

    async def work(transaction: Transaction) -> Answer:
        details = transaction.seal(endpoint, {"secret": secret})
        overlap = timedelta(hours=body.overlap_hours)
        command = RotateSecret(details, overlap, transaction.context.now)
        answer = await _decided(transaction, endpoint, command)
        return Answer(200, {**answer.body, "secret": None}, etag=answer.etag)

    return await commands.run(request, principal, work, lambda: {"secret": told})


@router.post(
    "/{endpoint}/pause", summary="Tell an endpoint nothing for a while", responses=answers(shapes.Changed)
)
async def pause(
    endpoint: str, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200; what comes meanwhile is kept, for 30 days unless the deployment says otherwise."""
    return await _command(endpoint, PauseEndpoint(), request, principal, desk, commands)


@router.post("/{endpoint}/resume", summary="Tell an endpoint again", responses=answers(shapes.Changed))
async def resume(
    endpoint: str, body: ResumeBody, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200; after a pause, or after it was disabled."""
    found = await endpoint_for(desk, endpoint, principal)
    head = (await desk.messages.look_for_head(found.owner)).number
    command = ResumeEndpoint(body.backlog, head)
    return await _command(endpoint, command, request, principal, desk, commands)


@router.delete("/{endpoint}", summary="Remove an endpoint", responses=answers(shapes.Changed))
async def remove(
    endpoint: str, request: Request, principal: Writer, desk: DeskOf, commands: CommandsOf
) -> Response:
    """200; what waited for it is not sent, and its address and secrets are kept no longer than its log."""
    return await _command(endpoint, RemoveEndpoint(), request, principal, desk, commands)


async def _command(
    endpoint: str, command: Command, request: Request, principal: Principal, desk: Desk, commands: Commands
) -> Response:
    await endpoint_for(desk, endpoint, principal)

    async def work(transaction: Transaction) -> Answer:
        return await _decided(transaction, endpoint, command)

    return await commands.run(request, principal, work)


async def _decided(transaction: Transaction, endpoint: str, command: Command) -> Answer:
    state = await transaction.decide(ENDPOINTS, endpoint, command)
    status = "removed" if state.ended else state.status
    return Answer(200, {"id": endpoint, "status": status}, etag=transaction.version(endpoint))


async def shown(desk: Desk, endpoint: Endpoint) -> dict[str, Json]:
    """An endpoint as its owner sees it."""
    facts = endpoint.facts
    told = facts.model_dump(mode="json", exclude={"community", "units", "details", "after"})
    return {
        **told,
        "id": endpoint.id,
        "status": endpoint.state.status,
        "reason": endpoint.state.reason,
        "host": await host_of(desk, endpoint),
        "registered_at": endpoint.since,
    }
