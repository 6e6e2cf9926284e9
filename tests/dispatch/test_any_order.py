"""Whatever is asked for, in whatever order: the rules of two requests and of all calendars hold together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations
from typing import TypeVar, get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.dispatch.domain.between_units import (
    AcceptReferral,
    BlowWhistle,
    DeclineReferral,
    Refer,
    ReportIn,
)
from services.dispatch.domain.calendar import CALENDAR, Book, Free
from services.dispatch.domain.clock import Pass, deadlines
from services.dispatch.domain.decision import Volunteer
from services.dispatch.domain.ending import Close, CloseWithTarget, Rate, Reopen, Resolve
from services.dispatch.domain.intake import (
    Amend,
    Create,
    FlagRequest,
    HandOver,
    JoinDuplicate,
    MarkDuplicate,
    Reject,
    Triage,
    Withdraw,
)
from services.dispatch.domain.pausing import Hold, Resume
from services.dispatch.domain.placing import Accept, AssignVolunteer, Decline, Offer, Reassign, Release
from services.dispatch.domain.planning import CancelVisit, Reschedule, ScheduleVisit
from services.dispatch.domain.request import REQUEST, Command
from services.dispatch.domain.visiting import AmendVisit, CheckIn, CheckOut, Complete, NoAnswer
from shared.events.dispatch import (
    Capacity,
    CheckInMethod,
    DutyFreed,
    Level,
    OfRequest,
    Outcome,
    Priority,
    ReportOutcome,
    Slot,
)
from shared.folds.calendar import Duty, weeks
from shared.folds.request_state import ENDED, Request, Status
from shared.kernel.decider import Decider, Refused
from shared.kernel.event import Event
from shared.kernel.times import parse_time
from tests.support.given import as_stored
from tests.support.story import BO, MEI, booked, created

C = TypeVar("C")
S = TypeVar("S")

# A Sunday evening, so that slots lie in either of two ISO weeks, of two years, and in both.
EVENING = parse_time("2027-01-03T22:00:00Z")
BEGAN = EVENING - timedelta(hours=2)
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)
LU = Volunteer("volunteer-lu", "unit-police-station")
PEOPLE = (MEI, BO, LU)
UNITS = (BO.unit, LU.unit, "unit-street-office")
IDS = ("request-1", "request-2")
CLIMBS: tuple[Level | None, ...] = (None, *get_args(Level))
MOVED_BY = {"request-created", "request-triaged", "request-resumed", "request-reopened"}

SLOTS = st.builds(
    lambda start, length: Slot(start=EVENING + start * QUARTER, end=EVENING + (start + length) * QUARTER),
    st.integers(0, 15),
    st.integers(1, 8),
)


@dataclass(frozen=True)
class Pick:
    """What chance says of a command; `nth` chooses among what there is, `choice` among codes."""

    id: str
    who: Volunteer
    slot: Slot
    nth: int
    choice: int
    ahead: timedelta

    def of(self, items: tuple[S, ...]) -> S:
        return items[self.choice % len(items)]


PICKS = st.builds(
    Pick,
    st.sampled_from(IDS),
    st.sampled_from(PEOPLE),
    SLOTS,
    st.integers(0, 3),
    st.integers(0, 11),
    st.integers(-1, 16).map(lambda quarters: quarters * QUARTER),
)


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

    def decide_on(self, id: str, command: Command) -> None:
        """As `services/dispatch/deciding.py` does: calendars follow, duplicates end with their target."""
        before = self.load(REQUEST, id)
        after = self.decide(REQUEST, id, command)
        had, has = set(before.duties()), set(after.duties())
        for duty, volunteer, unit, slot in sorted(had - has, key=str):
            freed = DutyFreed(**booked(duty, slot, Volunteer(volunteer, unit)).model_dump())
            for week in weeks(volunteer, slot):
                self.decide(CALENDAR, week, Free(freed))
        for duty, volunteer, unit, slot in sorted(has - had, key=str):
            self.book(Volunteer(volunteer, unit), duty, slot)
        if after.status in ("closed", "rejected", "withdrawn") and before.status != after.status:
            for duplicate in after.duplicates:
                self.decide_on(duplicate, CloseWithTarget())

    def book(self, volunteer: Volunteer, duty: str, slot: Slot) -> None:
        for week in weeks(volunteer.id, slot):
            self.decide(CALENDAR, week, Book(booked(duty, slot, volunteer)))

    @property
    def events(self) -> list[Event]:
        return [event for events in self.recorded.values() for event in events]


Work = Callable[[Commit], object]
Maker = Callable[["Town", Pick], Command]

MAKERS: Mapping[str, Maker] = {
    "triage": lambda town, p: Triage(p.of(get_args(Priority)), BEGAN),
    "amend": lambda town, p: Amend(p.of(("shaba-03", "shaba-04")), p.of((None, *get_args(Priority)))),
    "reject": lambda town, p: Reject("other", town.now),
    "withdraw": lambda town, p: Withdraw("other", town.now),
    "flag": lambda town, p: FlagRequest("agreement-ended", MEI.unit, "registry@1"),
    "hand over": lambda town, p: HandOver(f"person-{p.choice % 2}"),
    "hold": lambda town, p: Hold(p.of(("weather", "other")), town.now + p.ahead, town.now),
    "resume": lambda town, p: Resume(town.now),
    "offer": lambda town, p: Offer(
        town.fresh(p, "assignment"), p.who, p.slot, town.now + p.ahead, town.now, "registry@1"
    ),
    "accept": lambda town, p: Accept(town.pick(p, "assignment"), town.now, "registry@1"),
    "decline": lambda town, p: Decline(town.pick(p, "assignment"), "other"),
    "assign": lambda town, p: AssignVolunteer(
        town.fresh(p, "assignment"), p.who, p.slot, town.now, "registry@1"
    ),
    "release": lambda town, p: Release(town.pick(p, "assignment"), "other"),
    "reassign": lambda town, p: Reassign(
        town.pick(p, "assignment"), town.fresh(p, "assignment"), p.who, "reassigned", town.now, "registry@1"
    ),
    "schedule": lambda town, p: ScheduleVisit(town.fresh(p, "visit"), p.who.id, p.slot),
    "schedule inside": lambda town, p: town.visit_inside(p),
    "reschedule": lambda town, p: Reschedule(town.pick(p, "visit"), p.slot, "weather", town.now),
    "cancel": lambda town, p: CancelVisit(town.pick(p, "visit"), "weather"),
    "check in": lambda town, p: CheckIn(
        town.pick(p, "visit"), p.of(get_args(CheckInMethod)), None, None, town.ago(p), town.now, BEGAN, None
    ),
    "check out": lambda town, p: CheckOut(
        town.pick(p, "visit"), "qr", None, None, town.now, town.now, BEGAN, None
    ),
    "complete": lambda town, p: Complete(
        town.pick(p, "visit"),
        p.of(get_args(Outcome)),
        p.choice > 2,
        started_at=town.now - QUARTER,
        ended_at=town.now,
        now=town.now,
        created_at=BEGAN,
        details=None,
    ),
    "amend a visit": lambda town, p: AmendVisit(
        town.pick(p, "visit"), "other", town.now, BEGAN, outcome=p.of(get_args(Outcome))
    ),
    "no answer": lambda town, p: NoAnswer(town.pick(p, "visit"), town.ago(p), town.now, BEGAN),
    "refer": lambda town, p: Refer(
        town.fresh(p, "referral"),
        p.of(UNITS),
        MEI.unit,
        "other",
        p.of(("open", "open", *get_args(Capacity))),
        waitlist=p.choice > 5,
        expires_at=town.now + p.ahead,
        now=town.now,
        basis="registry@1",
    ),
    "accept a referral": lambda town, p: AcceptReferral(town.pick(p, "referral"), town.now),
    "decline a referral": lambda town, p: DeclineReferral(town.pick(p, "referral"), "other"),
    "blow the whistle": lambda town, p: BlowWhistle(
        [(town.fresh(p, "whistle"), p.of(UNITS))], MEI.unit, "other", 15, town.now
    ),
    "report in": lambda town, p: ReportIn(town.pick(p, "whistle"), p.of(get_args(ReportOutcome))),
    "resolve": lambda town, p: Resolve(p.of(get_args(Outcome)), town.now),
    "rate": lambda town, p: Rate(p.choice > 5, 1 + p.choice % 5),
    "reopen": lambda town, p: Reopen("came-back", town.now),
    "close": lambda town, p: Close(town.now),
    "close with its target": lambda town, p: CloseWithTarget(),
}
PLACING = ("offer", "accept", "decline", "assign", "reassign", "release", "schedule", "schedule inside")
VISITING = ("check in", "check out", "complete", "no answer", "amend a visit", "reschedule", "cancel")
BETWEEN = ("refer", "accept a referral", "decline a referral", "blow the whistle", "report in")
ASIDE = ("hold", "resume", "amend", "hand over")
ENDING = ("resolve", "rate", "reopen", "close")


class Town(RuleBasedStateMachine):
    """Two requests, three volunteers, and what is asked of them elsewhere."""

    now: datetime

    def __init__(self) -> None:
        super().__init__()
        self.streams: dict[str, list[Event]] = {}
        self.now = BEGAN

    def do(self, work: Work) -> None:
        """All of it is recorded or nothing is, and again is nothing."""
        commit = Commit(self.streams)
        try:
            work(commit)
        except Refused:
            return
        for stream, events in commit.recorded.items():
            if stream in IDS:
                self.check(self.streams.get(stream, []), events)
            self.streams.setdefault(stream, []).extend(events)
        again = Commit(self.streams)
        work(again)
        assert again.events == []

    def check(self, history: list[Event], events: list[Event]) -> None:
        """Event for event: whom it concerns, what the clock does, and how it ends."""
        state = REQUEST.fold.over(history)
        for event in events:
            assert isinstance(event, OfRequest)
            after = REQUEST.fold.evolve(state, event)
            assert set(event.units) >= {*state.units, *after.units}
            assert getattr(event, "unit", None) in (None, *event.units)
            clocks = [(clock.due, clock.warn_at) for clock in (state.clock, after.clock)]
            assert clocks[0] == clocks[1] or event.type in MOVED_BY
            climbed = [CLIMBS.index(clock.level) for clock in (state.clock, after.clock)]
            assert climbed[0] <= climbed[1] or event.type == "request-reopened"
            state = after
        if state.status in ENDED and REQUEST.fold.over(history).status not in ENDED:
            for assignment in state.active():
                went = any(v.slot.start >= assignment.slot.start for v in state.visits if not v.open)
                assert went or assignment.slot.end <= self.now

    @initialize(picks=st.lists(PICKS, min_size=2, max_size=2), steps=st.integers(0, 5))
    def some_of_it_has_happened(self, picks: list[Pick], steps: int) -> None:
        """Left to chance alone, few would ever get as far as a visit."""
        for id in IDS:
            clock = {"due": BEGAN + 30 * QUARTER / 15, "warn_at": BEGAN + 24 * QUARTER / 15}
            self.decide(id, Create(created(**clock, lead_unit=MEI.unit)))
        way = ("triage", "assign", "schedule inside", "check in", "complete")
        for step in way[:steps]:
            self.ask(step, picks[0])
        self.ask("triage", picks[1])

    def ask(self, name: str, pick: Pick) -> None:
        self.decide(pick.id, MAKERS[name](self, pick))

    def decide(self, id: str, command: Command) -> None:
        self.do(lambda commit: commit.decide_on(id, command))

    @rule(pick=PICKS, name=st.sampled_from(sorted(MAKERS)))
    def anything(self, pick: Pick, name: str) -> None:
        self.ask(name, pick)

    @rule(pick=PICKS, name=st.sampled_from(PLACING))
    def somebody_goes(self, pick: Pick, name: str) -> None:
        self.ask(name, pick)

    @rule(pick=PICKS, name=st.sampled_from(VISITING))
    def somebody_is_there(self, pick: Pick, name: str) -> None:
        self.ask(name, pick)

    @rule(pick=PICKS, name=st.sampled_from(BETWEEN))
    def units_speak(self, pick: Pick, name: str) -> None:
        self.ask(name, pick)

    @rule(pick=PICKS, name=st.sampled_from(ASIDE))
    def it_waits(self, pick: Pick, name: str) -> None:
        self.ask(name, pick)

    @rule(pick=PICKS, name=st.sampled_from(ENDING))
    def it_is_over(self, pick: Pick, name: str) -> None:
        self.ask(name, pick)

    @rule(pick=PICKS)
    def is_wanted_elsewhere(self, pick: Pick) -> None:
        duty = f"request-3-{pick.slot.start:%H%M}-{pick.slot.end:%H%M}-{pick.who.id}.assignment-1"
        self.do(lambda commit: commit.book(pick.who, duty, pick.slot))

    @rule(pair=st.sampled_from([IDS, IDS[::-1]]), seldom=st.integers(0, 5))
    def merge(self, pair: tuple[str, str], seldom: int) -> None:
        if seldom:
            return
        id, target = pair
        own, other = self.request(id), self.request(target)
        mark = MarkDuplicate(id, target, other, self.now)

        def work(commit: Commit) -> None:
            commit.decide_on(id, mark)
            commit.decide_on(target, JoinDuplicate(id, own.base))

        self.do(work)

    @rule(ahead=st.sampled_from([QUARTER, HOUR, 6 * HOUR, 144 * HOUR]), outage=st.booleans())
    def time_passes(self, ahead: timedelta, outage: bool) -> None:
        """What is due happens, unless nobody looks; then it happens when somebody does."""
        self.now += ahead
        if not outage:
            self.look()

    @rule()
    def look(self) -> None:
        while due := next(self.due(), None):
            id, command = due
            seen = len(self.streams[id])
            self.decide(id, command)
            assert len(self.streams[id]) > seen

    def due(self) -> Iterator[tuple[str, Pass]]:
        for id in IDS:
            for deadline in deadlines(self.request(id)):
                if deadline.due <= self.now:
                    yield id, Pass(deadline, self.now)

    @invariant()
    def nobody_is_in_two_places(self) -> None:
        for volunteer in PEOPLE:
            for one, other in combinations(self.duties(volunteer), 2):
                # A visit may reach out of the slot of the assignment that it is by.
                same = one.id.partition(".")[0] == other.id.partition(".")[0]
                assert same or not one.slot.overlaps(other.slot)

    @invariant()
    def one_slot_has_one_volunteer(self) -> None:
        for id in IDS:
            for one, other in combinations(self.request(id).active(), 2):
                assert not one.slot.overlaps(other.slot)

    @invariant()
    def calendars_hold_what_the_requests_take_in_each_week_it_touches(self) -> None:
        wanted: dict[str, set[Duty]] = {}
        for id in IDS:
            for duty, volunteer, _, slot in self.request(id).duties():
                for week in weeks(volunteer, slot):
                    wanted.setdefault(week, set()).add(Duty(duty, slot))
        for stream in {*self.streams, *wanted} - set(IDS):
            duties = CALENDAR.fold.over(self.streams.get(stream, [])).duties
            own = {duty for duty in duties if not duty.id.startswith("request-3")}
            assert own == wanted.get(stream, set())

    @invariant()
    def what_is_over_has_nothing_open(self) -> None:
        for id in IDS:
            request = self.request(id)
            if request.status in ENDED:
                assert not any(request.open_visits())
                assert not any(request.offers())
                assert not any(referral.status == "offered" for referral in request.referrals)

    @invariant()
    def the_state_is_one_of_the_table_and_agrees_with_the_rest(self) -> None:
        for id in IDS:
            request = self.request(id)
            assert request.status in get_args(Status)
            assert (request.hold is not None) == (request.status == "on-hold")
            assert request.status != "assigned" or any(request.active())
            assert (request.status == "referred") == any(r.status == "offered" for r in request.referrals)
            assert (request.status == "resolved") <= (request.reopen_until is not None)
            assert request.units == request.concerned()

    def teardown(self) -> None:
        """What is read back from a log folds to the same."""
        for stream, events in self.streams.items():
            fold = REQUEST.fold.over if stream in IDS else CALENDAR.fold.over
            assert fold(as_stored(events)) == fold(events)

    def request(self, id: str) -> Request:
        return REQUEST.fold.over(self.streams.get(id, []))

    def items(self, pick: Pick, kind: str) -> list[str]:
        request = self.request(pick.id)
        found = {
            "assignment": [each.id for each in request.assignments],
            "visit": [each.id for each in request.visits],
            "referral": [each.id for each in request.referrals],
            "whistle": [each.id for each in request.whistles],
        }
        return found[kind]

    def pick(self, pick: Pick, kind: str) -> str:
        """The id of one that there is, the latest first; of none if there are none."""
        ids = self.items(pick, kind)
        return ids[-1 - pick.nth % len(ids)] if ids else f"{pick.id}.{kind}-1"

    def fresh(self, pick: Pick, kind: str) -> str:
        return f"{pick.id}.{kind}-{len(self.items(pick, kind)) + 1}"

    def visit_inside(self, pick: Pick) -> ScheduleVisit:
        """A visit in the slot of somebody who is placed."""
        placed = list(self.request(pick.id).active())
        who = placed[pick.nth % len(placed)] if placed else None
        if who is None:
            return ScheduleVisit(self.fresh(pick, "visit"), pick.who.id, pick.slot)
        return ScheduleVisit(self.fresh(pick, "visit"), who.volunteer, who.slot)

    def ago(self, pick: Pick) -> datetime:
        return self.now - pick.choice % 3 * QUARTER

    def duties(self, of: Volunteer) -> set[Duty]:
        streams = [stream for stream in self.streams if stream.startswith(f"calendar-{of.id}-")]
        calendars = (CALENDAR.fold.over(self.streams[stream]) for stream in streams)
        return {duty for calendar in calendars for duty in calendar.duties}


TestTown = Town.TestCase
TestTown.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
