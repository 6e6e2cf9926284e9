"""The plan of a day: who asks for what, who goes and when, and what comes of it. The same for a seed."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from deploy.demo.demand import CHANNELS, CHECK_INS, OUTCOMES, TEXTS, URGENT_SERVICE, WEIGHTS, fitting
from deploy.demo.population import Person, VolunteerPerson
from shared.events.dispatch import Channel, CheckInMethod, ManualReason, Outcome, Priority
from shared.events.registry import Name, WorkingHours

Ending = Literal["triaged", "assigned", "visited"]
Minutes = tuple[int, int]
"""From and to in minutes after midnight, China's time; half-open."""
T = TypeVar("T")

OFFICE = "unit-community-office"
HOURS: dict[WorkingHours, Minutes] = {
    "always": (8 * 60, 20 * 60),
    "extended": (8 * 60, 20 * 60),
    "office": (8 * 60 + 30, 17 * 60 + 30),
}
LENGTHS = (30, 45, 60)
URGENT_EVERY = 8
CLASH_EVERY = 10
# The middle of the community, in degrees (WGS 84), and how far its homes are from it.
CENTRE, RADIUS = (26.083, 103.188), 0.006


class Offer(BaseModel):
    """A service as the catalogue has it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    name: Name
    category: str
    lead_unit: str
    supporting_units: tuple[str, ...]
    response_minutes: int
    working_hours: WorkingHours
    skills: tuple[str, ...]
    enters_home: bool

    def takes(self, person: VolunteerPerson) -> bool:
        """Whether this volunteer can go: of a unit that leads or supports, with all the skills."""
        units = (self.lead_unit, *self.supporting_units)
        return person.unit in units and set(self.skills) <= set(person.skills)


@dataclass(frozen=True, slots=True)
class Visit:
    """What the volunteer does. `by_unit`: its unit's system says so, on behalf of the volunteer."""

    method: CheckInMethod
    reason: ManualReason | None
    position: tuple[float, float] | None
    by_unit: bool
    outcome: Outcome
    contact_made: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """One request of the day. `resident` and `volunteers` are places in the lists that were planned with.

    `volunteers` are asked in order. With a `rival`, an earlier wish whose volunteer is free no more, the
    first will be refused.
    """

    number: int
    service: str
    resident: int | None
    grid: str
    channel: Channel
    by_unit: str | None
    text: str | None
    priority: Priority
    ending: Ending
    slot: Minutes
    volunteers: tuple[int, ...]
    rival: int | None
    visit: Visit


def plan_day(
    catalogue: Sequence[Offer],
    residents: Sequence[Person],
    volunteers: Sequence[VolunteerPerson],
    size: int,
    seed: int = 2003,
) -> list[Wish]:
    """`size` wishes in the order in which they are made; the same for the same arguments."""
    people: dict[str, Sequence[int] | None] = {offer.id: _people(offer, residents) for offer in catalogue}
    wanted = [
        wanted
        for offer in sorted(catalogue, key=lambda offer: offer.id)
        for wanted in [offer] * WEIGHTS.get(offer.id, 1)
        if people[offer.id] != []
    ]
    planner = _Planner(random.Random(f"day {seed}"), wanted, people, residents, volunteers)
    for number in range(size):
        planner.wishes.append(planner.wish(number, size))
    return planner.wishes


def _people(offer: Offer, residents: Sequence[Person]) -> list[int] | None:
    """The residents, by place, for whom a service is; None if it is for no single person."""
    fits = fitting(offer.id, offer.category, offer.enters_home)
    return None if fits is None else [place for place, person in enumerate(residents) if fits(person)]


def noon(size: int) -> int:
    """The first wish of the middle third of a day, in which the health centre's system is down."""
    return size // 3


def next_working_day(now: datetime) -> date:
    """The first Monday to Friday after the day of `now`, China's time."""
    day = now.date() + timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day


@dataclass(slots=True)
class _Planner:
    """Plans wish by wish, and keeps whose time is taken."""

    rng: random.Random
    wanted: Sequence[Offer]
    people: Mapping[str, Sequence[int] | None]
    residents: Sequence[Person]
    volunteers: Sequence[VolunteerPerson]
    booked: defaultdict[int, list[Minutes]] = field(default_factory=lambda: defaultdict(list))
    wishes: list[Wish] = field(default_factory=list)

    def wish(self, number: int, size: int) -> Wish:
        """The next wish, the `number`th of `size`."""
        is_urgent = number % URGENT_EVERY == 0 or number == noon(size)
        urgent = [offer for offer in self.wanted if is_urgent and offer.id == URGENT_SERVICE]
        offer = self._pick(urgent or self.wanted)
        clash = self._clash(offer) if number % CLASH_EVERY == CLASH_EVERY - 1 else None
        slot, volunteers, rival = clash or self._free(offer, number / size)
        ending = self._ending(bool(volunteers), rival is not None)
        if ending == "triaged":
            volunteers = ()
        else:
            self.booked[volunteers[-1]].append(slot)
        resident = self._pick(people) if (people := self.people[offer.id]) else None
        by_unit = offer.lead_unit if offer.lead_unit != OFFICE and self.rng.random() < 0.15 else None
        channel: Channel = "unit" if by_unit else self._pick(CHANNELS)
        return Wish(
            number=number,
            service=offer.id,
            # A unit's system knows no resident's id: it names the grid.
            resident=None if by_unit else resident,
            grid=self._grid(resident),
            channel="alert" if offer.id == "service-watch-area-alert" and not by_unit else channel,
            by_unit=by_unit,
            text=self._pick(TEXTS) if self.rng.random() < 0.3 else None,
            priority=_priority(offer, None if resident is None else self.residents[resident]),
            ending=ending,
            slot=slot,
            volunteers=volunteers,
            rival=rival,
            visit=self._visit(volunteers),
        )

    def _clash(self, offer: Offer) -> tuple[Minutes, tuple[int, ...], int] | None:
        """A slot in which a volunteer who could go is placed elsewhere, and another who is free then."""
        opens, closes = HOURS[offer.working_hours]
        for rival in reversed(self.wishes):
            slot = rival.slot
            fits = opens <= slot[0] and slot[1] <= closes
            if not (fits and rival.volunteers and offer.takes(self.volunteers[rival.volunteers[-1]])):
                continue
            first = rival.volunteers[-1]
            if (other := next(self._able(offer, slot), None)) is not None:
                return slot, (first, other), rival.number
        return None

    def _free(self, offer: Offer, through_the_day: float) -> tuple[Minutes, tuple[int, ...], None]:
        """A slot near that part of the day, and a volunteer who is free then; none if nobody is all day."""
        opens, closes = HOURS[offer.working_hours]
        length, target = self._pick(LENGTHS), opens + through_the_day * (closes - opens)
        starts = sorted(range(opens, closes - length + 1, 15), key=lambda start: abs(start - target))
        for start in starts:
            slot = (start, start + length)
            if (volunteer := next(self._able(offer, slot), None)) is not None:
                return slot, (volunteer,), None
        return (starts[0], starts[0] + length), (), None

    def _able(self, offer: Offer, slot: Minutes) -> Iterator[int]:
        """Volunteers who can go and are free in `slot`, those with the least to do first."""
        for place in sorted(range(len(self.volunteers)), key=lambda place: (len(self.booked[place]), place)):
            taken = any(start < slot[1] and slot[0] < end for start, end in self.booked[place])
            if not taken and offer.takes(self.volunteers[place]):
                yield place

    def _ending(self, anybody: bool, clashes: bool) -> Ending:
        drawn = self.rng.random()
        if not anybody or (drawn < 0.05 and not clashes):
            return "triaged"
        return "assigned" if drawn < 0.15 else "visited"

    def _visit(self, volunteers: Sequence[int]) -> Visit:
        method, reason = self._pick(CHECK_INS)
        outcome, contact_made = self._pick(OUTCOMES)
        of_office = bool(volunteers) and self.volunteers[volunteers[-1]].unit == OFFICE
        by_unit = self.rng.random() < 0.3 and not of_office
        position = self._position() if method == "gps" else None
        return Visit(method, reason, position, by_unit, outcome, contact_made)

    def _position(self) -> tuple[float, float]:
        latitude, longitude = (round(c + RADIUS * (2 * self.rng.random() - 1), 6) for c in CENTRE)
        return latitude, longitude

    def _grid(self, resident: int | None) -> str:
        return self._pick(self.residents).grid if resident is None else self.residents[resident].grid

    # Every draw goes through random(): the only method whose sequence Python promises to keep for a seed.
    def _pick(self, choices: Sequence[T]) -> T:
        return choices[int(self.rng.random() * len(choices))]


def _priority(offer: Offer, resident: Person | None) -> Priority:
    if offer.response_minutes <= 30:
        return "stat"
    if offer.response_minutes <= 120:
        return "asap"
    return "urgent" if resident is not None and resident.tier == "high" else "routine"
