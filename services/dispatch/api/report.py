"""Everything that dispatch keeps about a resident, for the resident (PIPL art. 45, GDPR art. 15)."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from services.dispatch.aggregates import REQUESTS
from services.dispatch.api import report_shapes
from services.dispatch.api.attached import attached
from services.dispatch.api.attached import shown as attachments_shown
from services.dispatch.api.desk import DeskOf, DetailsReader
from services.dispatch.api.shown import request_shown
from shared.events.details import DetailsViewed
from shared.kernel.canonical import Json
from shared.runtime.http.calls import POSITION, CommandsOf
from shared.runtime.http.details import show_on_record
from shared.runtime.http.openapi import answers
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1/residents", tags=["privacy"], route_class=Route)


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
    await desk.catch_up()
    for id in (row.id for person in persons for row in desk.requests.of_resident(person)):
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
