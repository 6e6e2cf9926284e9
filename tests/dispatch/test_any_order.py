"""Whatever is asked for, in whatever order: the rules of a request and of two calendars hold together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import combinations
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.dispatch.domain.calendar import CALENDAR, Book
from services.dispatch.domain.decision import Volunteer
from services.dispatch.domain.intake import Create, Triage
from services.dispatch.domain.placing import AssignVolunteer
from services.dispatch.domain.planning import ScheduleVisit
from services.dispatch.domain.request import REQUEST
from services.dispatch.domain.visiting import CheckIn, Complete
from shared.events.dispatch import CheckInMethod, ManualReason, Outcome, Priority, Slot
from shared.folds.calendar import Calendar, Duty, weeks
from shared.folds.request import Assignment, Request, Visit
from shared.kernel.decider import Decider, Refused
from shared.kernel.event import Event
from shared.kernel.times import parse_time
from tests.support.given import as_stored
from tests.support.story import BO, MEI, REQUEST_ID, booked, created

C = TypeVar("C")
S = TypeVar("S")

# A Sunday evening, so that slots lie in either of two ISO weeks, of two years, and in both.
EVENING = parse_time("2027-01-03T22:00:00Z")
QUARTER = timedelta(minutes=15)
NTH = st.integers(0, 3)
ORDER = ["none", "received", "triaged", "assigned", "in-service"]

VOLUNTEERS = st.sampled_from([MEI, BO])
SLOTS = st.builds(
    lambda start, length: Slot(start=EVENING + start * QUARTER, end=EVENING + (start + length) * QUARTER),
    st.integers(0, 15),
    st.integers(1, 8),
)

BEGAN = EVENING - timedelta(days=1)


@dataclass
class Commit:
    """What one command reads and records: all of it, or nothing if any part is refused."""

    streams: dict[str, list[Event]]
    recorded: dict[str, list[Event]] = field(default_factory=dict)

    def load(self, decider: Decider[C, S, Event], stream: str) -> S:
        return decider.fold.over([*self.streams.get(stream, []), *self.recorded.get(stream, [])])

    def decide(self, decider: Decider[C, S, Event], stream: str, command: C) -> S:
        state = self.load(decider, stream)
        decided = list(decider.decide(command, state))
        self.recorded.setdefault(stream, []).extend(decided)
        return decider.fold.over(decided, state)

    def book(self, volunteer: Volunteer, duty: str, slot: Slot) -> None:
        for week in weeks(volunteer.id, slot):
            self.decide(CALENDAR, week, Book(booked(duty, slot, volunteer)))

    @property
    def events(self) -> list[Event]:
        return [event for events in self.recorded.values() for event in events]


Work = Callable[[Commit], object]


class Town(RuleBasedStateMachine):
    """One request, two volunteers, and what other requests ask of them."""

    def __init__(self) -> None:
        super().__init__()
        self.streams: dict[str, list[Event]] = {}
        self.now = EVENING - timedelta(hours=1)
        self.last: Work | None = None
        self.reached = 0

    def do(self, work: Work) -> None:
        commit = Commit(self.streams)
        try:
            work(commit)
        except Refused:
            return
        for stream, events in commit.recorded.items():
            self.streams.setdefault(stream, []).extend(events)
        self.last = work

    @initialize(steps=st.integers(0, 6), volunteer=VOLUNTEERS, slot=SLOTS)
    def some_of_it_has_happened(self, steps: int, volunteer: Volunteer, slot: Slot) -> None:
        """Left to chance alone, few would ever get as far as a visit."""
        way: list[Callable[[], None]] = [
            self.create,
            lambda: self.triage("urgent"),
            lambda: self.assign(volunteer, slot),
            lambda: self.schedule(volunteer, slot),
            lambda: self.check_in(0, "gps", None),
            lambda: self.complete(0, "done"),
        ]
        for step in way[:steps]:
            step()
        assert self.request.status == (*ORDER[:4], "assigned", "in-service", "in-service")[steps]

    @rule()
    def create(self) -> None:
        self.do(lambda commit: commit.decide(REQUEST, REQUEST_ID, Create(created())))

    @rule(priority=st.sampled_from(["routine", "stat"]))
    def triage(self, priority: Priority) -> None:
        command = Triage(priority, self.now)
        self.do(lambda commit: commit.decide(REQUEST, REQUEST_ID, command))

    @rule(volunteer=VOLUNTEERS, slot=SLOTS)
    def assign(self, volunteer: Volunteer, slot: Slot) -> None:
        def work(commit: Commit) -> None:
            fresh = f"{REQUEST_ID}.assignment-{len(commit.load(REQUEST, REQUEST_ID).assignments) + 1}"
            command = AssignVolunteer(fresh, volunteer, slot, self.now, "registry@1")
            placed = commit.decide(REQUEST, REQUEST_ID, command).assignment(volunteer.id, slot)
            assert placed is not None
            commit.book(volunteer, placed.id, slot)

        self.do(work)

    @rule(volunteer=VOLUNTEERS, slot=SLOTS)
    def schedule(self, volunteer: Volunteer, slot: Slot) -> None:
        def work(commit: Commit) -> None:
            fresh = f"{REQUEST_ID}.visit-{len(commit.load(REQUEST, REQUEST_ID).visits) + 1}"
            after = commit.decide(REQUEST, REQUEST_ID, ScheduleVisit(fresh, volunteer.id, slot))
            visit = next(v for v in after.visits if (v.volunteer, v.slot) == (volunteer.id, slot))
            if not any(_covers(assignment, visit) for assignment in after.assignments):
                commit.book(volunteer, visit.id, slot)

        self.do(work)

    @rule(volunteer=VOLUNTEERS, slot=SLOTS, request=st.integers(2, 4))
    def is_wanted_elsewhere(self, volunteer: Volunteer, slot: Slot, request: int) -> None:
        duty = f"request-{request}.{slot.start:%H%M}-{slot.end:%H%M}-{volunteer.id}"
        self.do(lambda commit: commit.book(volunteer, duty, slot))

    @rule(nth=NTH, method=st.sampled_from(["gps", "manual"]), reason=st.sampled_from([None, "other"]))
    def check_in(self, nth: int, method: CheckInMethod, reason: ManualReason | None) -> None:
        command = CheckIn(self.visit(nth), method, reason, None, self.now, self.now, BEGAN, None)
        self.do(lambda commit: commit.decide(REQUEST, REQUEST_ID, command))

    @rule(nth=NTH, outcome=st.sampled_from(["done", "not-done"]))
    def complete(self, nth: int, outcome: Outcome) -> None:
        command = Complete(
            self.visit(nth),
            outcome,
            True,
            self.now - QUARTER,
            self.now,
            self.now,
            BEGAN,
            None,
        )
        self.do(lambda commit: commit.decide(REQUEST, REQUEST_ID, command))

    @rule(quarters=st.integers(1, 4))
    def time_passes(self, quarters: int) -> None:
        self.now += quarters * QUARTER

    @rule()
    def the_last_command_again_is_nothing(self) -> None:
        if self.last is not None:
            again = Commit(self.streams)
            self.last(again)
            assert again.events == []

    @invariant()
    def nobody_is_in_two_places(self) -> None:
        for volunteer in (MEI, BO):
            for one, other in combinations(self.duties(volunteer), 2):
                assert not one.slot.overlaps(other.slot)

    @invariant()
    def one_slot_has_one_volunteer(self) -> None:
        for one, other in combinations(self.request.assignments, 2):
            assert not one.slot.overlaps(other.slot)

    @invariant()
    def every_assignment_is_a_duty_in_each_week_it_touches(self) -> None:
        for assignment in self.request.assignments:
            for week in weeks(assignment.volunteer, assignment.slot):
                assert Duty(assignment.id, assignment.slot) in self.calendar(week).duties

    @invariant()
    def every_visit_is_inside_a_duty(self) -> None:
        for visit in self.request.visits:
            own = [duty for duty in self.duties(visit) if _inside(visit.slot, duty.slot)]
            assert [duty.id.partition(".")[0] for duty in own] == [REQUEST_ID]

    @invariant()
    def a_request_never_goes_back(self) -> None:
        reached = ORDER.index(self.request.status)
        assert reached >= self.reached
        self.reached = reached

    @invariant()
    def every_unit_that_goes_is_concerned(self) -> None:
        assert {assignment.unit for assignment in self.request.assignments} <= set(self.request.units)

    def teardown(self) -> None:
        """What is read back from a log folds to the same."""
        for stream, events in self.streams.items():
            fold = REQUEST.fold.over if stream == REQUEST_ID else CALENDAR.fold.over
            assert fold(as_stored(events)) == fold(events)

    @property
    def request(self) -> Request:
        return REQUEST.fold.over(self.streams.get(REQUEST_ID, []))

    def visit(self, nth: int) -> str:
        """The id of one of the visits; of none if there are none."""
        visits = self.request.visits
        return visits[nth % len(visits)].id if visits else f"{REQUEST_ID}.visit-1"

    def calendar(self, stream: str) -> Calendar:
        return CALENDAR.fold.over(self.streams.get(stream, []))

    def duties(self, of: Volunteer | Visit) -> Iterable[Duty]:
        volunteer = of.id if isinstance(of, Volunteer) else of.volunteer
        streams = [stream for stream in self.streams if stream.startswith(f"calendar-{volunteer}-")]
        return {duty for stream in streams for duty in self.calendar(stream).duties}


def _covers(assignment: Assignment, visit: Visit) -> bool:
    return assignment.volunteer == visit.volunteer and _inside(visit.slot, assignment.slot)


def _inside(inner: Slot, outer: Slot) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


TestTown = Town.TestCase
TestTown.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
