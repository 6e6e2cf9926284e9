"""Who is best sent: volunteers in order, each with what speaks for it and what it lacks.

First come those who can be placed (no hard shortfall), then by `score`, then by id. The score is the sum of:

| what | points |
|---|---|
| `first-choice`: the request was reopened, and this volunteer was there before | 40 |
| `skills`: has what the service asks for | 30, by the share of it that is there |
| `visited-before`: has visited this resident | 25 |
| `common-language`: speaks one of the resident's languages | 15 |
| `same-grid`, `near-grid`: was on duty there lately | 10, 5 |
| `trained`: each training that the service asks for is valid | 0: who has it not cannot be placed |
| `free`: has the time, and said so | 5 |
| `load`: each duty in that week | -2, -20 at the most |
| `not-available`: is outside of the times that were named | -20 |
| `asked-before`: was asked for this request, and has not answered | -10 |
| `declined-before`: has declined this request | -50 |

The last three are shortfalls, soft ones: such a volunteer is not asked by rule. Grids have no geometry here:
near are those whose codes end in neighbouring numbers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.dispatch.domain.eligibility import HARD, Candidate, Shortfall, Wanted, load_of, shortfalls
from shared.folds.calendar import Calendar
from shared.kernel.canonical import Json

FIRST_CHOICE, SKILLED, VISITED, LANGUAGE, SAME_GRID, NEAR_GRID, FREE, BUSY = 40, 30, 25, 15, 10, 5, 5, -2
LACKING = {"not-available": -20, "asked-before": -10, "declined-before": -50}
FULL = 10
"""Duties a week from which more of them make no difference any more."""

_UNTRAINED = frozenset({"training-missing", "training-expired"})
_AWAY = frozenset({"not-available", "volunteer-not-free"})
_NUMBERED = re.compile(r"^(.*?)(\d+)$")


@dataclass(frozen=True, slots=True)
class Reason:
    """What speaks for or against a volunteer, by a stable code, and how much; `facts` say what exactly."""

    code: str
    points: int
    facts: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What dispatch has seen of volunteers, by their ids.

    `calendars`: those of the weeks that the slot touches. `visited`: who has visited this resident, and the
    day (`YYYY-MM-DD`) of the last time. `grids`: where each was on duty lately. `asked`: who was asked
    for this request, and has not answered; `declined`: who has declined it.
    """

    calendars: Mapping[str, Sequence[Calendar]] = field(default_factory=dict)
    visited: Mapping[str, str] = field(default_factory=dict)
    grids: Mapping[str, Collection[str]] = field(default_factory=dict)
    asked: Collection[str] = frozenset()
    declined: Collection[str] = frozenset()
    first_choice: str | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A volunteer in the order. `eligible`: staff can place the volunteer."""

    candidate: Candidate
    eligible: bool
    score: int
    reasons: tuple[Reason, ...]
    shortfalls: tuple[Shortfall, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing is lacking, so that the rule may ask the volunteer by itself."""
        return not self.shortfalls


def rank(wanted: Wanted, candidates: Iterable[Candidate], known: Known) -> list[Ranked]:
    """All `candidates`, the best first. Whatever the order of what is given, the answer is the same."""
    near = near_grids(wanted.grid)
    ranked = [_judged(wanted, each, known, near) for each in candidates]
    ranked.sort(key=lambda each: (not each.eligible, -each.score, each.candidate.id))
    return ranked


def choose(ranked: Sequence[Ranked]) -> Ranked | None:
    """Whom the rule asks by itself: the first who lacks nothing; None, if everybody lacks something."""
    return next((each for each in ranked if each.ready), None)


def near_grids(grid: str | None) -> frozenset[str]:
    """The codes next to `grid`: of `shaba-03` they are `shaba-02` and `shaba-04`."""
    numbered = _NUMBERED.match(grid) if grid is not None else None
    if numbered is None:
        return frozenset()
    name, number = numbered.groups()
    beside = (int(number) - 1, int(number) + 1)
    return frozenset(f"{name}{each:0{len(number)}d}" for each in beside if each >= 0)


def _judged(wanted: Wanted, candidate: Candidate, known: Known, near: frozenset[str]) -> Ranked:
    calendars = known.calendars.get(candidate.id, ())
    lacks = shortfalls(candidate, wanted, calendars)
    if candidate.id in known.declined:
        lacks = (*lacks, Shortfall("declined-before"))
    elif candidate.id in known.asked:
        lacks = (*lacks, Shortfall("asked-before"))
    codes = {each.code for each in lacks}
    reasons = _of_the_work(wanted, candidate, codes)
    reasons += _of_the_past(wanted, candidate.id, known, near)
    if calendars and (load := load_of(calendars)):
        reasons.append(Reason("load", BUSY * min(load, FULL), {"load": load}))
    score = sum([each.points for each in reasons]) + sum([LACKING.get(code, 0) for code in codes])
    return Ranked(candidate, HARD.isdisjoint(codes), score, tuple(reasons), lacks)


def _of_the_work(wanted: Wanted, candidate: Candidate, codes: set[str]) -> list[Reason]:
    reasons = []
    if wanted.skills:
        have: list[Json] = [skill for skill in wanted.skills if skill in candidate.skills]
        if have:
            reasons.append(Reason("skills", SKILLED * len(have) // len(wanted.skills), {"skills": have}))
    if wanted.training and _UNTRAINED.isdisjoint(codes):
        reasons.append(Reason("trained", 0, {"courses": [*wanted.training]}))
    if shared := wanted.languages & candidate.languages:
        reasons.append(Reason("common-language", LANGUAGE, {"languages": [*sorted(shared)]}))
    if (candidate.availability or candidate.exceptions) and _AWAY.isdisjoint(codes):
        reasons.append(Reason("free", FREE))
    return reasons


def _of_the_past(wanted: Wanted, id: str, known: Known, near: frozenset[str]) -> list[Reason]:
    reasons = []
    if id == known.first_choice:
        reasons.append(Reason("first-choice", FIRST_CHOICE))
    if (last := known.visited.get(id)) is not None:
        reasons.append(Reason("visited-before", VISITED, {"last": last}))
    if not (grids := known.grids.get(id)):
        return reasons
    if wanted.grid in grids:
        reasons.append(Reason("same-grid", SAME_GRID, {"grid": wanted.grid}))
    elif beside := sorted(near.intersection(grids)):
        reasons.append(Reason("near-grid", NEAR_GRID, {"grid": beside[0]}))
    return reasons
