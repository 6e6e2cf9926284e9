"""Consumers: a unit fetches what is in its box, and how far it has come is kept here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from services.notify.api import inbox_shapes as shapes
from services.notify.api.desk import DeskOf, Reader, Writer
from services.notify.api.inbox import (
    Asked,
    Boxes,
    BoxesOf,
    OwnerQuery,
    TypesQuery,
    Wait,
    box_of,
    found_for,
    page_of,
)
from services.notify.consumers import NAME, Consumer
from shared.kernel.canonical import Json
from shared.kernel.times import format_time
from shared.runtime.http.calls import json_response
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.paging import MAX_LIMIT
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1/consumers", tags=["inbox"], route_class=Route)


class ConsumerQuery(OwnerQuery, TypesQuery):
    """How much at once."""

    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="how many at the most")
    wait: Wait = 0


@router.get("", summary="Consumers of a box", responses=answers(listed(shapes.Consumer)))
async def consumers(
    query: Annotated[OwnerQuery, Query()], principal: Reader, desk: DeskOf, boxes: BoxesOf
) -> Response:
    """By name; all on one page. 422 `unit-missing`."""
    box = await box_of(query.unit, principal, desk)
    end = await boxes.inbox.end(box)
    items = [_shown(each, end) for each in await boxes.consumers.of_box(box)]
    return json_response({"items": items, "next": None})


@router.put("/{name}", summary="Have a consumer", responses=answers(shapes.Consumer))
async def have(
    name: Annotated[str, Path(pattern=NAME)],
    query: Annotated[OwnerQuery, Query()],
    principal: Writer,
    desk: DeskOf,
    boxes: BoxesOf,
    body: shapes.StartBody | None = None,
) -> Response:
    """200, made or there already; one that is there stays where it stands. 409 `too-many-consumers`."""
    box = await box_of(query.unit, principal, desk)
    end = await boxes.inbox.end(box)
    start = end if body is not None and body.start == "now" else await desk.messages.floor(box)
    made = await boxes.consumers.create(box, name, start, desk.service.clock())
    return json_response(_shown(made, end))


@router.get("/{name}", summary="One consumer", responses=answers(shapes.Consumer))
async def one(
    name: str, query: Annotated[OwnerQuery, Query()], principal: Reader, desk: DeskOf, boxes: BoxesOf
) -> Response:
    """404 for another unit's."""
    found = await _consumer_for(name, await box_of(query.unit, principal, desk), boxes)
    return json_response(_shown(found, await boxes.inbox.end(found.box)))


@router.get(
    "/{name}/messages",
    summary="What a consumer has not done with",
    responses=answers(shapes.ConsumerMessages),
)
async def behind(
    name: str,
    request: Request,
    query: Annotated[ConsumerQuery, Query()],
    principal: Reader,
    desk: DeskOf,
    boxes: BoxesOf,
) -> Response:
    """As `GET /v1/messages`. It moves nothing: asked again, it gives the same again."""
    consumer = await _consumer_for(name, await box_of(query.unit, principal, desk), boxes)
    types = query.patterns(consumer.box)
    asked = Asked(consumer.box, consumer.number, query.limit, types, query.wait)
    found = await found_for(request, principal, desk, boxes.inbox, asked)
    return page_of(found, {"after": consumer.number})


@router.post("/{name}/position", summary="Move a consumer on, or back", responses=answers(shapes.Consumer))
async def move(
    name: str,
    body: shapes.PositionBody,
    query: Annotated[OwnerQuery, Query()],
    principal: Writer,
    desk: DeskOf,
    boxes: BoxesOf,
) -> Response:
    """On: all up to there is done with. Back: it gets what is behind that once more. 409 `position-moved` if
    it is not where it was `expected`, unless it is there already; `position-ahead` for a number that is not
    there yet."""
    box = await box_of(query.unit, principal, desk)
    number = body.number
    if number is not None:
        await boxes.inbox.check(box, number)
    elif body.time is not None:
        number = await boxes.inbox.number_before(box, format_time(body.time))
    assert number is not None
    moved = await boxes.consumers.move(box, name, number, body.expected, desk.service.clock())
    if moved is None:
        raise not_found()
    return json_response(_shown(moved, await boxes.inbox.end(box)))


@router.delete("/{name}", summary="Delete a consumer", responses=answers(shapes.Deleted))
async def delete(
    name: str, query: Annotated[OwnerQuery, Query()], principal: Writer, desk: DeskOf, boxes: BoxesOf
) -> Response:
    """200; no message goes by it."""
    if not await boxes.consumers.delete(await box_of(query.unit, principal, desk), name):
        raise not_found()
    return json_response({"name": name, "status": "deleted"})


async def _consumer_for(name: str, box: str, boxes: Boxes) -> Consumer:
    found = await boxes.consumers.get(box, name)
    if found is None:
        raise not_found()
    return found


def _shown(consumer: Consumer, end: int) -> dict[str, Json]:
    return {
        "name": consumer.name,
        "recipient": consumer.box,
        "position": consumer.number,
        "behind": max(end - consumer.number, 0),
        "created_at": consumer.created_at,
        "moved_at": consumer.moved_at,
    }
