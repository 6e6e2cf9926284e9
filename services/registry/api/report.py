"""Everything that is kept about a resident, for the resident (PIPL art. 45, GDPR art. 15)."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from services.registry.api import report_shapes
from services.registry.api.consents import consents_shown, person_for
from services.registry.api.holds import holds_shown
from services.registry.api.lists import CATCH_UP_S
from services.registry.api.persons import DetailsReader
from services.registry.viewings import FOLLOWER, Viewings
from services.registry.withdrawals import records_of
from shared.events.details import DetailsViewed
from shared.folds.person import Person
from shared.kernel.canonical import Json
from shared.runtime.http.calls import POSITION, CommandsOf
from shared.runtime.http.details import show_on_record
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route
from shared.runtime.sealed import SealedDetails
from shared.runtime.service import Service
from shared.runtime.store import EventStore

router = APIRouter(prefix="/v1/residents", tags=["privacy"], route_class=Route)


@router.get(
    "/{resident}/report",
    summary="Everything that is kept about a resident",
    responses=answers(report_shapes.ResidentReport, headers=[POSITION]),
)
async def report(resident: str, request: Request, principal: DetailsReader, commands: CommandsOf) -> Response:
    """For the resident: with the details in clear, and staff by role. The reading is recorded as
    `details-viewed` for the purpose `report`. 410 after an erasure."""
    service: Service = request.app.state.service
    transaction = commands.read(request, principal)
    person = await person_for(transaction, resident, principal)
    facts = person.resident
    assert facts is not None
    all_of_them = await records_of(transaction, resident)
    persons = {id: each for id, each in all_of_them.items() if not each.erased}
    records = [await _record(service.sealed, id, each) for id, each in persons.items()]
    await _viewings_heard(service)
    viewings: Viewings = request.app.state.viewings
    said: dict[str, Json] = {
        "id": resident,
        "community": facts.community,
        "records": [*records],
        "consents": consents_shown(person),
        "holds": [hold for each in persons.values() for hold in holds_shown(each)],
        "history": [happened for id in persons for happened in await _history(service.store, id)],
        "viewings": [*await viewings.of(persons)],
        "elsewhere": [_in_dispatch(resident)],
    }
    viewed = DetailsViewed(community=facts.community, subject=resident, purpose="report", count=len(records))
    return await show_on_record(request, principal, commands, viewed, said)


async def _record(sealed: SealedDetails, id: str, person: Person) -> dict[str, Json]:
    facts = person.resident
    assert facts is not None
    details: Mapping[str, Json] = await sealed.read(facts.details)
    return {
        "id": id,
        "grid": facts.grid,
        "tier": facts.tier,
        "languages": [*facts.languages],
        "details": dict(details),
    }


async def _history(log: EventStore, stream: str) -> list[Json]:
    found: list[Json] = []
    for event in await log.stream(stream):
        commit = await log.by_version(stream, event.version)
        role = None if commit is None else commit.actor.kind
        found.append({"type": event.type, "at": event.occurred_at, "role": role})
    return found


async def _viewings_heard(service: Service) -> None:
    head = await service.store.head()
    for follower in service.followers:
        if follower.name == FOLLOWER:
            await follower.wait_for(service.name, head, CATCH_UP_S)


def _in_dispatch(resident: str) -> dict[str, Json]:
    keeps: list[Json] = ["requests", "text", "position"]
    return {"service": "dispatch", "keeps": keeps, "path": f"/v1/residents/{resident}/report"}
