"""How an endpoint fares: whether it is told, what waits, and what came of all that it was to be told."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Response

from services.notify.api import seeing_shapes as shapes
from services.notify.api.desk import Desk, DeskOf, Reader, endpoint_for
from services.notify.endpoints import Endpoint
from services.notify.progress import Standing
from shared.kernel.canonical import Json
from shared.kernel.times import format_time
from shared.runtime.http.calls import json_response
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1/endpoints/{endpoint}", tags=["deliveries"], route_class=Route)


@router.get("/health", summary="How an endpoint fares", responses=answers(shapes.Health))
async def health(endpoint: str, principal: Reader, desk: DeskOf) -> Response:
    """Its last attempts, what waits, and how many deliveries are in each state, of messages that are kept:
    the five states add up to all that it was to be told."""
    found = await endpoint_for(desk, endpoint, principal)
    standing = await desk.progress.of(found.id)
    totals = await desk.ledger.totals(found)
    since = standing.failing_since
    return json_response(
        {
            "id": found.id,
            "status": found.state.status,
            "held": _held(desk, found, standing),
            "failing_since": None if since is None else format_time(datetime.fromtimestamp(since, UTC)),
            **standing.health(),
            "backlog": totals.waiting,
            "backlog_is": "exact" if totals.exact else "at-least",
            "oldest_waiting_at": totals.oldest,
            "states": totals.states,
        }
    )


def _held(desk: Desk, endpoint: Endpoint, standing: Standing) -> Json:
    """Why nothing is sent now, a code; None if it is."""
    if endpoint.state.status != "active":
        return endpoint.state.status
    if not desk.service.keys.agreements.may_come_in(endpoint.unit):
        return "no-agreement"
    return "failing" if standing.held == "failing" else None
