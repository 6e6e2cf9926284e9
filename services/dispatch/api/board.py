"""The board as one call, and what changes on it as it does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import Field

from services.dispatch.api import board_shapes as shapes
from services.dispatch.api.board_stream import Told
from services.dispatch.api.choices import STAFF_ALARMS, ChoiceQuery, choice_of, row_shown
from services.dispatch.api.desk import DeskOf, Reader
from services.dispatch.board import COLUMNS, Some, board_of
from services.dispatch.listeners import Listeners
from services.dispatch.views import Requests
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import sequence
from shared.kernel.times import format_time
from shared.runtime.follower import Follower
from shared.runtime.http.calls import json_response
from shared.runtime.http.event_stream import HEADERS, EventStream
from shared.runtime.http.openapi import answers
from shared.runtime.http.problems import Problem
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1/board", tags=["board"], route_class=Route)

MOST = 200
TOO_MANY = "this client has as many streams open as it may; close one, or share it among your screens"


@dataclass(frozen=True, slots=True)
class Boards:
    """The rows, and who listens to their changes."""

    requests: Requests
    listeners: Listeners


def boards_of(requests: Requests, follower: Follower, service: str) -> Boards:
    """The boards of `service`, whose log `follower` follows for `requests`."""

    def place_now() -> str:
        place = follower.place(service)
        return sequence(place.pos, place.index)

    listeners = Listeners(place_now)
    requests.listen(listeners.happened)
    return Boards(requests, listeners)


async def _boards(request: Request) -> Boards:
    boards: Boards = request.app.state.boards
    return boards


BoardsOf = Annotated[Boards, Depends(_boards)]


class BoardQuery(ChoiceQuery):
    """Whose board, and how much of it."""

    limit: int = Field(20, ge=0, le=MOST, description="rows of each column and alarm at the most")


class StreamQuery(ChoiceQuery):
    """Whose board, and from where on."""

    after: str | None = Field(
        None, max_length=40, description="`position` of the board; `Last-Event-ID` goes before it"
    )


@router.get("", summary="The board: what is open, and what is late", responses=answers(shapes.Board))
async def board(
    query: Annotated[BoardQuery, Query()], principal: Reader, desk: DeskOf, boards: BoardsOf
) -> Response:
    """Columns by status, each with how many there are and the first by due; alarms alike; what is overdue.
    For a unit's client what concerns it; another unit's is 404, 403 `staff-only` by `team` or
    `coordinator`."""
    choice = await choice_of(query, principal, desk, frozenset(COLUMNS))
    now = format_time(desk.service.clock())
    position = boards.listeners.place_now()
    found = board_of(boards.requests.among(COLUMNS), choice, query.limit, now)

    def shown(some: Some) -> dict[str, Json]:
        return {"count": some.count, "items": [row_shown(row, principal) for row in some.rows]}

    return json_response(
        {
            "at": now,
            "position": position,
            "columns": [{"status": status, **shown(some)} for status, some in found.columns.items()],
            "alarms": [
                {"alarm": alarm, **shown(some)}
                for alarm, some in sorted(found.alarms.items())
                if principal.unit is None or alarm not in STAFF_ALARMS
            ],
            "overdue": shown(found.overdue),
        }
    )


@router.get(
    "/stream",
    summary="What changes on the board, as it does",
    response_class=EventStream,
    responses=shapes.STREAM,
)
async def stream(
    request: Request,
    query: Annotated[StreamQuery, Query()],
    principal: Reader,
    desk: DeskOf,
    boards: BoardsOf,
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
) -> Response:
    """Server-sent events. A position that is not remembered brings `reset` first; whoever does not read is
    told the same, and cut off. A token that is good no longer brings `over` within five seconds. 429
    `too-many-streams` of one client."""
    choice = await choice_of(query, principal, desk, frozenset(COLUMNS))
    token = request.headers["authorization"].partition(" ")[2].strip()
    if not boards.listeners.has_room_for(principal.client):
        raise Problem(429, "too-many-streams", TOO_MANY, headers={"Retry-After": "60"})
    after = last_event_id or query.after
    rows = partial(row_shown, principal=principal)
    told = Told(boards.requests, boards.listeners, principal.client, choice, after, rows)
    events = told.events(lambda: desk.service.keys.verify(token))
    return EventStream(events, headers=HEADERS)
