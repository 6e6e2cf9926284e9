"""The list of requests."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from services.dispatch.api import shapes
from services.dispatch.api.choices import ChoiceQuery, choice_of, row_shown
from services.dispatch.api.desk import DeskOf, OwnReader
from services.dispatch.shelves import Sort
from shared.folds.request import Status
from shared.folds.request_state import ENDED
from shared.kernel.times import Time
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.paging import Page, page_response
from shared.runtime.http.problems import Problem
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1/requests", tags=["requests"], route_class=Route)

_KEYS = {
    "created": re.compile(r"\d{12}\.\d{4}"),
    "due": re.compile(r"(~|\d{4}-\d\d-\d\dT[\d:.]{8,12}Z) \d{12}\.\d{4}"),
}
"""What the cursors of each order stand for."""
_OPEN: frozenset[str] = frozenset({"received", "triaged", "assigned", "in-service", "referred", "on-hold"})
_OVER: frozenset[str] = ENDED


class RequestsPage(Page, ChoiceQuery):
    """Which requests, in which order."""

    status: Status | None = None
    open: bool | None = Field(None, description="true: those that are not over; false: those that are")
    due_before: Time | None = Field(None, description="due earlier; those without a due time are left out")
    due_after: Time | None = Field(None, description="due then or later")
    sort: Sort = Field("created", description="oldest first, or `due`: those without a due time come last")


@router.get("", summary="Requests, by what they are", responses=answers(listed(shapes.RequestRow)))
async def list_requests(
    request: Request, page: Annotated[RequestsPage, Query()], principal: OwnReader, desk: DeskOf
) -> Response:
    """For a unit's client, those that concern its unit; another unit's id is 404. 403 `staff-only` if it asks
    by `team` or `coordinator`. For a volunteer's client those by which it is asked to go, goes, or went. A
    page may be short and still not be the last."""
    choice = await choice_of(page, principal, desk, _statuses(page), page.due_before, page.due_after)
    rows, following = desk.requests.page(choice, page.limit, page.sort, _key(page))
    return page_response(request, [row_shown(row, principal) for row in rows], following)


def _statuses(page: RequestsPage) -> frozenset[str] | None:
    if page.open is None:
        return None if page.status is None else frozenset({page.status})
    among = _OPEN if page.open else _OVER
    return among if page.status is None else among & {page.status}


def _key(page: RequestsPage) -> str:
    """What the cursor stands for. Raises Problem 400 if it is none of this order."""
    key = page.after()
    if key is None:
        return ""
    if _KEYS[page.sort].fullmatch(key) is None:
        raise Problem(400, "invalid-cursor", "this is no cursor of this order; send what `next` said")
    return key
