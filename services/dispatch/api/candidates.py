"""Who could go: the volunteers of a community, ranked for a request."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.dispatch.api import candidate_shapes
from services.dispatch.api.bodies import LONGEST_SLOT
from services.dispatch.api.desk import Coordinator, request_for
from services.dispatch.domain.matching import Ranked
from services.dispatch.domain.refusals import MATCHING_OFF
from services.dispatch.matchmaker import Matchmaker
from shared.events.dispatch import Slot
from shared.kernel.canonical import Json
from shared.kernel.decider import require
from shared.kernel.times import Time, format_time
from shared.runtime.http.calls import CommandsOf, json_response
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route

router = APIRouter(prefix="/v1/requests", tags=["matching"], route_class=Route)

MOST = 200
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


class CandidatesQuery(BaseModel):
    """When somebody is to go, and how many to name."""

    model_config = ConfigDict(extra="forbid")

    start: Time | None = Field(None, description="with `end`; without both, the hour from now on")
    end: Time | None = Field(None, description="24 hours after `start` at the most")
    limit: int = Field(20, ge=1, le=MOST, description="how many at the most")

    @model_validator(mode="after")
    def _is_a_slot(self) -> CandidatesQuery:
        if (self.start is None) != (self.end is None):
            raise ValueError("start and end go together; send both, or neither")
        if self.start is not None and self.end is not None:
            if self.end <= self.start:
                raise ValueError("a slot ends after it starts")
            if self.end - self.start > LONGEST_SLOT:
                raise ValueError("a slot is 24 hours at the most")
        return self

    def slot(self, now: datetime) -> Slot:
        """What was asked for, or the hour that begins with the next minute."""
        if self.start is not None and self.end is not None:
            return Slot(start=self.start, end=self.end)
        start = now.replace(second=0, microsecond=0) + _MINUTE
        return Slot(start=start, end=start + _HOUR)


async def _matchmaker(request: Request) -> Matchmaker:
    matchmaker: Matchmaker = request.app.state.matchmaker
    return matchmaker


MatchmakerOf = Annotated[Matchmaker, Depends(_matchmaker)]


@router.get(
    "/{id}/candidates",
    summary="Who could go, the best first",
    responses=answers(candidate_shapes.Candidates),
)
async def candidates(
    id: str,
    query: Annotated[CandidatesQuery, Query()],
    request: Request,
    principal: Coordinator,
    commands: CommandsOf,
    matchmaker: MatchmakerOf,
) -> Response:
    """The active volunteers of the request's community: first those who can be placed, then by score. Nobody
    is asked or booked by it. Ids and codes only. 409 `matching-off` if the service's `matching` is `off`."""
    transaction = commands.read(request, principal)
    state = await request_for(transaction, id, principal)
    assert state.created is not None
    require(state.created.matching != "off", "matching-off", MATCHING_OFF)
    now = transaction.context.now
    slot = query.slot(now)
    ranked = await matchmaker.ranked(state, slot, now)
    return json_response(
        {
            "slot": {"start": format_time(slot.start), "end": format_time(slot.end)},
            "considered": len(ranked),
            "items": [_shown(each) for each in ranked[: query.limit]],
        }
    )


def _shown(ranked: Ranked) -> dict[str, Json]:
    candidate = ranked.candidate
    return {
        "volunteer": candidate.id,
        "unit": candidate.unit,
        "team": candidate.team,
        "eligible": ranked.eligible,
        "ready": ranked.ready,
        "score": ranked.score,
        "reasons": [{"code": each.code, "points": each.points, **each.facts} for each in ranked.reasons],
        "shortfalls": [{"code": each.code, "hard": each.hard, **each.facts} for each in ranked.shortfalls],
    }
