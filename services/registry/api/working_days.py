"""A community's own working days: those that are not as the country's calendar says."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from services.registry.api import working_day_shapes as shapes
from services.registry.api.availability_bodies import Date
from services.registry.api.lists import Admin, Reader
from services.registry.api.records import RECORDS, Call
from services.registry.domain.record import decode
from services.registry.domain.working_days import WORKING_DAYS, Command, Declare, Withdraw
from shared.events.registry import CommunityFounded, WorkingDayDeclared, WorkingDayWithdrawn
from shared.folds.working_days import WorkingDays, stream_of
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, require
from shared.kernel.event import Event
from shared.runtime.execute import Aggregate, Transaction
from shared.runtime.http.calls import CommandsOf, json_response
from shared.runtime.http.headers import ETAG
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route

router = APIRouter(
    prefix="/v1/communities/{community}/working-days", tags=["working days"], route_class=Route
)

DAYS: Aggregate[Command, WorkingDays, Event] = Aggregate(WORKING_DAYS, decode)

DayPath = Annotated[Date, Path(description="`YYYY-MM-DD`, in China", examples=[shapes.DATE])]


@router.get(
    "", summary="A community's own working days", responses=answers(shapes.WorkingDays, headers=[ETAG])
)
async def working_days(community: str, request: Request, principal: Reader, commands: CommandsOf) -> Response:
    """By date; of all other days the country's calendar counts. 404 if the token is not for the community."""
    transaction = commands.read(request, principal)
    facts = (await transaction.load(RECORDS, community)).facts
    # Units work by these days too, though the community is no record of theirs.
    theirs = isinstance(facts, CommunityFounded) and facts.community in principal.communities
    require(theirs, "not-found", NOT_FOUND)
    assert facts is not None
    stream = stream_of(facts.community)
    known = await transaction.load(DAYS, stream)
    items: list[Json] = [_shown(known, date) for date in sorted(known.days)]
    return json_response({"items": items}, etag=transaction.version(stream))


@router.put("/{date}", summary="Say whether a day is a working day", responses=answers(shapes.WorkingDay))
async def declare(
    community: str,
    date: DayPath,
    body: shapes.DayBody,
    request: Request,
    principal: Admin,
    commands: CommandsOf,
) -> Response:
    """200; it goes before the country's calendar, and before what was said of the day so far. Clocks that run
    by office hours heed it from then on; what is due already stays due when it is. 404 for no community of
    the token's."""
    call = Call(commands, request, principal, community, CommunityFounded)

    async def work(transaction: Transaction) -> Answer:
        _, facts = await call.own(transaction)
        stream = stream_of(facts.community)
        said = WorkingDayDeclared(
            community=facts.community, date=date, working=body.working, reason=body.reason
        )
        known = await transaction.decide(DAYS, stream, Declare(said))
        return Answer(200, _shown(known, date), etag=transaction.version(stream))

    return await call.run(work)


@router.delete("/{date}", summary="Take back what was said of a day", responses=answers(shapes.Withdrawn))
async def withdraw(
    community: str, date: DayPath, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200, also if nothing was said of it: the country's calendar counts. 404 for no community of the
    token's."""
    call = Call(commands, request, principal, community, CommunityFounded)

    async def work(transaction: Transaction) -> Answer:
        _, facts = await call.own(transaction)
        stream = stream_of(facts.community)
        said = WorkingDayWithdrawn(community=facts.community, date=date)
        await transaction.decide(DAYS, stream, Withdraw(said))
        return Answer(200, {"date": date, "declared": False}, etag=transaction.version(stream))

    return await call.run(work)


def _shown(known: WorkingDays, date: str) -> dict[str, Json]:
    said = known.days[date]
    return {"date": date, "working": said.working, "reason": said.reason}
