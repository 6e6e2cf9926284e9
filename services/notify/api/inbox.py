"""A unit fetches what is in its box, by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.notify.api import inbox_shapes as shapes
from services.notify.api.desk import Desk, DeskOf, Reader
from services.notify.consumers import Consumers
from services.notify.domain.subscription import TOLD, TOLD_TO_VOLUNTEERS, matches
from services.notify.inbox import Inbox
from services.notify.inbox import Page as Found
from shared.kernel.canonical import Json, encode
from shared.kernel.decider import require
from shared.runtime.access import Principal
from shared.runtime.http.openapi import answers
from shared.runtime.http.paging import Page, cursor_to
from shared.runtime.http.problems import Problem, not_found
from shared.runtime.http.routes import Route
from shared.runtime.ids import Id

router = APIRouter(prefix="/v1", tags=["inbox"], route_class=Route)

LONGEST_WAIT_S = 20
LOOK_AWAY_S = 1.0
"""How often a call that waits looks whether its caller is there yet."""
TYPES = r"^[a-z*][a-z*-]{0,59}(,[a-z*][a-z*-]{0,59}){0,49}$"

UNKNOWN_TYPE = (
    "types are those that units or volunteers are told of, in which * stands for any letters, with commas "
    "between; /v1/event-types lists them"
)
UNIT_MISSING = "staff have no box of their own: say whose, as unit="
TOO_MANY = "this client has as many streams and waiting calls open as it may; close one, or share it"


@dataclass(frozen=True, slots=True)
class Boxes:
    """The boxes, and how far consumers have come in them."""

    inbox: Inbox
    consumers: Consumers


async def _boxes(request: Request) -> Boxes:
    boxes: Boxes = request.app.state.boxes
    return boxes


BoxesOf = Annotated[Boxes, Depends(_boxes)]
Wait = Annotated[int, Field(ge=0, le=LONGEST_WAIT_S, description="seconds to wait, if there is nothing yet")]


class OwnerQuery(BaseModel):
    """Whose box: of a unit's client its own."""

    model_config = ConfigDict(extra="forbid")

    unit: Id | None = Field(None, description="for staff")


class TypesQuery(BaseModel):
    """Of which types."""

    types: str | None = Field(
        None, pattern=TYPES, max_length=1000, description="event types, with commas between; `*`: any letters"
    )

    def patterns(self, box: str) -> Sequence[str]:
        """As `Inbox` takes them. Raises Refused(unknown-event-type)."""
        told = TOLD_TO_VOLUNTEERS if box.startswith("volunteer-") else TOLD
        patterns = () if self.types is None else tuple(self.types.split(","))
        for pattern in patterns:
            require(any(matches(pattern, name) for name in told), "unknown-event-type", UNKNOWN_TYPE)
        return patterns


class MessagesPage(Page, TypesQuery):
    """From where on; `cursor` goes before `after`."""

    number: int = Field(
        0, alias="after", ge=0, le=shapes.LAST, description="the number of the last message that you have"
    )
    unit: Id | None = Field(None, description="for staff: whose")
    wait: Wait = 0

    def position(self) -> int:
        """The number behind which it begins. Raises Problem 400."""
        text = self.after()
        if text is None:
            return self.number
        if not text.isdecimal() or int(text) > shapes.LAST:
            raise Problem(400, "invalid-cursor", "this is no cursor; send what `next` said")
        return int(text)


async def box_of(unit: str | None, principal: Principal, desk: Desk) -> str:
    """The box that is meant. Raises Problem 404 for what is another's, 422 `unit-missing` for staff."""
    if principal.unit is not None:
        if unit not in (None, principal.unit):
            raise not_found()
        return principal.volunteer or principal.unit
    if unit is None:
        raise Problem(422, "unit-missing", UNIT_MISSING)
    for community in principal.communities:
        if unit in await desk.units.of_community(community):
            return unit
    raise not_found()


def room_for(inbox: Inbox, principal: Principal) -> None:
    """Raises Problem 429 if the caller has too much open."""
    if not inbox.has_room_for(principal.client):
        raise Problem(429, "too-many-streams", TOO_MANY, headers={"Retry-After": "60"})


def token_of(request: Request) -> str:
    """The access token of a call that was let in."""
    return request.headers["authorization"].partition(" ")[2].strip()


@router.get("/messages", summary="The messages of a box", responses=answers(shapes.Messages))
async def messages(
    request: Request,
    page: Annotated[MessagesPage, Query()],
    principal: Reader,
    desk: DeskOf,
    boxes: BoxesOf,
) -> Response:
    """Behind number `after`, in order, as they were told. With `wait` it is answered as soon as there is one.
    `missed`: what was kept no longer; 409 `position-ahead` for a number that is not there yet; 422
    `unit-missing`, `unknown-event-type`; 429 `too-many-streams` if too many calls of one client wait."""
    box = await box_of(page.unit, principal, desk)
    asked = Asked(box, page.position(), page.limit, page.patterns(box), page.wait)
    found = await found_for(request, principal, desk, boxes.inbox, asked)
    cursor = None if found.done else cursor_to(str(found.position))
    response = page_of(found, {"next": cursor})
    if cursor is not None:
        response.headers["Link"] = f'<{request.url.include_query_params(cursor=cursor)}>; rel="next"'
    return response


@dataclass(frozen=True, slots=True)
class Asked:
    """Up to `limit` messages of these types, behind number `after` of `box`; `wait` is in seconds."""

    box: str
    after: int
    limit: int
    types: Sequence[str]
    wait: int


async def found_for(request: Request, principal: Principal, desk: Desk, inbox: Inbox, asked: Asked) -> Found:
    """What is there, or comes in time. Who has waited is let in anew: a token ends, and so do agreements."""
    found = await inbox.page(asked.box, asked.after, asked.limit, asked.types)
    if not asked.wait or not found.says_nothing():
        return found
    room_for(inbox, principal)
    ends = monotonic() + asked.wait
    async with inbox.open_for(principal.client):
        while (
            found.says_nothing() and (left := ends - monotonic()) > 0 and not await request.is_disconnected()
        ):
            if await inbox.wait(asked.box, found.position, min(left, LOOK_AWAY_S)):
                found = await inbox.page(asked.box, found.position, asked.limit, asked.types)
    await desk.service.keys.verify(token_of(request))
    return found


def page_of(found: Found, more: dict[str, Json]) -> Response:
    """The bodies byte by byte as they were frozen."""
    missed = found.missed
    said: dict[str, Json] = {
        **more,
        "position": found.position,
        "done": found.done,
        "missed": None if missed is None else {"after": missed.after, "until": missed.until},
    }
    items = b",".join(body for message in found.messages for body in message.bodies)
    return Response(b'{"items":[' + items + b"]," + encode(said)[1:], media_type="application/json")
