"""Read models made anew from the log, while the service goes on."""

from __future__ import annotations

from typing import Annotated, ClassVar

from fastapi import APIRouter, Request, Response, Security
from pydantic import Field

from services.dispatch.api.board import BoardsOf
from services.dispatch.api.desk import DeskOf
from shared.runtime.access import Principal, bearer
from shared.runtime.http.calls import json_response
from shared.runtime.http.headers import Document
from shared.runtime.http.openapi import Shape, answers
from shared.runtime.http.problems import Problem, unavailable
from shared.runtime.http.routes import Route
from shared.runtime.source import SourceUnavailable

router = APIRouter(prefix="/v1", tags=["operation"], route_class=Route)

UNDER_WAY = "the read models are being made anew already; wait until that is done"


class Rebuilt(Shape):
    """The read models are made of the log up to a position, all of it read anew."""

    example: ClassVar[Document] = {"rebuilt": ["memory.v3"], "position": "dispatch@184"}

    rebuilt: list[str]
    position: Annotated[str, Field(description="of the log, as in `Linli-Position`")]


@router.post("/rebuild", summary="Make the read models anew from the log", responses=answers(Rebuilt))
async def rebuild(
    _: Annotated[Principal, Security(bearer, scopes=["operate"])],
    request: Request,
    desk: DeskOf,
    boards: BoardsOf,
) -> Response:
    """200 once the new ones have taken the place of the old ones, which are asked until then. It takes some
    seconds for each 10,000 events. Each replica has its own. 409 `rebuild-under-way`."""
    service, pos = desk.service, 0
    if any(each.under_way for each in service.rebuildings.values()):
        raise Problem(409, "rebuild-under-way", UNDER_WAY)
    for rebuilding in service.rebuildings.values():
        try:
            pos = (await rebuilding.run()).pos
        except SourceUnavailable:
            raise unavailable("log-away", "the log cannot be read now; try again soon") from None
    boards.listeners.lose_all()
    return json_response({"rebuilt": [*service.rebuildings], "position": f"{service.name}@{pos}"})
