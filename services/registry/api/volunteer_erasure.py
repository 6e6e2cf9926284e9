"""A volunteer's name, telephone and mail address are erased for good."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from services.registry.api import shapes
from services.registry.api.lists import Admin
from services.registry.api.records import RECORDS, may_reach
from services.registry.domain.record import End, Register
from shared.events.details import DetailsErased
from shared.events.registry import Erasing, VolunteerErased, VolunteerRegistered
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, require
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route
from shared.runtime.service import Service

router = APIRouter(prefix="/v1/volunteers", tags=["privacy"], route_class=Route)


@router.post("/{volunteer}/erasure", summary="Erase who a volunteer is", responses=answers(shapes.Erased))
async def erase_volunteer(
    volunteer: str, request: Request, principal: Admin, commands: CommandsOf
) -> Response:
    """200; so are those that were merged into this one. Also of one who left. What the volunteer did stays,
    by codes. 404 if there is no such volunteer."""
    service: Service = request.app.state.service
    erased: list[str] = []

    async def work(transaction: Transaction) -> Answer:
        erased[:] = [volunteer]
        for id in erased:
            record = await transaction.load(RECORDS, id)
            facts = record.facts
            known = isinstance(facts, VolunteerRegistered) and may_reach(principal, id, facts)
            require(known, "not-found", NOT_FOUND)
            assert isinstance(facts, VolunteerRegistered)
            community = facts.community
            await transaction.decide(
                RECORDS, id, End(VolunteerErased(community=community, units=(facts.unit,)))
            )
            if not isinstance(record.end, Erasing):
                gone = DetailsErased(community=community, subject=id, count=await service.sealed.count(id))
                await transaction.decide(RECORDS, f"erasure-{id}", Register(gone))
            erased.extend(each for each in record.absorbed if each not in erased)
        return Answer(200, {"id": volunteer, "erased": True}, etag=transaction.version(volunteer))

    response = await commands.run(request, principal, work)
    # Behind the commit; a crash here leaves it to the reaction to the event.
    for id in erased:
        await service.sealed.erase(id)
    return response
