"""Everything that dispatch keeps about a resident, for the resident (PIPL art. 45, GDPR art. 15)."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from services.dispatch.aggregates import REQUESTS
from services.dispatch.api import report_shapes
from services.dispatch.api.attached import attached
from services.dispatch.api.attached import shown as attachments_shown
from services.dispatch.api.desk import Desk, DeskOf, DetailsReader
from services.dispatch.api.shown import request_shown
from shared.events.details import DetailsViewed
from shared.kernel.canonical import Json
from shared.runtime.http.calls import POSITION, CommandsOf
from shared.runtime.http.details import show_on_record
from shared.runtime.http.openapi import answers
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1/residents", tags=["privacy"], route_class=Route)

PAGE = 500
CATCH_UP_S = 2.0


@router.get(
    "/{resident}/report",
    summary="Everything that dispatch keeps about a resident",
    responses=answers(report_shapes.ResidentReport, headers=[POSITION]),
)
async def report(
    resident: str, request: Request, principal: DetailsReader, desk: DeskOf, commands: CommandsOf
) -> Response:
    """The resident's requests with their visits and the list of their attachments, and in clear what was said
    and where somebody was. The reading is recorded as `details-viewed` for the purpose `report`. 410 after an
    erasure."""
    if principal.unit is not None:
        raise not_found()
    facts, persons = await desk.directory.person(resident, principal.communities)
    transaction = commands.read(request, principal)
    items: list[Json] = []
    count = 0
    for id in await _requests_of(desk, persons, facts.community):
        state = await transaction.load(REQUESTS, id)
        if state.created is None:
            continue
        kept = await desk.service.sealed.read_many(state.details)
        details: list[Json] = [kept[digest] for digest in state.details if digest in kept]
        count += len(details)
        shown = request_shown(id, state, transaction.version(id), principal)
        files = attached(await desk.service.store.stream(id), principal)
        listed = await attachments_shown(files, desk.service.sealed.files)
        told: dict[str, Json] = {"details": details, "attachments": listed}
        items.append({**shown, "created_at": transaction.began(id), **told})
    viewed = DetailsViewed(community=facts.community, subject=resident, purpose="report", count=count)
    return await show_on_record(request, principal, commands, viewed, {"id": resident, "items": items})


async def _requests_of(desk: Desk, persons: tuple[str, ...], community: str) -> list[str]:
    """The ids of all requests of `persons`, found by looking at all that there are, page by page."""
    head = await desk.service.store.head()
    for follower in desk.service.followers:
        if desk.service.name in follower.sources:
            await follower.wait_for(desk.service.name, head, CATCH_UP_S)
    found: list[str] = []
    for person in persons:
        place: str | None = ""
        while place is not None:
            rows, place = desk.requests.page(place, PAGE, {"resident": person}, [community])
            found += [str(row["id"]) for row in rows]
            await asyncio.sleep(0)  # others are served in between
    return found
