"""What a volunteer or a unit has to do, or had: assignments and visits, by ids and codes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from services.dispatch.agenda import days_of
from services.dispatch.rows import Row, Work


@dataclass(frozen=True, slots=True)
class Whose:
    """Of whom: a volunteer, or all who go for a unit; with both, a volunteer when going for that unit."""

    volunteer: str | None = None
    unit: str | None = None

    def has(self, work: Work) -> bool:
        """Whether `work` is theirs."""
        _, volunteer, unit, *_ = work
        return (self.volunteer in (None, volunteer)) and (self.unit in (None, unit))


def work_of(
    rows: Iterable[Row], whose: Whose, communities: Collection[str], first: str, last: str | None = None
) -> list[tuple[Row, Work]]:
    """Their work in `rows` that touches the days of China from `first` on, up to and with `last` if that is
    said; by its start."""
    found = [
        (row, work)
        for row in rows
        if row.community in communities
        for work in row.work
        if whose.has(work) and any(_is_between(day, first, last) for day in days_of(work[3], work[4]))
    ]
    return sorted(found, key=lambda each: (each[1][3], each[0].place, each[1][0]))


def once(work: Iterable[tuple[Row, Work]]) -> Iterator[tuple[Row, Work]]:
    """The same without assignments of which a visit is planned: that says when."""
    all_of_it = [*work]
    visits = [(row.id, each) for row, each in all_of_it if _is_visit(each)]
    for row, each in all_of_it:
        planned = any(id == row.id and _covers(each, visit) for id, visit in visits)
        if _is_visit(each) or not planned:
            yield row, each


def _is_visit(work: Work) -> bool:
    return work[0].startswith("visit-")


def _covers(assignment: Work, visit: Work) -> bool:
    return assignment[1] == visit[1] and assignment[3] <= visit[3] and visit[4] <= assignment[4]


def _is_between(day: str, first: str, last: str | None) -> bool:
    return first <= day and (last is None or day <= last)
