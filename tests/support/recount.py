"""Figures counted from the events of the log in the plainest way, by docs/figures.md and nothing else.

It shares no code with what it checks: one walk over each request's events for each question.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from math import ceil
from typing import Any

from shared.kernel.cloudevent import CloudEvent

CHINA = timezone(timedelta(hours=8))
MONTH = timedelta(days=30)
ASIDE = {
    "request-marked-duplicate": "duplicates",
    "request-rejected": "rejected",
    "request-withdrawn": "withdrawn",
}
THERE = {"visit-checked-in": "checked_in_at", "visit-no-answer": "at"}
SETS_DUE = ("request-created", "request-triaged", "request-resumed", "request-reopened")

Count = dict[str, Any]


@dataclass
class Story:
    """What was recorded of one request by some moment."""

    events: list[CloudEvent]
    now: datetime

    def all(self, *types: str) -> list[CloudEvent]:
        return [event for event in self.events if event.type in types]

    def last(self, *types: str) -> CloudEvent | None:
        return (self.all(*types) or [None])[-1]  # type: ignore[list-item]

    @property
    def first(self) -> CloudEvent:
        return self.events[0]

    @property
    def created(self) -> datetime:
        return time(self.first.time)

    @property
    def aside(self) -> str | None:
        ended = self.last(*ASIDE, "request-reopened")
        return ASIDE.get(ended.type) if ended is not None else None

    @property
    def resident(self) -> str | None:
        return self._said("resident")

    @property
    def tier(self) -> str | None:
        # A tier goes with its resident.
        named = [event for event in self._facts() if event.data.get("resident") is not None]
        return named[-1].data.get("tier") if named else self.first.data.get("tier")  # type: ignore[return-value]

    @property
    def grid(self) -> str | None:
        return self._said("grid")

    def _facts(self) -> list[CloudEvent]:
        return self.all("request-created", "request-amended")

    def _said(self, name: str) -> str | None:
        said = [event.data[name] for event in self._facts() if event.data.get(name) is not None]
        return str(said[-1]) if said else None

    @property
    def answers_for_it(self) -> str | None:
        taken = self.last("referral-accepted")
        if taken is not None:
            return str(taken.data["unit"])
        units: Any = self.first.data.get("units") or [None]
        return self.first.data.get("lead_unit") or units[0]  # type: ignore[return-value]

    def rounds(self) -> Iterator[list[CloudEvent]]:
        """The events from the creation, or from a reopening, up to the next reopening."""
        begins = [n for n, event in enumerate(self.events) if event.type == "request-reopened"]
        for start, end in zip([0, *begins], [*begins, len(self.events)], strict=True):
            yield self.events[start:end]

    def there(self, events: list[CloudEvent]) -> list[CloudEvent]:
        """When somebody was there in the round of `events`, whenever that was written down."""
        begins = [time(each[0].time) for each in self.rounds()]
        this = [*self.rounds()].index(events)

        def of(at: datetime) -> int:
            return max((n for n, begun in enumerate(begins) if n and begun <= at), default=0)

        return [
            event
            for number, round in enumerate(self.rounds())
            for event in round
            if event.type in THERE and min(number, of(time(event.data[THERE[event.type]]))) == this
        ]

    def in_time(self, events: list[CloudEvent]) -> bool | None:
        """Of one clock: whether in time (True), late (False) or open (None)."""
        there = self.there(events)
        due: datetime | None = None
        stopped: datetime | None = None
        resolved: datetime | None = None
        met: list[datetime] = []
        for event in events:
            if event in there:
                met.append(time(event.data[THERE[event.type]]))
            if event.type in SETS_DUE and not met and event.data.get("due"):
                due = time(event.data["due"])
            if event.type == "request-held":
                stopped = time(event.data["held_at"])
            if event.type == "request-resumed":
                stopped = None
            if event.type == "request-resolved":
                resolved = time(event.data["resolved_at"])
        met = [time(event.data[THERE[event.type]]) for event in there]
        if due is None:
            return None
        if met:
            return min(met) <= due
        until = min(end for end in (self.now, stopped, resolved) if end is not None)
        return False if due < until else None

    @property
    def runs(self) -> bool:
        events = [*self.rounds()][-1]
        held = [e for e in events if e.type in ("request-held", "request-resumed")]
        still = held and held[-1].type == "request-held"
        over = bool(self.there(events)) or any(e.type == "request-resolved" for e in events)
        has_due = any(e.type in SETS_DUE and e.data.get("due") for e in events)
        return bool(has_due and not over and not still and self.in_time(events) is None)

    @property
    def resolution(self) -> datetime | None:
        """The resolution that stands, and is not one of nothing."""
        last = self.last("request-resolved", "request-reopened")
        if last is None or last.type == "request-reopened" or last.data["outcome"] == "not-done":
            return None
        return time(last.data["resolved_at"])

    @property
    def rating(self) -> Mapping[str, Any] | None:
        last = self.last("request-rated", "request-reopened")
        return last.data if last is not None and last.type == "request-rated" else None

    @property
    def contact(self) -> bool:
        made: dict[Any, Any] = {}
        for event in self.all("visit-completed", "visit-amended"):
            if event.data.get("contact_made") is not None:
                made[event.data["visit"]] = event.data["contact_made"]
        return any(made.values())

    def first_there(self) -> datetime | None:
        return min((time(e.data[THERE[e.type]]) for e in self.all(*THERE)), default=None)

    def first_placed(self) -> datetime | None:
        placed = self.all("volunteer-assigned")
        return time(placed[0].time) if placed else None

    def groups(self, by: str, teams: Mapping[str, str]) -> set[Any]:
        if by == "week":
            year, week, _ = self.created.astimezone(CHINA).isocalendar()
            return {f"{year}-W{week:02}"}
        if by == "team":
            return {teams.get(str(event.data["volunteer"])) for event in self.all(*THERE)} or {None}
        named = {"unit": self.answers_for_it, "grid": self.grid}
        return {named[by] if by in named else self.first.data[by]}


def time(text: Any) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)


def stories(events: Sequence[CloudEvent], as_of: datetime) -> list[Story]:
    """The requests of dispatch's log as they were on record at `as_of`."""
    found: dict[str, list[CloudEvent]] = defaultdict(list)
    for event in sorted(events, key=lambda event: (event.stream, event.version)):
        of_request = event.service == "dispatch" and event.stream.startswith("request-")
        if of_request and time(event.recorded) <= as_of and "service" in event.data:
            found[event.stream].append(event)
    begun = [each for each in found.values() if each[0].type == "request-created"]
    return [Story(each, as_of) for each in begun]


def recount(
    events: Sequence[CloudEvent],
    start: datetime,
    end: datetime,
    as_of: datetime,
    by: str | None = None,
    teams: Mapping[str, str] | None = None,
) -> tuple[Count, dict[str | None, Count]]:
    """All figures by the names of the table's columns: of all requests, and of each group."""
    known = stories(events, as_of)
    chosen = [story for story in known if start <= story.created < end]
    groups: dict[str | None, list[Story]] = defaultdict(list)
    for story in chosen if by is not None else ():
        for group in story.groups(str(by), teams or {}):
            groups[group].append(story)
    return count(chosen, known), {group: count(some, known) for group, some in groups.items()}


def count(some: Sequence[Story], known: Sequence[Story]) -> Count:
    """The figures of `some`; `known` are all, for repeats."""
    counted = [story for story in some if story.aside is None]
    found: Count = {"requests": len(some), "counted": len(counted)}
    for name in ASIDE.values():
        found[name] = sum(story.aside == name for story in some)
    found["running"] = sum(story.runs for story in counted)
    found["reopenings"] = sum(len(story.all("request-reopened")) for story in counted)
    ratings = [story.rating for story in counted if story.rating is not None]
    points = [int(rating["satisfaction"]) for rating in ratings]
    mean = Decimal(sum(points)) / len(points) if points else None
    found["satisfaction_mean"] = rounded(mean, "0.01")
    residents = {s.resident for s in counted if s.resident is not None and s.tier in ("high", "key")}
    met = {s.resident for s in counted if s.tier in ("high", "key") and s.contact}
    answered: dict[str, list[bool | None]] = {
        "response_rate": [story.in_time(next(story.rounds())) for story in counted],
        "on_time_rate": [story.in_time(clock) for story in counted for clock in story.rounds()],
        "resolution_rate": [story.resolution is not None for story in counted],
        "solved_rate": [bool(rating["solved"]) for rating in ratings],
        "satisfaction_rate": [point > 3 for point in points],
        "repeat_rate": [repeats(story, known) for story in counted if story.resident is not None],
        "reopening_rate": [
            bool(story.all("request-reopened")) for story in counted if story.all("request-resolved")
        ],
        "coverage": [bool(story.all("visit-checked-in")) for story in counted],
        "reached": [resident in met for resident in residents],
    }
    for name, answers in answered.items():
        known_answers = [answer for answer in answers if answer is not None]
        found[f"{name}_of"] = len(known_answers)
        found[f"{name}_count"] = sum(known_answers)
        share = Decimal(sum(known_answers)) / len(known_answers) if known_answers else None
        found[name] = rounded(share, "0.0001")
    found |= times("assign", [(story.created, story.first_placed()) for story in counted])
    found |= times("visit", [(story.created, story.first_there()) for story in counted])
    found |= times("resolve", [(story.created, story.resolution) for story in counted])
    return found


def repeats(story: Story, known: Sequence[Story]) -> bool:
    """Whether somebody had to ask again."""
    for other in known:
        same = other.resident == story.resident and other.first.data["service"] == story.first.data["service"]
        if other is story or other.first.stream == story.first.stream or other.aside or not same:
            continue
        for event in other.all("request-resolved"):
            if timedelta() <= story.created - time(event.data["resolved_at"]) <= MONTH:
                return True
    return False


def times(name: str, spans: Sequence[tuple[datetime, datetime | None]]) -> Count:
    """Median and 90th percentile of some spans."""
    took = sorted(max(end - start, timedelta()) for start, end in spans if end is not None)

    def at(part: Decimal) -> float | None:
        if not took:
            return None
        span = took[max(ceil(part * len(took)), 1) - 1]
        return rounded(Decimal(span // timedelta(milliseconds=1)) / 60_000, "0.1")

    return {
        f"minutes_to_{name}_median": at(Decimal("0.5")),
        f"minutes_to_{name}_p90": at(Decimal("0.9")),
        f"minutes_to_{name}_of": len(took),
    }


def rounded(value: Decimal | None, to: str) -> float | None:
    return None if value is None else float(value.quantize(Decimal(to), ROUND_HALF_UP))
