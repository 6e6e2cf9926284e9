"""dispatch's read model for figures: what happened to each request, in short, in memory. Source: ADR 12."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import cast

from services.dispatch.domain.cases import Case, case_of, evolve
from services.dispatch.domain.steps import Step, step_of
from shared.events.dispatch import RequestCreated
from shared.kernel.canonical import Json, decode, encode
from shared.kernel.cloudevent import CloudEvent


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened to one request. It does not change: another one takes its place.

    `steps` are the steps that changed its case, as JSON, each with a comma behind it; `case` is how it stands
    after them. The log took the first one at `began`, the last one at `moved`, in milliseconds since 1970.
    """

    id: str
    version: int
    began: int
    moved: int
    steps: bytes
    case: Case

    def as_of(self, moment: int) -> Case | None:
        """The case as far as it was on record at `moment`; None if it was not."""
        if self.moved <= moment:
            return self.case
        return case_of(_read(self.steps), moment)


class Timelines:
    """The timelines of all requests, in the order of their creation."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._ordered: list[Timeline] = []

    async def follow(self, events: Sequence[CloudEvent]) -> None:
        """See `View.follow`: dispatch's own events."""
        for event in events:
            place = self._places.get(event.stream)
            if place is None:
                if event.type == RequestCreated.type:
                    self._begin(event.stream, _step(event))
            elif self._ordered[place].version < event.version:
                self._ordered[place] = _moved(self._ordered[place], _step(event))

    def rows(self) -> Iterator[Json]:
        """See `View.rows`."""
        return ([line.id, line.version, line.steps.decode()] for line in self._ordered)

    def restore(self, rows: Sequence[Json]) -> None:
        """See `View.restore`."""
        for row in rows:
            id, version, text = cast(tuple[str, int, str], row)
            steps = _read(text.encode())
            case = case_of(steps)
            assert case is not None
            self._add(Timeline(id, version, steps[0].recorded, steps[-1].recorded, text.encode(), case))

    def on_record(self, moment: int) -> list[Timeline]:
        """Those that had begun by `moment`. They can be read by another thread."""
        return self._ordered[: bisect_right(self._ordered, moment, key=attrgetter("began"))]

    def _begin(self, id: str, step: Step) -> None:
        case = evolve(None, step)
        assert case is not None
        self._add(Timeline(id, step.version, step.recorded, step.recorded, _written(step), case))

    def _add(self, line: Timeline) -> None:
        self._places[line.id] = len(self._ordered)
        self._ordered.append(line)


def _step(event: CloudEvent) -> Step:
    return step_of(event.version, event.type, event.time, event.recorded, event.data)


def _moved(line: Timeline, step: Step) -> Timeline:
    case = evolve(line.case, step)
    assert case is not None
    if case is line.case or case == line.case:
        return Timeline(line.id, step.version, line.began, line.moved, line.steps, line.case)
    return Timeline(line.id, step.version, line.began, step.recorded, line.steps + _written(step), case)


def _written(step: Step) -> bytes:
    return encode(list(step)) + b","


def _read(steps: bytes) -> list[Step]:
    found = cast(list[list[Json]], decode(b"[" + steps[:-1] + b"]"))
    return [Step(*cast(tuple[int, str, int, int, dict[str, Json]], each)) for each in found]
