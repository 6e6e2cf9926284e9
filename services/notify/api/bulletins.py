"""Bulletins: what the community office tells its partner units, and who of them has read it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, Security
from pydantic import Field

from services.notify.api import bulletin_shapes as shapes
from services.notify.bulletins import Bulletins, Wanted
from services.notify.domain.bulletin import BULLETIN, Acknowledge, Command, Publish, Withdraw
from shared.events.index import decode
from shared.folds.bulletin import Bulletin
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, Refused, require
from shared.kernel.event import Event
from shared.kernel.times import Time, format_time
from shared.runtime.access import Principal, bearer
from shared.runtime.execute import Aggregate, Transaction
from shared.runtime.http.calls import CommandsOf, json_response
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.paging import Page, page_response
from shared.runtime.http.problems import Problem, not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import new_id
from shared.runtime.mongo import Document

router = APIRouter(prefix="/v1/bulletins", tags=["bulletins"], route_class=Route)

BULLETINS: Aggregate[Command, Bulletin, Event] = Aggregate(BULLETIN, decode)
UNITS_ONLY = "a unit says this by a client of its own: POST /v1/units/{unit}/clients of registry makes one"
UNKNOWN_COMMUNITY = "name one of the communities that the token is for"

BulletinReader = Annotated[Principal, Security(bearer, scopes=["bulletins:read"])]
BulletinWriter = Annotated[Principal, Security(bearer, scopes=["bulletins:write"])]
BulletinAnswerer = Annotated[Principal, Security(bearer, scopes=["bulletins:answer"])]


async def _kept(request: Request) -> Bulletins:
    bulletins: Bulletins = request.app.state.bulletins
    return bulletins


BulletinsOf = Annotated[Bulletins, Depends(_kept)]


class BulletinsPage(Page):
    """Which bulletins."""

    unread: bool | None = Field(
        None,
        description="true: those in force that the unit has not read, for staff some unit; false: others",
    )
    start: Time | None = Field(None, alias="from", description="published then or later")
    to: Time | None = Field(None, description="published before")


def wanted_by(page: BulletinsPage, principal: Principal) -> Wanted:
    """What `page` asks for, as far as this caller sees it."""
    start = None if page.start is None else format_time(page.start)
    end = None if page.to is None else format_time(page.to)
    return Wanted(principal.communities, principal.unit, page.after(), page.unread, start, end)


def community_for(principal: Principal, asked: str | None) -> str:
    """The community that something new is for. Raises Refused `unknown-community`."""
    if asked is None and len(principal.communities) == 1:
        return min(principal.communities)
    if asked is None or asked not in principal.communities:
        raise Refused("unknown-community", UNKNOWN_COMMUNITY)
    return asked


def unit_of(principal: Principal) -> str:
    """The unit that the caller speaks for. Raises Problem 403 if it speaks for none."""
    if principal.unit is None:
        raise Problem(403, "units-only", UNITS_ONLY)
    return principal.unit


async def bulletin_for(transaction: Transaction, id: str, principal: Principal) -> Bulletin:
    """The bulletin, if it is there for this caller. Raises Refused `not-found`."""
    bulletin = await transaction.load(BULLETINS, id)
    published = bulletin.published
    there = (
        published is not None
        and published.community in principal.communities
        and (principal.unit is None or bulletin.is_for(principal.unit))
    )
    require(there, "not-found", NOT_FOUND)
    return bulletin


@router.post("", status_code=201, summary="Publish a bulletin", responses=answers(shapes.Published, 201))
async def publish(
    body: shapes.BulletinBody,
    request: Request,
    principal: BulletinWriter,
    bulletins: BulletinsOf,
    commands: CommandsOf,
) -> Response:
    """201 with its `id`; its units hear `bulletin-published`, and ask for the text. What goes to all is shown
    to units that join later too, while it is in force. 422 `unknown-unit`, `unknown-community`, `not-later`
    for a `reply_by` that is over; 409 `unit-without-agreement`, `too-many-units`."""
    bulletin = new_id("bulletin")

    async def work(transaction: Transaction) -> Answer:
        community = community_for(principal, body.community)
        known, entitled = await bulletins.known_units(community)
        command = Publish(
            community=community,
            units=None if body.units is None else tuple(body.units),
            urgent=body.urgent,
            reply_by=body.reply_by,
            details=transaction.seal(bulletin, body.words()),
            known=known,
            entitled=entitled,
            now=transaction.context.now,
        )
        published = (await transaction.begin(BULLETINS, bulletin, command)).published
        assert published is not None
        answer: dict[str, Json] = {"id": bulletin, "addressed": len(published.units)}
        return Answer(201, answer, f"/v1/bulletins/{bulletin}", 1)

    return await commands.run(request, principal, work)


@router.get("", summary="Bulletins, the newest first", responses=answers(listed(shapes.BulletinRow)))
async def bulletins(
    request: Request,
    page: Annotated[BulletinsPage, Query()],
    principal: BulletinReader,
    bulletins: BulletinsOf,
) -> Response:
    """For a unit's client those that went to it, withdrawn ones included, and those in force that went to all
    before it joined. Their titles, without the text."""
    wanted = wanted_by(page, principal)
    await bulletins.caught_up()
    found = await bulletins.bulletins(wanted, page.limit + 1)
    rows = found[: page.limit]
    words = await bulletins.words(rows)
    items = [_row(row, principal, words.get(row["details"])) for row in rows]
    return page_response(request, items, rows[-1]["_id"] if len(found) > page.limit else None)


@router.get("/{bulletin}", summary="One bulletin", responses=answers(shapes.Bulletin, headers=[ETAG]))
async def one(bulletin: str, principal: BulletinReader, bulletins: BulletinsOf) -> Response:
    """With its text. 404 for a unit's client to which it did not go."""
    document = await _document_for(bulletins, bulletin, principal)
    words = (await bulletins.words([document])).get(document["details"])
    text = None if words is None or _is_hidden(document, principal) else words["text"]
    return json_response({**_row(document, principal, words), "text": text}, etag=document["version"])


@router.post("/{bulletin}/read", summary="Say that it was read", responses=answers(shapes.Recorded))
async def read(
    bulletin: str, request: Request, principal: BulletinAnswerer, commands: CommandsOf
) -> Response:
    """200, as often as it is said; the first time counts. 403 `units-only` for staff; 404 for a unit to which
    it did not go; 409 `bulletin-withdrawn`."""
    unit = unit_of(principal)

    async def work(transaction: Transaction) -> Answer:
        await bulletin_for(transaction, bulletin, principal)
        await transaction.decide(BULLETINS, bulletin, Acknowledge(unit, principal.client))
        return Answer(200, {"id": bulletin}, etag=transaction.version(bulletin))

    return await commands.run(request, principal, work)


@router.get(
    "/{bulletin}/receipts",
    summary="Who has read it, and who has not",
    responses=answers(shapes.Receipts, headers=[ETAG]),
)
async def receipts(bulletin: str, principal: BulletinWriter, bulletins: BulletinsOf) -> Response:
    """Which units have read it and when; which of those that it went to have not."""
    document = await _document_for(bulletins, bulletin, principal)
    found = [{"unit": unit, **receipt} for unit, receipt in document["read"].items()]
    found.sort(key=lambda receipt: (receipt["at"], receipt["unit"]))
    shown = {"id": bulletin, "read": found, "unread": sorted(document["waiting"])}
    return json_response(shown, etag=document["version"])


@router.post("/{bulletin}/withdraw", summary="Withdraw a bulletin", responses=answers(shapes.Recorded))
async def withdraw(
    bulletin: str,
    body: shapes.WithdrawBody,
    request: Request,
    principal: BulletinWriter,
    commands: CommandsOf,
) -> Response:
    """200; its units hear `bulletin-withdrawn`, and are shown title and text no more. With `personal-data`
    they are deleted for good, also if it was withdrawn for another reason before; else the first reason
    stays."""

    async def work(transaction: Transaction) -> Answer:
        await bulletin_for(transaction, bulletin, principal)
        await transaction.decide(BULLETINS, bulletin, Withdraw(body.reason))
        return Answer(200, {"id": bulletin}, etag=transaction.version(bulletin))

    return await commands.run(request, principal, work)


async def _document_for(bulletins: Bulletins, id: str, principal: Principal) -> Document:
    await bulletins.caught_up()
    document = await bulletins.bulletin(id)
    if document is None or document["community"] not in principal.communities:
        raise not_found()
    told = principal.unit in document["units"] or (document["to_all"] and "withdrawn" not in document)
    if principal.unit is not None and not told:
        raise not_found()
    return document


def _is_hidden(document: Document, principal: Principal) -> bool:
    return principal.unit is not None and "withdrawn" in document


def _row(document: Document, principal: Principal, words: dict[str, Json] | None) -> dict[str, Json]:
    hidden = words is None or _is_hidden(document, principal)
    shown: dict[str, Json] = {
        "id": document["_id"],
        "status": "withdrawn" if "withdrawn" in document else "in-force",
        "published_at": document["at"],
        "title": None if hidden or words is None else words["title"],
        **{name: document.get(name) for name in ("community", "to_all", "urgent", "reply_by")},
        **{name: document.get(name) for name in ("withdrawn", "withdrawn_at")},
    }
    if principal.unit is not None:
        return {**shown, "read_at": document.get("read", {}).get(principal.unit, {}).get("at")}
    addressed, unread = len(document["units"]), len(document["waiting"])
    counts: Json = {"addressed": addressed, "read": addressed - unread, "unread": unread}
    return {**shown, "units": document["units"], "counts": counts}
