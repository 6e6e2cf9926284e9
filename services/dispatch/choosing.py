"""Which requests are asked for: by what their rows say."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.dispatch.rows import Row


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a search; `services` are those whose names have it."""

    text: str
    services: frozenset[str] = frozenset()

    def is_in(self, row: Row) -> bool:
        """Whether the public fields of `row` have it: its service's names, category, grid, the id's end."""
        if row.service in self.services or self.text in row.category or self.text in row.grid:
            return True
        return row.id.endswith(self.text)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a request must be to be shown.

    `only` names fields of the row and their values; of one with several values (`units`, `volunteers`,
    `alarms`) one must be so. `anyone` are volunteers of whom one must go. `unit` is that of a unit's client:
    what concerns it is shown, and who goes for it. Times are as they are written.
    """

    communities: Collection[str]
    statuses: frozenset[str] | None = None
    only: Mapping[str, str] = field(default_factory=dict)
    unit: str | None = None
    anyone: frozenset[str] | None = None
    due_before: str | None = None
    due_after: str | None = None
    words: Sequence[Word] = ()

    def among(self, statuses: Collection[str]) -> Choice:
        """The same, of `statuses` alone."""
        kept = frozenset(statuses) if self.statuses is None else self.statuses.intersection(statuses)
        return replace(self, statuses=kept)

    def fits(self, row: Row) -> bool:
        """Whether `row` is to be shown."""
        if row.community not in self.communities or not row.has(self.only):
            return False
        if self.statuses is not None and row.status not in self.statuses:
            return False
        if self.unit is not None and not self._is_theirs(row):
            return False
        if self.anyone is not None and self.anyone.isdisjoint(row.volunteers):
            return False
        return self._is_due(row) and all(word.is_in(row) for word in self.words)

    def _is_theirs(self, row: Row) -> bool:
        """Whether it concerns the unit; if a volunteer is asked for, whether that one goes for the unit."""
        assert self.unit is not None
        volunteer = self.only.get("volunteers")
        return self.unit in row.units and (volunteer is None or volunteer in row.volunteers_of(self.unit))

    def _is_due(self, row: Row) -> bool:
        if self.due_before is None and self.due_after is None:
            return True
        if row.due is None:
            return False
        return (self.due_before is None or row.due < self.due_before) and (
            self.due_after is None or row.due >= self.due_after
        )
