"""How much more each unit can take on, of each service."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from services.dispatch.aggregates import CAPACITIES
from services.dispatch.api import life_shapes as shapes
from services.dispatch.api.desk import DeskOf, Reader, Writer, require_own
from services.dispatch.api.life_bodies import CapacityBody
from services.dispatch.domain.capacity import Declare, capacity_stream
from shared.events.dispatch import Capacity, CapacityDeclared
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.runtime.execute import Transaction
from shared.runtime.http.calls import CommandsOf, json_response
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1", tags=["between units"], route_class=Route)


@router.put(
    "/capacities/{unit}/{service}",
    summary="How much more a unit can take on",
    responses=answers(shapes.Capacity),
)
async def declare(
    unit: str,
    service: str,
    body: CapacityBody,
    request: Request,
    principal: Writer,
    desk: DeskOf,
    commands: CommandsOf,
) -> Response:
    """200. `open`; `waitlist`: referrals wait; `full`: none are taken. By staff, or by the unit itself. 422:
    `unknown-service`, `unknown-unit`."""

    async def work(transaction: Transaction) -> Answer:
        require_own(principal, unit)
        facts = await desk.directory.service(service, principal.communities)
        await desk.directory.require_unit(unit, facts.community)
        stream = capacity_stream(unit)
        said = CapacityDeclared(
            community=facts.community, units=(unit,), unit=unit, service=service, capacity=body.capacity
        )
        await transaction.decide(CAPACITIES, stream, Declare(said))
        return Answer(200, _capacity_shown(unit, service, body.capacity), etag=transaction.version(stream))

    return await commands.run(request, principal, work)


@router.get(
    "/capacities/{unit}/{service}",
    summary="How much more a unit can take on",
    responses=answers(shapes.Capacity),
)
async def capacity(
    unit: str, service: str, request: Request, principal: Reader, desk: DeskOf, commands: CommandsOf
) -> Response:
    """`open` as long as nothing else was declared. 422: `unknown-service`, `unknown-unit`."""
    require_own(principal, unit)
    facts = await desk.directory.service(service, principal.communities)
    await desk.directory.require_unit(unit, facts.community)
    found = await capacity_of(commands.read(request, principal), unit, service)
    return json_response(_capacity_shown(unit, service, found))


async def capacity_of(transaction: Transaction, unit: str, service: str) -> Capacity:
    """What `unit` declared last of `service`."""
    declared = await transaction.load(CAPACITIES, capacity_stream(unit))
    return declared.of(service)


def _capacity_shown(unit: str, service: str, said: Capacity) -> dict[str, Json]:
    return {"unit": unit, "service": service, "capacity": said}
