"""Figures of many requests: rates, times, and what they are grouped by. Defined in docs/figures.md."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.dispatch.domain.cases import Case
from services.dispatch.domain.working_time import LOCAL

By = Literal["service", "category", "unit", "team", "grid", "week"]
Number = int | float | None

REPEAT_MS = 30 * 24 * 3600 * 1000
SATISFIED = 4
VULNERABLE = ("high", "key")


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of`."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """From 0 to 1 with four digits, half of the last one up; None of nothing."""
        return (20_000 * self.count + self.of) // (2 * self.of) / 10_000 if self.of else None


@dataclass(frozen=True, slots=True)
class Spans:
    """How long it took, `of` times; minutes of wall-clock time with one digit, None of nothing."""

    of: int
    median: float | None
    p90: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Of some requests, as of some moment."""

    requests: int
    duplicates: int
    rejected: int
    withdrawn: int
    counted: int
    running: int
    reopenings: int
    response_rate: Share
    on_time_rate: Share
    resolution_rate: Share
    solved_rate: Share
    satisfaction_rate: Share
    satisfaction_mean: float | None
    repeat_rate: Share
    reopening_rate: Share
    coverage: Share
    reached: Share
    minutes_to_assign: Spans
    minutes_to_visit: Spans
    minutes_to_resolve: Spans

    def flat(self) -> dict[str, Number]:
        """Each number by a name of its own: that of a share is its figure's, beside `_count` and `_of`."""
        found: dict[str, Number] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, Share):
                found |= {name: value.value, f"{name}_count": value.count, f"{name}_of": value.of}
            elif isinstance(value, Spans):
                found |= {f"{name}_median": value.median, f"{name}_p90": value.p90, f"{name}_of": value.of}
            else:
                found[name] = value
        return found


@dataclass(frozen=True, slots=True)
class Period:
    """Requests that were taken in from `start` on and before `end`, as it was known at `as_of`."""

    start: int
    end: int
    as_of: int

    def has(self, case: Case) -> bool:
        """Whether the request is one of these."""
        return self.start <= case.created_at < self.end


@dataclass(frozen=True, slots=True)
class Grouping:
    """By what requests are told apart. `teams` says the team of a volunteer. If `unit` is set, other units
    are not told by name, nor is who of them went."""

    by: By
    teams: Mapping[str, str]
    unit: str | None = None

    def of(self, case: Case) -> Collection[str | None]:
        """The groups that a request is in: one, or as many as teams went. None for what has no such thing."""
        match self.by:
            case "service":
                return (case.service,)
            case "category":
                return (case.category,)
            case "grid":
                return (case.grid,)
            case "week":
                return (week_of(case.created_at),)
            case "unit":
                unit = case.answers_for_it
                return (unit if self.unit is None or unit == self.unit else None,)
            case "team":
                own = [who for who, unit in case.went if self.unit is None or unit == self.unit]
                return {self.teams.get(who) for who in own} or (None,)


def week_of(at: int) -> str:
    """The ISO week of a moment by China's time: `2026-W48`."""
    year, week, _ = datetime.fromtimestamp(at / 1000, LOCAL).isocalendar()
    return f"{year}-W{week:02d}"


def weeks_from(weeks: Iterable[str]) -> Iterator[str]:
    """Every week from the first of `weeks` to the last."""
    days = sorted(datetime.strptime(f"{week}-1", "%G-W%V-%u").replace(tzinfo=LOCAL) for week in weeks)
    for week in range((days[-1] - days[0]).days // 7 + 1 if days else 0):
        yield f"{days[0] + timedelta(weeks=week):%G-W%V}"


def figures_of(cases: Iterable[Case], period: Period) -> Figures:
    """The figures of those of `cases` that are of the period."""
    known = list(cases)
    chosen = [case for case in known if period.has(case)]
    return _figures(chosen, _repeats(chosen, known), period.as_of)


def grouped(
    cases: Iterable[Case], period: Period, grouping: Grouping
) -> tuple[Figures, dict[str | None, Figures]]:
    """The figures of all, and of each group in the order of its name, without one last."""
    known = list(cases)
    chosen = [case for case in known if period.has(case)]
    repeats = _repeats(chosen, known)
    groups: dict[str | None, list[Case]] = {}
    for case in chosen:
        for group in grouping.of(case):
            groups.setdefault(group, []).append(case)
    ordered = sorted(groups, key=lambda group: (group is None, group or ""))
    found = {group: _figures(groups[group], repeats, period.as_of) for group in ordered}
    return _figures(chosen, repeats, period.as_of), found


def _repeats(chosen: Sequence[Case], known: Sequence[Case]) -> frozenset[int]:
    """Which of `chosen`, by `id()`, are asked for again soon after the one before was resolved."""
    asked = {(case.resident, case.service) for case in chosen if case.resident is not None}
    resolved: dict[tuple[str | None, str], list[tuple[Case, int]]] = {}
    for case in known:
        who = (case.resident, case.service)
        if case.aside is None and case.resolutions and who in asked:
            resolved.setdefault(who, []).extend((case, at) for at in case.resolutions)
    return frozenset(
        id(case)
        for case in chosen
        if any(
            other is not case and 0 <= case.created_at - at <= REPEAT_MS
            for other, at in resolved.get((case.resident, case.service), ())
        )
    )


def _figures(cases: Sequence[Case], repeats: frozenset[int], now: int) -> Figures:
    counted = [case for case in cases if case.aside is None]
    aside = [case.aside for case in cases if case.aside is not None]
    first = [case.rounds[0].in_time(now) for case in counted]
    clocks = [clock.in_time(now) for case in counted for clock in case.rounds]
    rated = [case.satisfaction for case in counted if case.satisfaction is not None]
    once_done = [case for case in counted if case.resolutions]
    return Figures(
        requests=len(cases),
        duplicates=aside.count("duplicate"),
        rejected=aside.count("rejected"),
        withdrawn=aside.count("withdrawn"),
        counted=len(counted),
        running=sum(_runs(case, now) for case in counted),
        reopenings=sum(len(case.rounds) - 1 for case in counted),
        response_rate=_said(first),
        on_time_rate=_said(clocks),
        resolution_rate=_said([case.done for case in counted]),
        solved_rate=_said([case.solved for case in counted]),
        satisfaction_rate=_said([given >= SATISFIED for given in rated]),
        satisfaction_mean=(200 * sum(rated) + len(rated)) // (2 * len(rated)) / 100 if rated else None,
        repeat_rate=_said([id(case) in repeats for case in counted if case.resident is not None]),
        reopening_rate=_said([len(case.rounds) > 1 for case in once_done]),
        coverage=_said([case.checked_in for case in counted]),
        reached=_reached(counted),
        minutes_to_assign=_spans(counted, [case.assigned_at for case in counted]),
        minutes_to_visit=_spans(counted, [case.visited_at for case in counted]),
        minutes_to_resolve=_spans(counted, [case.resolved_at if case.done else None for case in counted]),
    )


def _runs(case: Case, now: int) -> bool:
    clock = case.rounds[-1]
    still = (clock.met_at, clock.held_at, clock.ended_at) == (None, None, None)
    return still and clock.due is not None and now <= clock.due


def _said(answers: Sequence[bool | None]) -> Share:
    known = [answer for answer in answers if answer is not None]
    return Share(known.count(True), len(known))


def _reached(counted: Sequence[Case]) -> Share:
    asked = [case for case in counted if case.resident is not None and case.tier in VULNERABLE]
    met = {case.resident for case in asked if case.contacts}
    return Share(len(met), len({case.resident for case in asked}))


def _spans(cases: Sequence[Case], ends: Sequence[int | None]) -> Spans:
    pairs = zip(cases, ends, strict=True)
    took = sorted(max(end - case.created_at, 0) for case, end in pairs if end is not None)
    return Spans(len(took), _minutes(nearest_rank(took, 50)), _minutes(nearest_rank(took, 90)))


def nearest_rank(ordered: Sequence[int], percent: int) -> int | None:
    """The smallest of `ordered` that at least `percent` in a hundred of them do not exceed; None of none."""
    return ordered[(percent * len(ordered) + 99) // 100 - 1] if ordered else None


def _minutes(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else (milliseconds + 3000) // 6000 / 10
