"""The list of requests."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.dispatch.api import shapes
from services.dispatch.api.desk import DeskOf, Reader
from shared.events.dispatch import Priority
from shared.folds.request import Status
from shared.runtime.http.bodies import Code
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.paging import Page, page_response, place_of
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id

router = APIRouter(prefix="/v1/requests", tags=["requests"], route_class=Route)


class RequestsPage(Page):
    """Which requests."""

    status: Status | None = None
    service: Id | None = None
    grid: Code | None = None
    unit: Id | None = None
    priority: Priority | None = None


@router.get("", summary="Requests, oldest first", responses=answers(listed(shapes.RequestRow)))
async def list_requests(
    request: Request, page: Annotated[RequestsPage, Query()], principal: Reader, desk: DeskOf
) -> Response:
    """For a unit's client, those that concern its unit; another unit's id is 404."""
    if principal.unit is not None and page.unit not in (None, principal.unit):
        raise not_found()
    only = {
        "status": page.status,
        "service": page.service,
        "grid": page.grid,
        "priority": page.priority,
        "units": principal.unit or page.unit,
    }
    wanted = {name: value for name, value in only.items() if value is not None}
    after = place_of(page.after())
    items, following = desk.requests.page(after, page.limit, wanted, principal.communities)
    if principal.unit is not None:
        for item in items:
            item["units"] = [principal.unit]
            for name in ("resident", "volunteers", "responsible", "coordinator"):
                item.pop(name, None)
            item["volunteers"] = []
    return page_response(request, items, following)
