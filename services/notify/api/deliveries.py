"""Deliveries: what was sent to whom, and what came of it."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.notify.api import shapes
from services.notify.api.desk import DeskOf, Reader, endpoint_for, endpoints_for
from services.notify.ledger import UNTRIED, Place, Wanted
from services.notify.records import STATES, State
from shared.kernel.times import Time, format_time, parse_time
from shared.runtime.http.calls import json_response
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.paging import Page, page_response
from shared.runtime.http.problems import Problem, not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id

router = APIRouter(prefix="/v1", tags=["deliveries"], route_class=Route)

_PLACE = re.compile(
    r"^(endpoint-[a-z0-9-]{1,80})\|([1-4])\|(~|[0-9]{4}-[0-9]{2}-[0-9T:.]{15}Z)\|([0-9]{12})$"
)


class DeliveriesPage(Page):
    """Which deliveries."""

    endpoint: Id | None = None
    state: State | None = None
    event: str | None = None
    since: Time | None = None
    until: Time | None = None


@router.get("/deliveries", summary="Deliveries", responses=answers(listed(shapes.Delivery)))
async def deliveries(
    request: Request, page: Annotated[DeliveriesPage, Query()], principal: Reader, desk: DeskOf
) -> Response:
    """Endpoint by endpoint: what is pending (not tried yet, then tried in vain), then given up, delivered,
    cancelled, each with the latest last.
    `since` and `until` are about the time of the next attempt, or of what came of it; `event` is the id of
    one. A delivery that moves on meanwhile can be shown twice, and is not missed. A unit's client sees its
    own."""
    if page.endpoint is None:
        endpoints = endpoints_for(desk, principal)
    else:
        endpoints = [await endpoint_for(desk, page.endpoint, principal)]
    if page.event is not None:
        found = [await desk.ledger.one(endpoint, page.event) for endpoint in endpoints]
        entries = [entry for entry in found if entry is not None]
        shown = [each.shown for each in entries if page.state in (None, each.place.state)]
        return page_response(request, shown, None)
    wanted = Wanted(
        STATES if page.state is None else [page.state],
        None if page.since is None else format_time(page.since),
        None if page.until is None else format_time(page.until),
    )
    entries = await desk.ledger.page(endpoints, wanted, _place(page.after()), page.limit + 1)
    shown = [entry.shown for entry in entries[: page.limit]]
    following = _cursor(entries[page.limit - 1].place) if len(entries) > page.limit else None
    return page_response(request, shown, following)


@router.get(
    "/endpoints/{endpoint}/deliveries/{event}",
    summary="One delivery, with its attempts",
    responses=answers(shapes.OneDelivery),
)
async def one(endpoint: str, event: str, principal: Reader, desk: DeskOf) -> Response:
    """Each attempt that is on record: its status, why it failed, how long it took, and the first 16 KiB of
    the answer."""
    found = await endpoint_for(desk, endpoint, principal)
    entry = await desk.ledger.one(found, event)
    if entry is None:
        raise not_found()
    made = await desk.ledger.attempts(found, entry.place.number)
    return json_response({**entry.shown, "made": made})


def _cursor(place: Place) -> str:
    return f"{place.endpoint}|{STATES.index(place.state) + 1}|{place.moment}|{place.number:012d}"


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    match = _PLACE.match(cursor)
    if match is None or not (match[3] == UNTRIED or _is_moment(match[3])):
        raise Problem(400, "invalid-cursor", "this is no cursor; send what `next` said")
    return Place(match[1], STATES[int(match[2]) - 1], match[3], int(match[4]))


def _is_moment(text: str) -> bool:
    try:
        return bool(parse_time(text))
    except ValueError:
        return False
