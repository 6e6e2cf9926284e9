"""The rule `auto`: whoever is best is asked without anybody's doing, and the next if that one does not go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.dispatch.aggregates import REQUESTS
from services.dispatch.deciding import can_go, place
from services.dispatch.domain.decision import Volunteer
from services.dispatch.domain.matching import choose
from services.dispatch.domain.placing import Offer
from services.dispatch.domain.working_time import LOCAL
from services.dispatch.matchmaker import Matchmaker
from shared.events.dispatch import Slot
from shared.events.registry import WorkingHours
from shared.folds.request import Assignment, Request
from shared.runtime.execute import Transaction

ANSWER_WITHIN = timedelta(hours=2)
ANSWER_AT_LEAST = timedelta(minutes=15)
_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)


def answer_by(slot: Slot, now: datetime) -> datetime:
    """Until when an answer to an offer is waited for: two hours, or the slot's start if that is sooner; a
    quarter of an hour at least, as long as the slot lasts."""
    usual = min(now + ANSWER_WITHIN, slot.start)
    return min(max(usual, now + ANSWER_AT_LEAST), slot.end)


def slot_for(now: datetime, due: datetime | None, hours: WorkingHours) -> Slot:
    """The hour for which somebody is asked without a wish of anybody's: the last one before `due`, two hours
    ahead at the most; the hour from the next minute on if it is late for that. Between eight in the evening
    and eight in the morning only for what is done at any time."""
    soonest = now.replace(second=0, microsecond=0) + _MINUTE
    latest = soonest if due is None else due.replace(second=0, microsecond=0) - _HOUR
    start = max(soonest, min(latest, soonest + 2 * _HOUR))
    if hours != "always":
        start = _by_day(start)
    return Slot(start=start, end=start + _HOUR)


def _by_day(moment: datetime) -> datetime:
    """`moment`, or the next eight in the morning in China if the hour from it on is not by day."""
    local = moment.astimezone(LOCAL)
    morning = local.replace(hour=8, minute=0, second=0, microsecond=0)
    if local < morning:
        return morning.astimezone(UTC)
    return moment if local + _HOUR <= morning + 12 * _HOUR else (morning + 24 * _HOUR).astimezone(UTC)


def fresh_assignment(id: str, state: Request) -> str:
    """The id of the next assignment of a request."""
    return f"{id}.assignment-{len(state.assignments) + 1}"


async def offer_to_the_best(transaction: Transaction, matchmaker: Matchmaker, id: str, basis: str) -> Request:
    """Ask the best of those who lack nothing and were not asked before, if the service's `matching` is `auto`
    nobody goes or is being asked, and no unit has taken it over; the request after that."""
    state = await transaction.load(REQUESTS, id)
    created, now = state.created, transaction.context.now
    nobody = not any(state.offers()) and not any(state.active()) and state.responsible is None
    waits = state.status == "triaged" and nobody
    if created is None or created.matching != "auto" or not waits:
        return state
    slot = slot_for(now, state.due, created.working_hours)
    asked = {assignment.volunteer for assignment in state.assignments}
    ranked = [each for each in await matchmaker.ranked(state, slot, now) if each.candidate.id not in asked]
    fresh = fresh_assignment(id, state)
    while (best := choose(ranked)) is not None:
        wanted = Assignment(fresh, best.candidate.id, best.candidate.unit, slot)
        if await can_go(transaction, matchmaker.directory, state, wanted):
            break
        ranked.remove(best)  # what is kept for matching is a moment behind what is on record
    if best is None:
        return state
    who = Volunteer(best.candidate.id, best.candidate.unit)
    command = Offer(fresh, who, slot, answer_by(slot, now), now, basis)

    def offered(after: Request) -> Assignment:
        found = after.find_assignment(fresh)
        assert found is not None
        return found

    after, _ = await place(transaction, matchmaker.directory, id, command, offered)
    return after
