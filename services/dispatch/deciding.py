"""One command on a request, and what goes with it: calendars, duplicates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from services.dispatch.aggregates import CALENDARS, REQUESTS
from services.dispatch.directory import Directory
from services.dispatch.domain.calendar import Book, Free
from services.dispatch.domain.eligibility import Wanted, candidate, require_eligible
from services.dispatch.domain.ending import CloseWithTarget
from services.dispatch.domain.request import Command
from shared.events.dispatch import DutyBooked, DutyFreed, Slot
from shared.folds.calendar import weeks
from shared.folds.request import Request as RequestState
from shared.folds.request_state import Assignment
from shared.kernel.decider import Refused
from shared.runtime.execute import Transaction

ENDS_DUPLICATES = frozenset({"closed", "rejected", "withdrawn"})


async def decide_on(
    transaction: Transaction, id: str, command: Command, occurred_at: datetime | None = None
) -> RequestState:
    """Decide `command` on the request `id`: the volunteers' calendars follow in the same commit, and what was
    merged into it ends with it."""
    before = await transaction.load(REQUESTS, id)
    after = await transaction.decide(REQUESTS, id, command, occurred_at)
    await _keep_calendars(transaction, before, after)
    if after.status in ENDS_DUPLICATES and before.status != after.status:
        for duplicate in after.duplicates:
            await decide_on(transaction, duplicate, CloseWithTarget())
    return after


async def place(
    transaction: Transaction,
    directory: Directory,
    id: str,
    command: Command,
    find: Callable[[RequestState], Assignment],
) -> tuple[RequestState, Assignment]:
    """Decide `command`, which asks or places somebody; the assignment is what `find` finds in the request.

    Raises Refused: what the decider says, and what `require_eligible` does.
    """
    before = await transaction.load(REQUESTS, id)
    after = await transaction.decide(REQUESTS, id, command)
    placed = find(after)
    if after is not before and placed not in before.assignments:
        await _require_eligible(transaction, directory, after, placed)
    await _keep_calendars(transaction, before, after)
    return after, placed


async def _require_eligible(
    transaction: Transaction, directory: Directory, state: RequestState, placed: Assignment
) -> None:
    created = state.created
    assert created is not None
    facts = await directory.volunteer(placed.volunteer, created.community)
    streams = weeks(placed.volunteer, placed.slot)
    calendars = [await transaction.load(CALENDARS, stream) for stream in streams]
    wanted = Wanted(placed.slot, created.skills, created.training)
    require_eligible(candidate(placed.volunteer, facts), wanted, calendars, placed.id)


async def plan(transaction: Transaction, directory: Directory, id: str, command: Command) -> RequestState:
    """Decide `command`, which plans a visit: outside of its assignment's slot it is a duty of its own, for
    which the volunteer must be eligible like for any other. Raises Refused: what `place` does."""
    before = await transaction.load(REQUESTS, id)
    after = await transaction.decide(REQUESTS, id, command)
    for duty, volunteer, unit, slot in sorted({*after.duties()} - {*before.duties()}, key=lambda d: d[0]):
        await _require_eligible(transaction, directory, after, Assignment(duty, volunteer, unit, slot))
    await _keep_calendars(transaction, before, after)
    return after


async def can_go(
    transaction: Transaction, directory: Directory, state: RequestState, wanted: Assignment
) -> bool:
    """Whether the volunteer of `wanted` can be asked or placed, as far as is on record."""
    try:
        await _require_eligible(transaction, directory, state, wanted)
    except Refused:
        return False
    return True


async def _keep_calendars(transaction: Transaction, before: RequestState, after: RequestState) -> None:
    """Book and free what the change takes and gives back. Raises Refused `volunteer-not-free`."""
    if before.assignments == after.assignments and before.visits == after.visits:
        return
    had, has = frozenset(before.duties()), frozenset(after.duties())
    for duty in sorted(had - has, key=lambda each: each[0]):
        await _in_each_week(transaction, after, duty, DutyFreed)
    for duty in sorted(has - had, key=lambda each: each[0]):
        await _in_each_week(transaction, after, duty, DutyBooked)


async def _in_each_week(
    transaction: Transaction,
    request: RequestState,
    taken: tuple[str, str, str, Slot],
    event: type[DutyBooked] | type[DutyFreed],
) -> None:
    duty, volunteer, unit, slot = taken
    created = request.created
    assert created is not None
    facts = event(
        community=created.community,
        units=(unit,),
        service=created.service,
        category=created.category,
        grid=created.grid,
        priority=request.priority,
        volunteer=volunteer,
        unit=unit,
        duty=duty,
        slot=slot,
    )
    command = Book(facts) if isinstance(facts, DutyBooked) else Free(facts)
    for week in weeks(volunteer, slot):
        await transaction.decide(CALENDARS, week, command)
