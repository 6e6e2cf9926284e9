"""The committee's seats: two deputy secretaries and six members, each a person of a unit, for a term."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from services.registry.api import agreement_shapes, shapes
from services.registry.api.agreement_bodies import SeatBody
from services.registry.api.bodies import EndBody
from services.registry.api.lists import Admin, Reader, RecordsPage, page_of
from services.registry.api.persons import DetailsReader, PurposeQuery, show_details
from services.registry.api.records import community_for, may_reach, must_exist
from services.registry.api.units import UNKNOWN_UNIT
from services.registry.domain.seat import SEAT, SEATS, Command, Fill, Vacate, is_free
from shared.events.index import decode
from shared.events.registry import SeatFilled, SeatVacated, UnitRegistered
from shared.folds.record import Record
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, Refused, require
from shared.kernel.event import Event
from shared.runtime.access import Principal
from shared.runtime.execute import Aggregate, Transaction
from shared.runtime.http.calls import POSITION, CommandsOf
from shared.runtime.http.openapi import answers, listed
from shared.runtime.http.problems import not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id
from shared.runtime.service import Service

router = APIRouter(prefix="/v1/seats", tags=["committee"], route_class=Route)

COMMITTEE: Aggregate[Command, Record, Event] = Aggregate(SEAT, decode)

NO_SUCH_SEAT = "there is no such seat: a committee has two deputy secretaries and six members"
NONE_FREE = "somebody holds each seat of this kind; have one vacated first"


class SeatsPage(RecordsPage):
    """Which seats."""

    unit: Id | None = None
    seat: Literal["deputy-secretary", "member"] | None = None


@router.get("", summary="The committee", responses=answers(listed(shapes.Seat)))
async def seats(request: Request, page: Annotated[SeatsPage, Query()], principal: Reader) -> Response:
    """The seats of the committee that are held, and by which units."""
    return await page_of(request, principal, "seat", page, {"unit": page.unit, "seat": page.seat})


@router.post("", status_code=201, summary="Fill a seat", responses=answers(agreement_shapes.Filled, 201))
async def fill(body: SeatBody, request: Request, principal: Admin, commands: CommandsOf) -> Response:
    """201 with the seat's `id`. Who holds it is kept sealed. 409 `seat-taken`, 422: unknown-unit,
    no-such-seat, term-backward."""
    service: Service = request.app.state.service

    async def work(transaction: Transaction) -> Answer:
        community = community_for(principal, body.community)
        await must_exist(transaction, body.unit, UnitRegistered, "unknown-unit", UNKNOWN_UNIT, community)
        facts = SeatFilled(
            community=community,
            seat=body.seat,
            unit=body.unit,
            starts_at=body.starts_at,
            ends_at=body.ends_at,
        )
        first = service.settings.community
        number = await _number(transaction, body, facts, first)
        id = seat_id(first, facts.community, facts.seat, number)
        details = transaction.seal(id, {"holder": body.holder.model_dump(exclude_none=True)})
        filled = facts.model_copy(update={"details": details, "number": number})
        await transaction.decide(COMMITTEE, id, Fill(filled, transaction.context.now))
        return Answer(201, {"id": id, "number": number}, "/v1/seats", transaction.version(id))

    return await commands.run(request, principal, work)


async def _number(transaction: Transaction, body: SeatBody, facts: SeatFilled, first: str) -> int:
    many = SEATS[body.seat]
    if body.number is not None:
        require(body.number <= many, "no-such-seat", NO_SUCH_SEAT)
        return body.number
    for number in range(1, many + 1):
        seat = await transaction.load(COMMITTEE, seat_id(first, facts.community, facts.seat, number))
        if is_free(seat, transaction.context.now):
            return number
    raise Refused("seat-taken", NONE_FREE)


def seat_id(first: str, community: str, seat: str, number: int) -> str:
    """A seat's id. Those of the installation's `first` community are without its name."""
    where = "" if community == first else f"{community}-"
    return f"seat-{where}{seat}-{number}"


@router.post("/{seat}/vacate", summary="Say that a seat is vacant", responses=answers(shapes.Ended))
async def vacate(
    seat: str, body: EndBody, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200; it can be filled again."""

    async def work(transaction: Transaction) -> Answer:
        facts = _held(principal, seat, await transaction.load(COMMITTEE, seat))
        event = SeatVacated(community=facts.community, units=(facts.unit,), reason=body.reason)
        await transaction.decide(COMMITTEE, seat, Vacate(event))
        return Answer(200, {"id": seat, "ended": body.reason}, etag=transaction.version(seat))

    return await commands.run(request, principal, work)


def _held(principal: Principal, id: str, seat: Record) -> SeatFilled:
    facts = seat.facts
    known = isinstance(facts, SeatFilled) and may_reach(principal, id, facts)
    require(known, "not-found", NOT_FOUND)
    assert isinstance(facts, SeatFilled)
    return facts


@router.get(
    "/{seat}/details",
    summary="Who holds a seat",
    responses=answers(agreement_shapes.SeatHolder, headers=[POSITION]),
)
async def holder(
    seat: str,
    query: Annotated[PurposeQuery, Query()],
    request: Request,
    principal: DetailsReader,
    commands: CommandsOf,
) -> Response:
    """The reading is recorded as `details-viewed`. 404 for a vacant seat."""
    state = await commands.read(request, principal).load(COMMITTEE, seat)
    facts = _held(principal, seat, state)
    if state.ended:
        raise not_found()
    return await show_details(seat, facts, query.purpose, (request, principal, commands))
