"""Reports: what a unit tells the community office, by itself or in answer to a bulletin."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from services.notify.api import bulletin_shapes as shapes
from services.notify.api.bulletins import (
    BULLETINS,
    BulletinAnswerer,
    BulletinReader,
    BulletinsOf,
    BulletinsPage,
    BulletinWriter,
    community_for,
    unit_of,
    wanted_by,
)
from services.notify.bulletins import Bulletins
from services.notify.domain.bulletin import REPORTS as DECIDER
from services.notify.domain.bulletin import NoteReading, Submit
from shared.events.index import decode
from shared.folds.bulletin import Bulletin, Report
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, require
from shared.kernel.event import Event
from shared.runtime.access import Principal
from shared.runtime.execute import Aggregate, Transaction
from shared.runtime.http.calls import CommandsOf, json_response
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.paging import page_response
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id, new_id
from shared.runtime.mongo import Document

router = APIRouter(prefix="/v1/reports", tags=["bulletins"], route_class=Route)

REPORTS: Aggregate[Submit | NoteReading, Report, Event] = Aggregate(DECIDER, decode)


class ReportsPage(BulletinsPage):
    """Which reports."""

    unread: bool | None = Field(None, description="true: those that nobody of the community office has read")
    unit: Id | None = None
    bulletin: Id | None = None


@router.post(
    "", status_code=201, summary="Report to the community office", responses=answers(shapes.Recorded, 201)
)
async def submit(
    body: shapes.ReportBody, request: Request, principal: BulletinAnswerer, commands: CommandsOf
) -> Response:
    """201 with its `id`. 422 `unknown-bulletin` if the unit was sent no such bulletin, or it was withdrawn;
    `unknown-community`; 403 `units-only` for staff."""
    unit, report = unit_of(principal), new_id("report")

    async def work(transaction: Transaction) -> Answer:
        answered = Bulletin() if body.bulletin is None else await transaction.load(BULLETINS, body.bulletin)
        command = Submit(
            community=community_for(principal, body.community),
            unit=unit,
            client=principal.client,
            details=transaction.seal(report, body.words()),
            answers=body.bulletin,
            answered=answered,
        )
        await transaction.begin(REPORTS, report, command)
        return Answer(201, {"id": report}, f"/v1/reports/{report}", 1)

    return await commands.run(request, principal, work)


@router.get("", summary="Reports, the newest first", responses=answers(listed(shapes.ReportRow)))
async def reports(
    request: Request, page: Annotated[ReportsPage, Query()], principal: BulletinReader, bulletins: BulletinsOf
) -> Response:
    """For a unit's client its own. Their titles, without the text. 404 for another unit's id."""
    if page.unit is not None and not principal.sees((page.unit,)):
        raise not_found()
    wanted = replace(wanted_by(page, principal), unit=page.unit or principal.unit, bulletin=page.bulletin)
    await bulletins.caught_up()
    found = await bulletins.reports(wanted, page.limit + 1)
    rows = found[: page.limit]
    words = await bulletins.words(rows)
    items = [_row(row, words.get(row["details"])) for row in rows]
    return page_response(request, items, rows[-1]["_id"] if len(found) > page.limit else None)


@router.get("/{report}", summary="One report", responses=answers(shapes.Report, headers=[ETAG]))
async def one(report: str, principal: BulletinReader, bulletins: BulletinsOf) -> Response:
    """With its text. 404 for another unit's client."""
    document = await _document_for(bulletins, report, principal)
    words = (await bulletins.words([document])).get(document["details"])
    text = None if words is None else words["text"]
    return json_response({**_row(document, words), "text": text}, etag=document["version"])


@router.post("/{report}/read", summary="Say that it was read", responses=answers(shapes.Recorded))
async def read(report: str, request: Request, principal: BulletinWriter, commands: CommandsOf) -> Response:
    """200, as often as it is said; the first time counts, and the unit hears `report-read`."""

    async def work(transaction: Transaction) -> Answer:
        submitted = (await transaction.load(REPORTS, report)).submitted
        require(
            submitted is not None and submitted.community in principal.communities, "not-found", NOT_FOUND
        )
        await transaction.decide(REPORTS, report, NoteReading())
        return Answer(200, {"id": report}, etag=transaction.version(report))

    return await commands.run(request, principal, work)


async def _document_for(bulletins: Bulletins, id: str, principal: Principal) -> Document:
    await bulletins.caught_up()
    document = await bulletins.report(id)
    if document is None or document["community"] not in principal.communities:
        raise not_found()
    if not principal.sees((document["unit"],)):
        raise not_found()
    return document


def _row(document: Document, words: dict[str, Json] | None) -> dict[str, Json]:
    return {
        "id": document["_id"],
        "submitted_at": document["at"],
        "title": None if words is None else words["title"],
        **{name: document.get(name) for name in ("community", "unit", "client", "bulletin", "read_at")},
    }
