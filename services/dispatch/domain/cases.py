"""The case of a request: of all that happened to it, what figures are made from. Defined in docs/figures.md.

Moments are whole milliseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from services.dispatch.domain.concerned import Parts, parts_after
from services.dispatch.domain.steps import Step
from shared.events.dispatch import (
    DuplicateJoined,
    ReferralAccepted,
    RequestAmended,
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
    VisitAmended,
    VisitCheckedIn,
    VisitCompleted,
    VisitNoAnswer,
    VolunteerAssigned,
)


class Round(NamedTuple):
    """A clock: the first one runs from the creation, another from each reopening.

    It began at `since`, stands still since `held_at`, and has ended at `ended_at`, by a resolution.
    """

    due: int | None = None
    met_at: int | None = None
    held_at: int | None = None
    ended_at: int | None = None
    since: int = 0

    def in_time(self, now: int) -> bool | None:
        """Whether somebody was there by `due`; None while that is open, or if it never had to come to it."""
        if self.due is None:
            return None
        if self.met_at is not None:
            return self.met_at <= self.due
        ran_until = min(end for end in (now, self.held_at, self.ended_at) if end is not None)
        return False if self.due < ran_until else None


class Case(NamedTuple):
    """A request as of some version.

    `base` are the units that it concerns whoever goes, `parts` what other units have to do with it. `aside`
    says how it ended if it was none to be met: `duplicate`, `rejected`, `withdrawn`. `went` are those who
    were there, each with the unit; `contacts` the visits at which the resident was met.
    """

    community: str
    service: str
    category: str
    grid: str
    created_at: int
    base: tuple[str, ...]
    resident: str | None
    tier: str | None
    answers_for_it: str | None
    """The unit that took it over, or else the lead unit."""
    rounds: tuple[Round, ...]
    parts: Parts = ()
    aside: str | None = None
    assigned_at: int | None = None
    visited_at: int | None = None
    checked_in: bool = False
    went: tuple[tuple[str, str], ...] = ()
    contacts: frozenset[str] = frozenset()
    resolved_at: int | None = None
    outcome: str | None = None
    resolutions: tuple[int, ...] = ()
    solved: bool | None = None
    satisfaction: int | None = None

    @property
    def units(self) -> frozenset[str]:
        """The units that it concerns now."""
        return frozenset((*self.base, *(unit for _, unit in self.parts)))

    @property
    def done(self) -> bool:
        """Whether it is resolved, or closed after that, and not for nothing."""
        return self.resolved_at is not None and self.outcome != "not-done"


def case_of(steps: Iterable[Step], as_of: int | None = None) -> Case | None:
    """The case after those of `steps` that were recorded by `as_of`; None if it was not there yet."""
    case: Case | None = None
    for step in steps:
        if as_of is not None and step.recorded > as_of:
            break
        case = evolve(case, step)
    return case


def evolve(case: Case | None, step: Step) -> Case | None:
    """The case after `step`; the same one if it changes nothing."""
    if case is None:
        return _created(step) if step.type == RequestCreated.type else None
    meaning = _MEANINGS.get(step.type)
    if meaning is not None:
        case = meaning(case, step)
    if (parts := parts_after(case.parts, step)) != case.parts:
        case = case._replace(parts=parts)
    return case


def _created(step: Step) -> Case:
    said = step.said
    units = tuple(said.get("units", ()))
    return Case(
        community=said["community"],
        service=said["service"],
        category=said["category"],
        grid=said["grid"],
        created_at=step.at,
        base=units,
        resident=said.get("resident"),
        tier=said.get("tier"),
        # Of a service's units the lead unit is named first.
        answers_for_it=said.get("lead_unit") or next(iter(units), None),
        rounds=(Round(due=said.get("due")),),
    )


def _amended(case: Case, step: Step) -> Case:
    said = step.said
    case = case._replace(grid=said["grid"])
    if "resident" in said:
        case = case._replace(resident=said["resident"], tier=said.get("tier"))
    return case


def _due(case: Case, step: Step) -> Case:
    """`due` is set, unless the clock was met: then it stays as it is."""
    clock = case.rounds[-1]
    return case if clock.met_at is not None else _clocked(case, due=step.said.get("due", clock.due))


def _resumed(case: Case, step: Step) -> Case:
    return _clocked(_due(case, step), held_at=None)


def _clocked(case: Case, **said: Any) -> Case:
    return case._replace(rounds=(*case.rounds[:-1], case.rounds[-1]._replace(**said)))


def _joined(case: Case, step: Step) -> Case:
    return case._replace(base=tuple(dict.fromkeys((*case.base, *step.said.get("units", ())))))


def _set_aside(case: Case, step: Step) -> Case:
    return case._replace(aside=_ASIDE[step.type])


def _held(case: Case, step: Step) -> Case:
    return _clocked(case, held_at=step.said["held_at"])


def _assigned(case: Case, step: Step) -> Case:
    return case if case.assigned_at is not None else case._replace(assigned_at=step.at)


def _checked_in(case: Case, step: Step) -> Case:
    return _was_there(case, step, step.said["checked_in_at"])._replace(checked_in=True)


def _no_answer(case: Case, step: Step) -> Case:
    return _was_there(case, step, step.said["at"])


def _was_there(case: Case, step: Step, at: int) -> Case:
    # Written down after a reopening, a visit before it is of the round before.
    then = max((n for n, each in enumerate(case.rounds) if each.since <= at), default=0)
    met = case.rounds[then].met_at
    again = case.rounds[then]._replace(met_at=at if met is None else min(met, at))
    case = case._replace(rounds=(*case.rounds[:then], again, *case.rounds[then + 1 :]))
    first = at if case.visited_at is None else min(case.visited_at, at)
    who = (step.said["volunteer"], step.said["unit"])
    went = case.went if who in case.went else (*case.went, who)
    return case._replace(visited_at=first, went=went)


def _contact(case: Case, step: Step) -> Case:
    if "contact_made" not in step.said:
        return case
    visit = {step.said["visit"]}
    contacts = case.contacts | visit if step.said["contact_made"] else case.contacts - visit
    return case._replace(contacts=contacts)


def _resolved(case: Case, step: Step) -> Case:
    at = step.said["resolved_at"]
    resolutions = (*case.resolutions, at)
    case = case._replace(resolved_at=at, outcome=step.said["outcome"], resolutions=resolutions)
    return _clocked(case, ended_at=at)


def _rated(case: Case, step: Step) -> Case:
    return case._replace(solved=step.said["solved"], satisfaction=step.said["satisfaction"])


def _reopened(case: Case, step: Step) -> Case:
    again = (*case.rounds, Round(due=step.said["due"], since=step.at))
    return case._replace(
        rounds=again, aside=None, resolved_at=None, outcome=None, solved=None, satisfaction=None
    )


def _taken_over(case: Case, step: Step) -> Case:
    return case._replace(answers_for_it=step.said["unit"])


_ASIDE: Mapping[str, str] = {
    RequestMarkedDuplicate.type: "duplicate",
    RequestRejected.type: "rejected",
    RequestWithdrawn.type: "withdrawn",
}
_MEANINGS: Mapping[str, Callable[[Case, Step], Case]] = {
    RequestTriaged.type: _due,
    RequestAmended.type: _amended,
    DuplicateJoined.type: _joined,
    RequestMarkedDuplicate.type: _set_aside,
    RequestRejected.type: _set_aside,
    RequestWithdrawn.type: _set_aside,
    RequestHeld.type: _held,
    RequestResumed.type: _resumed,
    RequestResolved.type: _resolved,
    RequestRated.type: _rated,
    RequestReopened.type: _reopened,
    VolunteerAssigned.type: _assigned,
    VisitCheckedIn.type: _checked_in,
    VisitNoAnswer.type: _no_answer,
    VisitCompleted.type: _contact,
    VisitAmended.type: _contact,
    ReferralAccepted.type: _taken_over,
}
