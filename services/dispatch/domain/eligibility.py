"""Who can be sent: what a volunteer lacks for a piece of work at a certain time.

Hard, so that neither staff nor the rule can place or ask the volunteer:
`training-missing`, `training-expired`, `volunteer-not-free`, `load-cap-reached`.

Soft, since a person may ask a person: staff can place the volunteer all the same, and the rule that asks by
itself does not: `skills-missing`, `not-available`, `no-common-language`.

Nothing said is no obstacle: without a load cap there is none; without a weekly availability it is always;
of a resident whose languages are unknown any will do. But a volunteer who has named no language has none in
common with a resident who has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.dispatch.domain import refusals
from services.dispatch.domain.working_time import LOCAL
from shared.events.dispatch import Slot
from shared.events.registry import DateException, Opening, Span, Team, Tier, Training, VolunteerRegistered
from shared.folds.calendar import Calendar
from shared.kernel.canonical import Json
from shared.kernel.decider import Refused

HARD = frozenset({"training-missing", "training-expired", "volunteer-not-free", "load-cap-reached"})

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What dispatch knows of a volunteer, from registry. `availability` and each exception's spans begin one
    after the other."""

    id: str
    community: str
    unit: str
    team: Team
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    trainings: tuple[Training, ...] = ()
    availability: tuple[Opening, ...] = ()
    exceptions: tuple[DateException, ...] = ()
    load_cap: int | None = None


def candidate(id: str, facts: VolunteerRegistered) -> Candidate:
    """The volunteer that registry's `facts` are of."""
    return Candidate(
        id=id,
        community=facts.community,
        unit=facts.unit,
        team=facts.team,
        skills=frozenset(facts.skills),
        languages=frozenset(facts.languages),
        trainings=facts.trainings,
        availability=tuple(sorted(facts.availability, key=lambda opening: opening.opens)),
        exceptions=facts.exceptions,
        load_cap=facts.load_cap,
    )


@dataclass(frozen=True, slots=True)
class Part:
    """What lies of a slot in one day in China: `date`, its weekday, from when to when (`HH:MM`, `24:00` its
    end, with seconds only if there are some)."""

    date: str
    day: str
    opens: str
    closes: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The work: when, and what it asks of whoever goes. `languages` are the resident's; none, if unknown."""

    slot: Slot
    skills: tuple[str, ...] = ()
    training: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset()
    grid: str | None = None
    tier: Tier | None = None
    parts: tuple[Part, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(_parts(self.slot)))


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What a volunteer lacks, by a stable code; `facts` say what exactly."""

    code: str
    facts: dict[str, Json] = field(default_factory=dict)

    @property
    def hard(self) -> bool:
        """Whether nobody can place the volunteer."""
        return self.code in HARD


def shortfalls(
    candidate: Candidate, wanted: Wanted, calendars: Sequence[Calendar] = (), duty: str = ""
) -> tuple[Shortfall, ...]:
    """All that `candidate` lacks, the hard ones first; nothing, if there is nothing.

    `calendars` are those of the ISO weeks (UTC) that the slot touches. `duty` is what the time is taken for
    already, if it is, which is no obstacle to itself.
    """
    found = _training(candidate, wanted) if wanted.training else []
    for calendar in calendars:
        conflict = calendar.conflict(duty, wanted.slot)
        if conflict is not None:
            found.append(Shortfall("volunteer-not-free", {"conflict": conflict.id}))
            break
    cap = candidate.load_cap
    if cap is not None and (load := load_of(calendars, duty)) >= cap:
        found.append(Shortfall("load-cap-reached", {"load": load, "cap": cap}))
    if not candidate.skills.issuperset(wanted.skills):
        missing: list[Json] = [skill for skill in wanted.skills if skill not in candidate.skills]
        found.append(Shortfall("skills-missing", {"skills": missing}))
    if candidate.availability or candidate.exceptions:
        dates: list[Json] = [part.date for part in wanted.parts if not _available(candidate, part)]
        if dates:
            found.append(Shortfall("not-available", {"dates": dates}))
    if wanted.languages and wanted.languages.isdisjoint(candidate.languages):
        languages: list[Json] = [*sorted(wanted.languages)]
        found.append(Shortfall("no-common-language", {"languages": languages}))
    return tuple(found)


def require_eligible(
    candidate: Candidate, wanted: Wanted, calendars: Sequence[Calendar] = (), duty: str = ""
) -> None:
    """Raises Refused with the code and the facts of the first hard shortfall."""
    for found in shortfalls(candidate, wanted, calendars, duty):
        match found.code:
            case "training-missing":
                raise Refused("training-missing", refusals.TRAINING_MISSING, **found.facts)
            case "training-expired":
                raise Refused("training-expired", refusals.TRAINING_EXPIRED, **found.facts)
            case "volunteer-not-free":
                raise Refused("volunteer-not-free", refusals.NOT_FREE, **found.facts)
            case "load-cap-reached":
                raise Refused("load-cap-reached", refusals.LOAD_CAP_REACHED, **found.facts)


def load_of(calendars: Sequence[Calendar], duty: str = "") -> int:
    """How many duties other than `duty` there are in the fullest of the weeks."""
    loads = [len([each for each in calendar.duties if each.id != duty]) for calendar in calendars]
    return max(loads) if loads else 0


def _training(candidate: Candidate, wanted: Wanted) -> list[Shortfall]:
    """A training must be valid until the slot is over."""
    missing: list[Json] = []
    expired: list[Json] = []
    had = {training.course: training.expires_at for training in candidate.trainings}
    for course in wanted.training:
        if course not in had:
            missing.append(course)
        elif (until := had[course]) is not None and until < wanted.slot.end:
            expired.append(course)
    found = [Shortfall("training-missing", {"courses": missing})] if missing else []
    return [*found, Shortfall("training-expired", {"courses": expired})] if expired else found


def _available(candidate: Candidate, part: Part) -> bool:
    """A date's exception goes before the week."""
    for exception in candidate.exceptions:
        if exception.date == part.date:
            whole = exception.available and not exception.spans
            return whole or _covered(part, exception.spans)
    if not candidate.availability:
        return True
    return _covered(part, [opening for opening in candidate.availability if opening.day == part.day])


def _covered(part: Part, spans: Sequence[Span | Opening]) -> bool:
    """Whether somebody is free all through `part`; spans that touch are one."""
    reached = part.opens
    for span in spans:
        if span.opens <= reached < span.closes:
            reached = span.closes
    return reached >= part.closes


def _parts(slot: Slot) -> Iterator[Part]:
    start, end = slot.start.astimezone(LOCAL), slot.end.astimezone(LOCAL)
    while start < end:
        midnight = datetime.combine(start.date() + _DAY, datetime.min.time(), LOCAL)
        closes = "24:00" if end >= midnight else _clock(end)
        yield Part(start.date().isoformat(), _DAYS[start.weekday()], _clock(start), closes)
        start = midnight


def _clock(moment: datetime) -> str:
    """`HH:MM`, with seconds only if there are some, so that text order is the order of time."""
    exact = moment.second or moment.microsecond
    return f"{moment:%H:%M:%S.%f}" if exact else f"{moment.hour:02}:{moment.minute:02}"
