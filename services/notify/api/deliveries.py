"""Deliveries: what was sent to whom, and what came of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.notify.api import shapes
from services.notify.api.desk import Desk, DeskOf, Reader, endpoint_for, endpoints_for
from services.notify.deliveries import STATES, State, Stretch
from services.notify.endpoints import Endpoint
from services.notify.engine.sender import FAR_S
from shared.kernel.canonical import Json
from shared.kernel.times import format_time, later, parse_time
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.paging import Page, page_response
from shared.runtime.http.problems import Problem
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id
from shared.runtime.mongo import Document

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"], route_class=Route)

_PLACE = re.compile(
    r"^(endpoint-[a-z0-9-]{1,80})\|([1-3])\|([0-9]{4}-[0-9]{2}-[0-9T:.]{15}Z)\|([0-9a-f-]{36})$"
)
_SHOWN = (
    *("event", "type", "endpoint", "unit", "state", "attempts"),
    *("next_at", "last_status", "last_error", "delivered_at", "created_at"),
)


class DeliveriesPage(Page):
    """Which deliveries."""

    endpoint: Id | None = None
    state: State | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page ended: the delivery shown last."""

    endpoint: str
    state: State
    after: str


@router.get("", summary="Deliveries", responses=answers(listed(shapes.Delivery)))
async def deliveries(
    request: Request, page: Annotated[DeliveriesPage, Query()], principal: Reader, desk: DeskOf
) -> Response:
    """Endpoint by endpoint: what is pending, then given up, then delivered, each with the latest last.
    A delivery that moves on meanwhile can be shown twice, and is not missed. A unit's client sees its own."""
    if page.endpoint is None:
        endpoints = await endpoints_for(desk, principal)
    else:
        endpoints = [await endpoint_for(desk, page.endpoint, principal)]
    states = STATES if page.state is None else [page.state]
    stretches = _stretches(endpoints, states, _place(page.after()))
    found = await _first(desk, stretches, page.limit + 1)
    shown = found[: page.limit]
    following = str(shown[-1]["place"]) if len(found) > page.limit else None
    return page_response(request, [_shown(document) for document in shown], following)


def _stretches(endpoints: Sequence[Endpoint], states: Sequence[State], place: _Place | None) -> list[Stretch]:
    """What there is to show, in order, behind `place`."""
    now = format_time(datetime.now(UTC))
    ahead = later(now, FAR_S)
    stretches = []
    for endpoint in endpoints:
        for state in states:
            after = endpoint.oldest
            if place is not None:
                here, there = (endpoint.id, STATES.index(state)), (place.endpoint, STATES.index(place.state))
                if here < there:
                    continue
                after = max(after, place.after) if here == there else after
            stretches.append(Stretch(endpoint.id, state, after, ahead if state == "pending" else now))
    return stretches


async def _first(desk: Desk, stretches: Sequence[Stretch], limit: int) -> list[Document]:
    found: list[Document] = []
    for stretch in stretches:
        if len(found) < limit:
            found += await desk.deliveries.shown(stretch, limit - len(found))
    return found


def _place(cursor: str | None) -> _Place | None:
    if cursor is None:
        return None
    match = _PLACE.match(cursor)
    if match is None or not _is_moment(match[3]):
        raise Problem(400, "invalid-cursor", "this is no cursor; send what `next` said")
    return _Place(match[1], STATES[int(match[2]) - 1], f"{match[3]}|{match[4]}")


def _is_moment(text: str) -> bool:
    try:
        return bool(parse_time(text))
    except ValueError:
        return False


def _shown(document: Document) -> dict[str, Json]:
    return {name: document.get(name) for name in _SHOWN}
