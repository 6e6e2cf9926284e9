"""Figures say what docs/figures.md says that they say, as of any moment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.dispatch.domain.cases import Case, case_of
from services.dispatch.domain.figures import (
    Figures,
    Grouping,
    Period,
    Share,
    Spans,
    figures_of,
    grouped,
    nearest_rank,
    week_of,
    weeks_from,
)
from services.dispatch.domain.steps import moment, step_of
from services.dispatch.timelines import Timelines
from shared.events.dispatch import (
    ReferralAccepted,
    ReferralDeclined,
    RequestAmended,
    RequestClosed,
    RequestHeld,
    RequestMarkedDuplicate,
    RequestRated,
    RequestReferred,
    RequestRejected,
    RequestReopened,
    RequestResolved,
    RequestResumed,
    RequestWithdrawn,
    VisitAmended,
    VisitNoAnswer,
    VolunteerReleased,
)
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.event import Event
from shared.kernel.times import format_time
from tests.support.heard import Told, heard, merged
from tests.support.story import (
    BO,
    MEI,
    TERMS,
    UNITS,
    assigned,
    at,
    booked,
    checked_in,
    completed,
    created,
    scheduled,
    triaged,
)

BEGIN, END = at("01T00:00"), at("30T23:59")
OPENED = at("24T03:30")
DUE = at("24T04:30")
HALF_AN_HOUR = timedelta(minutes=30)
VISIT: dict[str, Any] = {**TERMS, "visit": "request-1.visit-1", "volunteer": MEI.id, "unit": MEI.unit}


def opened(when: datetime = OPENED, due: datetime | None = DUE, **other: Any) -> list[Told]:
    return [(when, created(due=due, **other))]


def there(when: datetime, volunteer: Any = MEI) -> Told:
    return (when, checked_in(volunteer, checked_in_at=when))


def resolved(when: datetime, outcome: Any = "done") -> Told:
    until = when + timedelta(days=5)
    return (when, RequestResolved(**TERMS, outcome=outcome, resolved_at=when, reopen_until=until))


def reopened(when: datetime, due: datetime) -> Told:
    return (when, RequestReopened(**TERMS, reason="not-solved", due=due, warn_at=due))


def rated(when: datetime, satisfaction: int, solved: bool = True) -> Told:
    return (when, RequestRated(**TERMS, solved=solved, satisfaction=satisfaction))


def ends(event: type[Event], when: datetime = DUE, **facts: Any) -> Told:
    return (when, event(**TERMS, **facts))


def cases(events: Sequence[CloudEvent], as_of: datetime = END) -> list[Case]:
    streams = sorted({event.stream for event in events})
    found = []
    for stream in streams:
        own = (event for event in events if event.stream == stream)
        steps = [step_of(e.version, e.type, e.time, e.recorded, e.data) for e in own]
        case = case_of(steps, moment(format_time(as_of)))
        found += [case] if case is not None else []
    return found


def period(as_of: datetime = END, start: datetime = BEGIN, end: datetime = END) -> Period:
    return Period(*(moment(format_time(each)) for each in (start, end, as_of)))


def figures(*requests: Sequence[Told], as_of: datetime = END) -> Figures:
    """The figures of some requests, each as its events, as of a moment."""
    streams = [heard(f"request-{number}", *told) for number, told in enumerate(requests, start=1)]
    return figures_of(cases(merged(*streams), as_of), period(as_of))


def test_of_nothing_there_is_nothing_to_say() -> None:
    none = figures()
    assert none.requests == 0
    shares = {name: value for name, value in none.flat().items() if name.endswith(("rate", "median", "p90"))}
    assert set(shares.values()) == {None}
    assert none.coverage == Share(0, 0)


@pytest.mark.parametrize(
    ("visit", "said"),
    [
        (DUE - HALF_AN_HOUR, Share(1, 1)),
        (DUE, Share(1, 1)),
        (DUE + timedelta(milliseconds=1), Share(0, 1)),
    ],
)
def test_a_response_is_in_time_up_to_the_moment_at_which_it_is_due(visit: datetime, said: Share) -> None:
    found = figures([*opened(), there(visit)])
    assert (found.response_rate, found.on_time_rate, found.running) == (said, said, 0)


def test_a_clock_that_runs_is_in_no_rate_and_one_that_is_over_is_late() -> None:
    running = figures(opened(), as_of=DUE)
    assert (running.response_rate, running.running, running.counted) == (Share(0, 0), 1, 1)
    late = figures(opened(), as_of=DUE + timedelta(milliseconds=1))
    assert (late.response_rate, late.running) == (Share(0, 1), 0)


def test_triage_sets_what_is_due_until_somebody_was_there() -> None:
    later = (OPENED, triaged(due=DUE + timedelta(hours=2)))
    visit = there(DUE + timedelta(hours=1))
    assert figures([*opened(), later, visit]).response_rate == Share(1, 1)
    afterwards = (at("25T01:00"), triaged(due=DUE + timedelta(hours=2)))
    assert figures([*opened(), visit, afterwards]).response_rate == Share(0, 1)
    assert figures([*opened(due=None), later, visit]).response_rate == Share(1, 1)


def test_nobody_answering_is_a_response_and_no_visit() -> None:
    found = figures([*opened(), ends(VisitNoAnswer, DUE, **_visit(), at=DUE)])
    assert (found.response_rate, found.coverage) == (Share(1, 1), Share(0, 1))
    assert found.minutes_to_visit == Spans(1, 60.0, 60.0)


def _visit() -> dict[str, str]:
    return {name: VISIT[name] for name in ("visit", "volunteer", "unit")}


def test_a_clock_on_hold_stands_still_and_goes_on_to_another_due() -> None:
    until = OPENED + timedelta(days=2)
    held = (OPENED, RequestHeld(**TERMS, reason="weather", held_at=OPENED, until=until))
    still = figures([*opened(), held])
    assert (still.response_rate, still.running) == (Share(0, 0), 0)
    resumed = (until, RequestResumed(**TERMS, due=until + timedelta(hours=1)))
    visit = there(until + HALF_AN_HOUR)
    assert figures([*opened(), held, resumed, visit]).response_rate == Share(1, 1)
    assert figures([*opened(), held, resumed], as_of=until).running == 1
    assert figures([*opened(), held, resumed], as_of=until + timedelta(hours=2)).response_rate == Share(0, 1)
    assert figures([*opened(), there(DUE), held, resumed]).response_rate == Share(1, 1)


def test_a_hold_after_the_time_was_over_saves_nothing() -> None:
    held_at = DUE + HALF_AN_HOUR
    held = (held_at, RequestHeld(**TERMS, reason="weather", held_at=held_at, until=at("29T00:00")))
    assert figures([*opened(), held]).response_rate == Share(0, 1)


def test_a_resolution_without_a_visit_stops_the_clock() -> None:
    in_time = figures([*opened(), resolved(DUE - HALF_AN_HOUR)])
    assert (in_time.response_rate, in_time.resolution_rate) == (Share(0, 0), Share(1, 1))
    assert figures([*opened(), resolved(DUE + HALF_AN_HOUR)]).response_rate == Share(0, 1)


def test_a_reopening_has_a_clock_of_its_own() -> None:
    again = at("25T03:00")
    told = [*opened(), there(DUE), resolved(DUE), reopened(again, again + HALF_AN_HOUR)]
    late = figures([*told, there(again + timedelta(hours=1))])
    assert (late.response_rate, late.on_time_rate) == (Share(1, 1), Share(1, 2))
    assert (late.reopenings, late.reopening_rate) == (1, Share(1, 1))
    assert (late.resolution_rate, late.minutes_to_resolve.of) == (Share(0, 1), 0)
    both = figures([*told, there(again), resolved(again)])
    assert both.on_time_rate == Share(2, 2)
    assert both.minutes_to_resolve == Spans(1, 1410.0, 1410.0)
    assert both.repeat_rate == Share(0, 1)


def test_what_was_not_done_is_not_resolved() -> None:
    found = figures([*opened(), resolved(DUE, "not-done")], [*opened(), resolved(DUE, "partly-done")])
    assert (found.resolution_rate, found.minutes_to_resolve.of) == (Share(1, 2), 1)


def test_satisfaction_is_of_those_who_say_so_and_of_the_last_round() -> None:
    closed = (DUE, RequestClosed(**TERMS, reason="rated"))
    found = figures(
        [*opened(), resolved(DUE), rated(DUE, 5), closed],
        [*opened(), resolved(DUE), rated(DUE, 4)],
        [*opened(), resolved(DUE), rated(DUE, 2, solved=False)],
        [*opened(), resolved(DUE), rated(DUE, 1), reopened(DUE, at("25T03:00"))],
        opened(),
    )
    assert (found.satisfaction_rate, found.satisfaction_mean) == (Share(2, 3), 3.67)
    assert found.solved_rate == Share(2, 3)


def test_those_that_were_set_aside_are_counted_and_in_no_rate() -> None:
    found = figures(
        [*opened(), ends(RequestMarkedDuplicate, target="request-9"), _with_its_target()],
        [*opened(), there(DUE), ends(RequestRejected, reason="unsafe")],
        [*opened(), ends(RequestWithdrawn, reason="no-longer-needed")],
    )
    assert (found.requests, found.duplicates, found.rejected, found.withdrawn) == (3, 1, 1, 1)
    assert (found.counted, found.response_rate, found.coverage) == (0, Share(0, 0), Share(0, 0))
    assert figures(opened(), [*opened(), ends(RequestWithdrawn, reason="other")]).counted == 1


def _with_its_target() -> Told:
    return (DUE, RequestClosed(**TERMS, reason="with-its-target"))


def test_times_are_of_the_first_who_is_placed_and_the_first_who_is_there() -> None:
    found = figures(
        [
            *opened(),
            (at("24T03:40"), assigned()),
            (at("24T03:50"), assigned(BO, number=2)),
            (at("24T05:00"), scheduled()),
            there(at("24T05:00"), BO),
            there(at("24T04:00")),
            resolved(at("24T06:00")),
        ]
    )
    assert found.minutes_to_assign == Spans(1, 10.0, 10.0)
    assert found.minutes_to_visit == Spans(1, 30.0, 30.0)
    assert found.minutes_to_resolve == Spans(1, 150.0, 150.0)


def test_a_visit_that_was_written_down_later_took_no_time() -> None:
    before = OPENED - HALF_AN_HOUR
    told: list[Told] = [*opened(), (before, checked_in(checked_in_at=before), DUE)]
    assert figures(told).minutes_to_visit == Spans(1, 0.0, 0.0)


@pytest.mark.parametrize(
    ("values", "median", "p90"),
    [([], None, None), ([7], 7, 7), ([1, 9], 1, 9), ([*range(1, 11)], 5, 9), ([*range(1, 12)], 6, 10)],
)
def test_percentiles_are_by_nearest_rank(values: list[int], median: int | None, p90: int | None) -> None:
    assert (nearest_rank(values, 50), nearest_rank(values, 90)) == (median, p90)


@pytest.mark.parametrize(
    ("share", "value"),
    [
        (Share(0, 0), None),
        (Share(0, 3), 0.0),
        (Share(2, 3), 0.6667),
        (Share(1, 32), 0.0313),
        (Share(3, 3), 1.0),
    ],
)
def test_a_share_has_four_digits(share: Share, value: float | None) -> None:
    assert share.value == value


def test_a_repeat_is_the_same_resident_and_service_soon_after_a_resolution() -> None:
    first = [*opened(at("01T01:00")), resolved(at("02T01:00"))]
    again = opened(at("02T01:00"))
    assert figures(first, again).repeat_rate == Share(1, 2)
    assert figures(first, opened(at("01T02:00"))).repeat_rate == Share(0, 2)
    assert figures(first, opened(at("02T01:00"), resident="resident-2")).repeat_rate == Share(0, 2)
    assert figures(first, opened(at("02T01:00"), resident=None, tier=None)).repeat_rate == Share(0, 1)
    rejected = ends(RequestRejected, at("02T02:00"), reason="other")
    assert figures([*first, rejected], again).repeat_rate == Share(0, 1)
    amended = RequestAmended(**TERMS, resident="resident-1", tier="key")
    meant = [*opened(at("03T01:00"), resident="resident-2"), (at("03T01:00"), amended)]
    assert figures(first, meant).repeat_rate == Share(1, 2)


def test_a_repeat_is_found_though_the_one_before_is_of_another_period() -> None:
    long_ago, now = OPENED - timedelta(days=30), OPENED
    before = heard("request-1", *opened(long_ago), resolved(long_ago))
    after = heard("request-2", *opened(now))
    known = cases(merged(before, after))
    assert figures_of(known, period(start=at("20T00:00"))).repeat_rate == Share(1, 1)
    later = heard("request-2", *opened(now + timedelta(milliseconds=1)))
    known = cases(merged(before, later))
    assert figures_of(known, period(start=at("20T00:00"))).repeat_rate == Share(0, 1)


def test_coverage_is_a_check_in_and_reached_is_a_meeting() -> None:
    met = [*opened(), there(DUE), (DUE, completed())]
    nobody = [*opened(resident="resident-2", tier="key"), there(DUE), (DUE, completed(contact_made=False))]
    general = [*opened(resident="resident-3", tier="general"), there(DUE), (DUE, completed())]
    found = figures(met, nobody, general, opened())
    assert (found.coverage, found.reached) == (Share(3, 4), Share(1, 2))
    corrected = VisitAmended(**VISIT, reason="wrong-outcome", contact_made=True)
    assert figures(met, [*nobody, (DUE, corrected)]).reached == Share(2, 2)


def test_only_what_was_recorded_by_then_counts() -> None:
    told: list[Told] = [*opened(), (DUE, checked_in(checked_in_at=DUE), DUE + timedelta(hours=1))]
    before, after = DUE + HALF_AN_HOUR, DUE + timedelta(hours=1)
    assert figures(told, as_of=OPENED - timedelta(milliseconds=1)).requests == 0
    assert figures(told, as_of=OPENED).requests == 1
    assert figures(told, as_of=before).response_rate == Share(0, 1)
    assert figures(told, as_of=after).response_rate == Share(1, 1)


def test_a_period_is_of_those_that_were_taken_in_then() -> None:
    known = cases(merged(heard("request-1", *opened()), heard("request-2", *opened(DUE))))
    assert figures_of(known, period(start=OPENED, end=DUE)).requests == 1
    assert figures_of(known, period(start=DUE)).requests == 1


def grouping(by: Any, *requests: Sequence[Told], unit: str | None = None) -> dict[str | None, int]:
    streams = [heard(f"request-{number}", *told) for number, told in enumerate(requests, start=1)]
    how = Grouping(by, {MEI.id: "residents", BO.id: "veterans"}, unit)
    total, found = grouped(cases(merged(*streams)), period(), how)
    assert total.requests == len(requests)
    return {group: each.requests for group, each in found.items()}


def test_requests_are_told_apart_by_what_is_theirs() -> None:
    other = opened(service="service-a", category="volunteering", grid="shaba-09")
    assert [*grouping("service", opened(), other)] == ["service-a", "service-home-health-help"]
    assert grouping("category", opened(), other) == {"community-service": 1, "volunteering": 1}
    moved = (DUE, RequestAmended(**{**TERMS, "grid": "shaba-01"}))
    assert grouping("grid", [*opened(), moved], other) == {"shaba-01": 1, "shaba-09": 1}
    assert grouping("week", opened(at("29T15:59")), opened(at("29T16:00"))) == {"2026-W48": 1, "2026-W49": 1}


def test_the_unit_that_took_a_request_over_answers_for_it() -> None:
    accepted = ReferralAccepted(**TERMS, referral="r", unit="unit-school", from_unit=None)
    taken: list[Told] = [*opened(), (DUE, accepted)]
    led = opened(lead_unit="unit-red-cross")
    every = {"unit-health-centre": 1, "unit-red-cross": 1, "unit-school": 1}
    assert grouping("unit", opened(), led, taken) == every
    assert grouping("unit", opened(), led, taken, unit="unit-school") == {"unit-school": 1, None: 2}


def test_a_unit_is_concerned_while_its_volunteer_is_asked_goes_or_was_there() -> None:
    ours = {*UNITS}
    placement = {"assignment": "request-1.assignment-1", "volunteer": BO.id, "unit": BO.unit}
    placed = (DUE, assigned(BO))
    released = (DUE, VolunteerReleased(**TERMS, **placement, reason="other"))
    assert units(*opened(), placed) == {*ours, BO.unit}
    assert units(*opened(), placed, released) == ours
    assert units(*opened(), placed, there(DUE, BO), released) == {*ours, BO.unit}


def test_a_unit_that_was_asked_to_take_over_is_concerned_until_it_declines() -> None:
    asked = {"referral": "r", "unit": "unit-b", "from_unit": "unit-a"}
    terms = {"reason": "nearer", "capacity": "open", "expires_at": END, "basis": "registry@1"}
    referred: Told = (DUE, RequestReferred(**TERMS, **asked, **terms))
    declined: Told = (DUE, ReferralDeclined(**TERMS, **asked, reason="full"))
    accepted: Told = (DUE, ReferralAccepted(**TERMS, **asked))
    assert units(*opened(), referred) == {*UNITS, "unit-a", "unit-b"}
    assert units(*opened(), referred, declined) == {*UNITS, "unit-a"}
    assert units(*opened(), referred, accepted) == {*UNITS, "unit-a", "unit-b"}


def units(*told: Told) -> frozenset[str]:
    [case] = cases(heard("request-1", *told))
    return case.units


def test_a_request_is_in_the_group_of_each_team_that_went() -> None:
    both = [*opened(), there(DUE), there(DUE, BO)]
    assert grouping("team", both, opened()) == {"residents": 1, "veterans": 1, None: 1}
    assert grouping("team", both, unit=BO.unit) == {"veterans": 1}
    assert grouping("team", [*opened(), there(DUE)], unit=BO.unit) == {None: 1}


def test_weeks_follow_each_other_over_a_new_year() -> None:
    assert week_of(moment("2026-12-31T16:00:00.000Z")) == "2026-W53"
    assert [*weeks_from(["2027-W01", "2026-W52"])] == ["2026-W52", "2026-W53", "2027-W01"]
    assert [*weeks_from([])] == []


LONG: list[Told] = [
    *opened(),
    (OPENED, triaged(due=DUE)),
    (OPENED, assigned()),
    (OPENED, scheduled()),
    there(DUE),
    (DUE, completed()),
    resolved(at("24T06:00")),
    rated(at("24T07:00"), 3),
    reopened(at("25T01:00"), at("25T02:00")),
    there(at("25T01:30"), BO),
    resolved(at("25T03:00")),
    (at("26T03:00"), RequestClosed(**TERMS, reason="window-over")),
]
CALENDAR = heard("calendar-volunteer-mei-2026-w48", (DUE, booked("d")))
TWO = merged(heard("request-1", *LONG), heard("request-2", *LONG[:5]), CALENDAR)
MOMENTS = [OPENED, DUE, at("24T06:30"), at("25T01:10"), at("25T01:40"), END]


def of_view(view: Timelines, as_of: datetime) -> list[Case]:
    then = moment(format_time(as_of))
    return [case for line in view.on_record(then) if (case := line.as_of(then)) is not None]


@pytest.mark.parametrize("as_of", MOMENTS)
async def test_the_view_says_what_the_events_say_as_of_any_moment(as_of: datetime) -> None:
    view = Timelines()
    await view.follow(TWO)
    assert of_view(view, as_of) == cases([event for event in TWO if event not in CALENDAR], as_of)
    assert of_view(view, OPENED - HALF_AN_HOUR) == []


async def test_the_view_is_the_same_one_by_one_and_twice() -> None:
    once, twice = Timelines(), Timelines()
    await once.follow(TWO)
    for _ in range(2):
        for event in TWO:
            await twice.follow([event])
    assert [*once.rows()] == [*twice.rows()] != []


@pytest.mark.parametrize("length", range(1, len(TWO) + 1))
async def test_a_restored_view_goes_on_as_if_it_had_never_ended(length: int) -> None:
    view, restored = Timelines(), Timelines()
    await view.follow(TWO[:length])
    restored.restore(json.loads(json.dumps([*view.rows()])))
    assert of_view(restored, END) == of_view(view, END)
    for each in (view, restored):
        await each.follow(TWO[max(length - 2, 0) :])
    assert [*restored.rows()] == [*view.rows()]
    for as_of in MOMENTS:
        assert of_view(restored, as_of) == of_view(view, as_of)
