"""Figures agree with a count that shares no code with them, whatever happened and whenever one looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.domain.figures import By, Grouping, Period, grouped
from services.dispatch.domain.steps import moment
from services.dispatch.timelines import Timelines
from shared.events.dispatch import (
    ReferralAccepted,
    RequestAmended,
    RequestClosed,
    RequestCreated,
    RequestHeld,
    RequestMarkedDuplicate,
    RequestRated,
    RequestRejected,
    RequestReopened,
    RequestResolved,
    RequestResumed,
    RequestTriaged,
    RequestWithdrawn,
    SlaBreached,
    Slot,
    VisitAmended,
    VisitCheckedIn,
    VisitCompleted,
    VisitNoAnswer,
    VolunteerAssigned,
    VolunteerReleased,
)
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.event import Event
from shared.kernel.times import format_time
from tests.support.heard import Told, heard, merged
from tests.support.recount import recount
from tests.support.story import TERMS, at

BEGIN = at("02T00:00")
LATEST = BEGIN + timedelta(days=90)
UNITS = ("unit-a", "unit-b")
TEAMS = {"volunteer-1": "residents", "volunteer-2": "veterans", "volunteer-3": "veterans"}

moments = st.integers(0, 28 * 24 * 60).map(lambda minutes: BEGIN + timedelta(minutes=minutes, milliseconds=7))
soon = st.sampled_from([timedelta(minutes=m) for m in (0, 1, 7, 30, 59, 60, 61, 300, 2000, 20_000)])
visits = st.fixed_dictionaries(
    {
        "visit": st.sampled_from(["visit-1", "visit-2"]),
        "volunteer": st.sampled_from(["volunteer-1", "volunteer-2", "volunteer-4"]),
        "unit": st.sampled_from(UNITS),
    }
)
residents = st.sampled_from([None, "resident-1", "resident-2"])
tiers = st.sampled_from(["high", "key", "general"])


Makers = list[Callable[[], Event]]


def usual(draw: st.DrawFn, terms: dict[str, Any], now: datetime) -> Makers:
    """What happens to a request as a rule, in the order in which it does; each may be left out."""
    later, visit = now + draw(soon), draw(visits)
    placed = {"volunteer": visit["volunteer"], "unit": visit["unit"], "assignment": "assignment-1"}
    slot = Slot(start=now, end=now + timedelta(hours=1))
    contact = {"started_at": now, "ended_at": now, "contact_made": draw(st.booleans())}
    solved, satisfaction = draw(st.booleans()), draw(st.integers(1, 5))
    return [
        lambda: RequestTriaged(**terms, due=later),
        lambda: RequestHeld(**terms, reason="other", held_at=now, until=later),
        lambda: RequestResumed(**terms, due=draw(st.sampled_from([None, later]))),
        lambda: VolunteerAssigned(**terms, **placed, slot=slot, basis="registry@1"),
        lambda: VisitCheckedIn(**terms, **visit, method="gps", checked_in_at=now),
        lambda: VisitCompleted(**terms, **visit, outcome="done", **contact),
        lambda: resolution(terms, now, draw(st.sampled_from(["done", "partly-done", "not-done"]))),
        lambda: RequestRated(**terms, solved=solved, satisfaction=satisfaction),
        lambda: RequestReopened(**terms, reason="other", due=later, warn_at=later),
    ]


def unusual(draw: st.DrawFn, terms: dict[str, Any], now: datetime) -> Makers:
    """What happens now and then."""
    visit = draw(visits)
    placed = {"volunteer": visit["volunteer"], "unit": visit["unit"], "assignment": "assignment-1"}
    unit, named, tier = draw(st.sampled_from(UNITS)), draw(residents), draw(tiers)
    return [
        lambda: RequestAmended(**{**terms, "grid": "g-9"}, resident=named, tier=tier),
        lambda: VolunteerReleased(**terms, **placed, reason="other"),
        lambda: VisitNoAnswer(**terms, **visit, at=now),
        lambda: VisitAmended(**terms, **visit, reason="other", contact_made=draw(st.booleans())),
        lambda: SlaBreached(**terms, due=now),
        lambda: ReferralAccepted(**terms, referral="r", unit=unit),
        lambda: RequestClosed(**terms, reason="window-over"),
        lambda: RequestRejected(**terms, reason="other"),
        lambda: RequestWithdrawn(**terms, reason="other"),
        lambda: RequestMarkedDuplicate(**terms, target="request-0"),
    ]


def happening(draw: st.DrawFn, terms: dict[str, Any], now: datetime, step: int) -> Event | None:
    """What happens to a request as its `step`th event, mostly what does so as a rule; perhaps nothing."""
    luck = draw(st.integers(0, 9))
    if luck == 0:
        return draw(st.sampled_from(unusual(draw, terms, now)))()
    ways = usual(draw, terms, now)
    if luck == 1:
        return draw(st.sampled_from(ways))()
    return None if luck == 2 else ways[step % len(ways)]()


def resolution(terms: dict[str, Any], now: datetime, outcome: Any) -> RequestResolved:
    return RequestResolved(**terms, outcome=outcome, resolved_at=now, reopen_until=now + timedelta(days=5))


@st.composite
def requests(draw: st.DrawFn, stream: str) -> list[CloudEvent]:
    """The events of one request; some are recorded later than they occurred."""
    now = draw(moments)
    terms = {**TERMS, "service": draw(st.sampled_from(["s-1", "s-2"])), "units": UNITS}
    terms["grid"] = draw(st.sampled_from(["g-1", "g-2"]))
    created = RequestCreated(
        **terms,
        resident=draw(residents),
        tier=draw(tiers),
        channel="telephone",
        response_minutes=60,
        working_hours="always",
        skills=(),
        basis="registry@1",
        due=draw(st.sampled_from([None, now + timedelta(hours=1)])),
        lead_unit=draw(st.sampled_from([None, *UNITS])),
    )
    told: list[Told] = [(now, created)]
    recorded = now
    for step in range(draw(st.integers(0, 14))):
        now += draw(soon)
        if (happened := happening(draw, terms, now, step)) is not None:
            recorded = max(recorded, now + draw(st.sampled_from([timedelta(), timedelta(hours=5)])))
            told.append((now, happened, recorded))
    return heard(stream, *told)


@st.composite
def logs(draw: st.DrawFn) -> list[CloudEvent]:
    """The events of some requests in the order in which they were recorded."""
    count = draw(st.integers(0, 5))
    return merged(*(draw(requests(f"request-{number}")) for number in range(count)))


async def counted(
    log: Sequence[CloudEvent], start: datetime, end: datetime, as_of: datetime, by: By
) -> tuple[dict[str, Any], dict[str | None, dict[str, Any]]]:
    """The figures as dispatch makes them."""
    view = Timelines()
    await view.follow(log)
    period = Period(*(moment(format_time(each)) for each in (start, end, as_of)))
    cases = [case for line in view.on_record(period.as_of) if (case := line.as_of(period.as_of)) is not None]
    total, groups = grouped(cases, period, Grouping(by, TEAMS))
    return total.flat(), {group: figures.flat() for group, figures in groups.items()}


@given(log=logs(), start=moments, span=st.integers(1, 30), by=st.sampled_from(get_args(By)))
async def test_a_count_by_other_means_comes_to_the_same(
    log: list[CloudEvent], start: datetime, span: int, by: By
) -> None:
    end = start + timedelta(days=span)
    assert await counted(log, start, end, LATEST, by) == recount(log, start, end, LATEST, by, TEAMS)


@given(log=logs(), data=st.data(), by=st.sampled_from(get_args(By)))
async def test_so_it_does_as_of_any_moment(log: list[CloudEvent], data: st.DataObject, by: By) -> None:
    recorded = [datetime.fromisoformat(event.recorded) for event in log]
    as_of = data.draw(st.sampled_from([BEGIN, *recorded]))
    assert await counted(log, BEGIN, LATEST, as_of, by) == recount(log, BEGIN, LATEST, as_of, by, TEAMS)


@pytest.mark.parametrize("order", [1, -1])
async def test_the_count_takes_the_entries_in_any_order(order: int) -> None:
    terms = {**TERMS, "units": UNITS}
    told = [(at("24T03:30"), resolution(terms, at("24T04:00"), "done"))]
    created = RequestCreated(
        **terms,
        channel="web",
        response_minutes=60,
        working_hours="always",
        skills=(),
        basis="registry@1",
        due=at("24T04:30"),
    )
    log = heard("request-1", (at("24T03:30"), created), *told)[::order]
    total, groups = recount(log, at("01T00:00"), at("30T00:00"), at("30T00:00"))
    assert (total["resolution_rate"], total["minutes_to_resolve_median"], groups) == (1.0, 30.0, {})
