"""Endpoints: registered by those who listen there, and shown to them."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, StringConstraints

from services.notify.api import shapes
from services.notify.api.desk import Desk, DeskOf, Reader, Writer, endpoint_for, endpoints_for
from services.notify.domain.endpoint import ENDPOINT, URL_LENGTH, RegisterEndpoint
from services.notify.endpoints import Endpoint
from services.notify.signing import new_secret
from shared.events.index import decode
from shared.folds.record import Record
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.decider import require
from shared.kernel.event import Event
from shared.runtime.execute import Aggregate, Transaction
from shared.runtime.http.bodies import Body
from shared.runtime.http.calls import CommandsOf, json_response
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.paging import Page, page_response
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id, new_id

router = APIRouter(prefix="/v1/endpoints", tags=["endpoints"], route_class=Route)
ENDPOINTS: Aggregate[RegisterEndpoint, Record, Event] = Aggregate(ENDPOINT, decode)

_UNKNOWN_UNIT = (
    "notify knows no unit with this id: look it up in registry; if it is new, send what Linli-Position said "
    "of it as Linli-After"
)

EventType = Annotated[str, StringConstraints(pattern=r"^(\*|[a-z][a-z-]{0,59})$")]


class EndpointBody(Body):
    """Where a unit listens, and for what."""

    unit: Id = Field(examples=["unit-health-centre"])
    url: str = Field(min_length=1, max_length=URL_LENGTH, examples=["https://partner.example/webhooks"])
    events: list[EventType] = Field(
        min_length=1, max_length=50, description="event types, or `*` for all", examples=[["*"]]
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
    """201 with `id` and `secret`. The secret is shown here only; a repeat shows null. 422 `unknown-unit`,
    `url-not-allowed`, `unknown-event-type`; 404 for another unit's client."""
    if not principal.sees((body.unit,)):
        raise not_found()
    endpoint, secret = new_id("endpoint"), new_secret()

    async def work(transaction: Transaction) -> Answer:
        # A unit's own client is proof that the unit is there, whether or not it was heard of here.
        known = principal.unit == body.unit or await desk.units.known(body.unit)
        require(known, "unknown-unit", _UNKNOWN_UNIT)
        command = RegisterEndpoint(
            community=min(principal.communities),
            unit=body.unit,
            url=body.url,
            events=tuple(body.events),
            details=transaction.seal(endpoint, {"url": body.url, "secret": secret}),
            existing=await desk.endpoints.count(body.unit),
            allowed=desk.allowed,
        )
        await transaction.begin(ENDPOINTS, endpoint, command)
        return Answer(201, {"id": endpoint, "secret": None}, f"/v1/endpoints/{endpoint}", 1)

    async with desk.endpoints.registering(body.unit, endpoint):
        return await commands.run(request, principal, work, lambda: {"secret": secret})


@router.get("", summary="Endpoints", responses=answers(listed(shapes.Endpoint)))
async def endpoints(
    request: Request, page: Annotated[Page, Query()], principal: Reader, desk: DeskOf
) -> Response:
    """By id; for a unit's client its own. Of the URL only the host is shown."""
    after = page.after() or ""
    found = [each for each in await endpoints_for(desk, principal) if each.id > after]
    items = [await _shown(desk, each) for each in found[: page.limit]]
    return page_response(request, items, found[page.limit - 1].id if len(found) > page.limit else None)


@router.get("/{endpoint}", summary="One endpoint", responses=answers(shapes.Endpoint, headers=[ETAG]))
async def one(endpoint: str, principal: Reader, desk: DeskOf) -> Response:
    """404 for a unit's client that asks for another unit's."""
    return json_response(await _shown(desk, await endpoint_for(desk, endpoint, principal)), etag=1)


async def _shown(desk: Desk, endpoint: Endpoint) -> dict[str, Json]:
    target = await desk.endpoints.target(endpoint)
    return {
        "id": endpoint.id,
        "unit": endpoint.unit,
        "events": [*endpoint.events],
        "host": urlsplit(target.url).hostname,
        "registered_at": endpoint.since,
    }
