"""All that one person has open goes to another: as one command, with a report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from fastapi import APIRouter, Request, Response

from services.dispatch.aggregates import HAND_OVERS, REQUESTS
from services.dispatch.api import hand_over_shapes as shapes
from services.dispatch.api.desk import Coordinator, Desk, DeskOf
from services.dispatch.api.life_bodies import HandOverBody
from services.dispatch.deciding import decide_on, place
from services.dispatch.domain.decision import Volunteer
from services.dispatch.domain.intake import HandOver
from services.dispatch.domain.placing import Reassign
from services.dispatch.domain.refusals import TO_ITSELF
from services.dispatch.offering import fresh_assignment
from services.dispatch.rows import Row
from shared.events.dispatch import WorkHandedOver
from shared.folds.request import Assignment
from shared.folds.request import Request as RequestState
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.decider import Refused, require
from shared.runtime.access import Principal
from shared.runtime.execute import StreamBusy, Transaction, VersionMismatch
from shared.runtime.http.calls import CommandsOf
from shared.runtime.http.openapi import answers
from shared.runtime.http.routes import Route
from shared.runtime.ids import new_id

router = APIRouter(prefix="/v1/hand-overs", tags=["hand-overs"], route_class=Route)

STAFF = ("client-", "person-")

Work = Callable[[Transaction], Awaitable[Answer]]


@router.post(
    "",
    status_code=201,
    summary="All that one has open goes to another",
    responses=answers(shapes.HandOver, 201),
)
async def hand_over(
    body: HandOverBody, request: Request, principal: Coordinator, desk: DeskOf, commands: CommandsOf
) -> Response:
    """201 with a report. Of a volunteer: every duty to come, with its visits, as far as the other can take
    it. Of one of the staff: the open requests that this one looks after. What could not be moved is left as
    it was, with the code of the rule. 422: `unknown-volunteer`, `unknown-staff`, `same-person`; 409
    `volunteer-suspended`, `volunteer-not-active`.

    Each piece is a commit of its own; with an Idempotency-Key a call that was cut short goes on where it was.
    """
    between = _Between(body.giver, body.taker)
    id = new_id("hand")

    async def work(transaction: Transaction) -> Answer:
        require(between.of_one_kind(), "same-person", TO_ITSELF)
        if transaction.context.if_match is not None:
            raise VersionMismatch  # of what there is not yet; nothing must have been moved by then
        if between.of_volunteers():
            await desk.directory.volunteer_on_record(body.giver, principal.communities)
        else:
            await desk.directory.staff_on_record(body.giver)
        communities = await _communities(desk, between, principal)
        items: list[Json] = []
        for row in await _open(desk, between, communities):
            items += await _move(desk, transaction, row, between)
        moved = sum(isinstance(item, dict) and item["result"] == "moved" for item in items)
        refused = len(items) - moved
        done = WorkHandedOver(
            community=communities[0], giver=body.giver, taker=body.taker, moved=moved, refused=refused
        )
        await transaction.begin(HAND_OVERS, id, done)
        return Answer(201, {"id": id, "moved": moved, "refused": refused, "items": items})

    return await commands.run(request, principal, work)


class _Between:
    """Who gives, and who takes."""

    def __init__(self, giver: str, taker: str) -> None:
        self.giver, self.taker = giver, taker

    def of_volunteers(self) -> bool:
        """Whether duties are to move; otherwise, who looks after requests changes."""
        return self.giver.startswith("volunteer-")

    def of_one_kind(self) -> bool:
        """Whether both are volunteers, or both of the staff, and two."""
        kinds = [("volunteer-",), STAFF]
        same = any(self.giver.startswith(kind) and self.taker.startswith(kind) for kind in kinds)
        return same and self.giver != self.taker


async def _communities(desk: Desk, between: _Between, principal: Principal) -> list[str]:
    """Those of the caller's communities in which the taker is. Raises Refused `unknown-…`, if in none."""
    found: list[str] = []
    refusal: Refused | None = None
    for community in sorted(principal.communities):
        try:
            if between.of_volunteers():
                await desk.directory.volunteer(between.taker, community)
            else:
                await desk.directory.require_staff(between.taker, community)
            found.append(community)
        except Refused as refused:
            refusal = refused
    if not found and refusal is not None:
        raise refusal
    return found


async def _open(desk: Desk, between: _Between, communities: Sequence[str]) -> list[Row]:
    """The open requests that the giver has a part in, or that the taker may have it in by this very call, as
    far as they are on record now."""
    await desk.catch_up()
    both = (between.giver, between.taker)
    return [
        row
        for row in desk.requests.all()
        if row.open
        and row.community in communities
        and any(each in row.volunteers or each == row.coordinator for each in both)
    ]


async def _move(desk: Desk, call: Transaction, row: Row, between: _Between) -> list[Json]:
    """What became of the giver's part in one request: an item for each assignment, or for the request. What
    this call has moved before it was cut short is moved."""
    # Read apart: this call decides nothing on it, and each piece is a commit that reads it anew.
    state = await desk.service.executor.reading(call.context).load(REQUESTS, row.id)
    if not between.of_volunteers():
        if state.coordinator != between.giver and not await _is_done(desk, call, row.id):
            return []
        return [await _moved(desk, call, row.id, "", _hands_over(row.id, between))]
    theirs = [a for a in state.assignments if a.volunteer == between.giver and a.slot.end > call.context.now]
    return [
        await _moved(desk, call, row.id, a.id, _reassigns(desk, row.id, a, between))
        for a in theirs
        if a.active or await _is_done(desk, call, a.id)
    ]


async def _is_done(desk: Desk, call: Transaction, piece: str) -> bool:
    """Whether this very call has moved `piece` already."""
    if not call.context.repeatable:
        return False
    return await desk.service.store.by_id(_commit_of(call, piece)) is not None


def _commit_of(call: Transaction, piece: str) -> str:
    return f"{call.context.commit_id}:{piece}"


async def _moved(desk: Desk, call: Transaction, id: str, part: str, work: Work) -> Json:
    context = replace(
        call.context,
        commit_id=_commit_of(call, part or id),
        repeatable=True,
        request_mac=None,
        if_match=None,
    )
    try:
        await desk.service.executor.execute(context, work)
    except Refused as refused:
        return {"request": id, "result": "refused", "code": refused.code}
    except StreamBusy:
        return {"request": id, "result": "refused", "code": "stream-busy"}
    return {"request": id, "result": "moved"}


def _hands_over(id: str, between: _Between) -> Work:
    async def work(transaction: Transaction) -> Answer:
        await decide_on(transaction, id, HandOver(between.taker))
        return Answer(200, {"id": id})

    return work


def _reassigns(desk: Desk, id: str, given: Assignment, between: _Between) -> Work:
    async def work(transaction: Transaction) -> Answer:
        state = await transaction.load(REQUESTS, id)
        assert state.created is not None
        known = await desk.directory.volunteer(between.taker, state.created.community)
        taker, fresh = Volunteer(between.taker, known.unit), fresh_assignment(id, state)
        now = transaction.context.now
        command = Reassign(given.id, fresh, taker, "handed-over", now, desk.basis())

        def placed(after: RequestState) -> Assignment:
            found = after.assignment(between.taker, given.slot)
            assert found is not None
            return found

        await place(transaction, desk.directory, id, command, placed)
        return Answer(200, {"id": id})

    return work
