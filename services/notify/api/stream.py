"""The messages of a box as server-sent events, as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.sse import format_sse_event
from pydantic import Field

from services.notify.api import inbox_shapes as shapes
from services.notify.api.desk import DeskOf, Reader
from services.notify.api.inbox import BoxesOf, OwnerQuery, TypesQuery, box_of, room_for, token_of
from services.notify.inbox import LOOK_S, Inbox, Page
from shared.kernel.canonical import Json, encode
from shared.runtime.http.event_stream import CHECK_S, HEADERS, HEARTBEAT_S, RETRY_MS, EventStream
from shared.runtime.http.problems import Problem
from shared.runtime.http.routes import Route
from shared.runtime.mongo import is_passing

router = APIRouter(prefix="/v1", tags=["inbox"], route_class=Route)

AT_ONCE = 100
Number = Annotated[int, Field(ge=0, le=shapes.LAST)]


class StreamQuery(OwnerQuery, TypesQuery):
    """From where on."""

    after: Number | None = Field(
        None,
        description="the number of the last message that you have, 0 for all that are kept, nothing for what "
        "comes from now on; `Last-Event-ID` goes before it",
    )


@router.get(
    "/stream",
    summary="The messages of a box, as they come",
    response_class=EventStream,
    responses=shapes.STREAM,
)
async def stream(
    request: Request,
    query: Annotated[StreamQuery, Query()],
    principal: Reader,
    desk: DeskOf,
    boxes: BoxesOf,
    last_event_id: Annotated[Number | None, Header()] = None,
) -> Response:
    """Server-sent events. A token that is good no longer brings `over` within five seconds; whoever does not
    read is cut off. 409 `position-ahead` for a number that is not there yet; 422 `unit-missing`,
    `unknown-event-type`; 429 `too-many-streams` of one client."""
    box = await box_of(query.unit, principal, desk)
    types = query.patterns(box)
    room_for(boxes.inbox, principal)
    after = query.after if last_event_id is None else last_event_id
    if after is None:
        after = await boxes.inbox.end(box)
    await boxes.inbox.check(box, after)
    token = token_of(request)
    told = Told(boxes.inbox, principal.client, box, after, types)
    return EventStream(told.events(lambda: desk.service.keys.verify(token)), headers=HEADERS)


@dataclass(slots=True)
class Told:
    """What `client` is told of `box`: what comes behind number `after`, of these types."""

    inbox: Inbox
    client: str
    box: str
    after: int
    types: Sequence[str] = ()
    heartbeat_s: float = HEARTBEAT_S
    check_s: float = CHECK_S

    async def events(self, verify: Callable[[], Awaitable[object]]) -> AsyncIterator[bytes]:
        """What comes, until `verify` raises a Problem."""
        async with self.inbox.open_for(self.client):
            yield format_sse_event(comment="linli", retry=RETRY_MS)
            try:
                async for event in self._all(verify):
                    yield event
            except Problem as problem:
                yield _said("over", {"code": problem.code, "detail": problem.detail})

    async def _all(self, verify: Callable[[], Awaitable[object]]) -> AsyncIterator[bytes]:
        checked = spoke = monotonic()
        some = True
        while True:
            page = await self._next() if some else None
            for event in [] if page is None else _events(page):
                if monotonic() - checked >= self.check_s:
                    await verify()
                    checked = monotonic()
                yield event
                spoke = monotonic()
            if page is not None:
                self.after = page.position
            if monotonic() - spoke >= self.heartbeat_s:
                # With the number, so that what was hidden is not looked at again after a break.
                yield format_sse_event(comment="ping", id=str(self.after))
                spoke = monotonic()
            some = page is not None and not page.done
            some = some or await self.inbox.wait(self.box, self.after, self.check_s)
            if monotonic() - checked >= self.check_s:
                await verify()
                checked = monotonic()

    async def _next(self) -> Page | None:
        """What there is; None while the store is away, which ends no stream."""
        try:
            return await self.inbox.page(self.box, self.after, AT_ONCE, self.types)
        except Exception as error:
            if not is_passing(error):
                raise
            await asyncio.sleep(LOOK_S)
            return None


def _events(page: Page) -> list[bytes]:
    found = []
    if page.missed is not None:
        missed: dict[str, Json] = {"after": page.missed.after, "until": page.missed.until}
        found.append(_said("missed", missed, page.missed.until))
    for message in page.messages:
        for body in message.bodies:
            found.append(format_sse_event(data_str=body.decode(), id=str(message.number)))
    return found


def _said(event: str, data: dict[str, Json], number: int | None = None) -> bytes:
    return format_sse_event(
        event=event, data_str=encode(data).decode(), id=None if number is None else str(number)
    )
