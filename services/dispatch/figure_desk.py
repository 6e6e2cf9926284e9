"""How figures are made: one set at a time, on a thread beside the calls that are served. Source: ADR 12."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.dispatch.domain.cases import Case
from services.dispatch.domain.figures import By, Figures, Grouping, Period, figures_of, grouped
from services.dispatch.labels import said_of
from services.dispatch.timelines import Timeline, Timelines
from shared.runtime.follower import Follower
from shared.runtime.http.problems import unavailable
from shared.runtime.service import Service


@dataclass(frozen=True, slots=True)
class Asked:
    """Requests of `communities` taken in from `start` on and before `end`, as they stood at `as_of`; with
    `unit`, those that concern it."""

    start: datetime
    end: datetime
    as_of: datetime
    communities: frozenset[str]
    unit: str | None = None
    by: By | None = None

    @property
    def period(self) -> Period:
        """The same in milliseconds."""
        return Period(*(round(moment.timestamp() * 1000) for moment in (self.start, self.end, self.as_of)))

    def concerns(self, case: Case) -> bool:
        """Whether the caller may know of it."""
        return case.community in self.communities and (self.unit is None or self.unit in case.units)


@dataclass(frozen=True, slots=True)
class Made:
    """Figures, of all and by group, and what was asked."""

    asked: Asked
    total: Figures
    groups: Mapping[str | None, Figures]


@dataclass(slots=True)
class FigureDesk:
    """What figures are made from."""

    service: Service
    timelines: Timelines
    follower: Follower
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def make(self, asked: Asked) -> Made:
        """The figures, from all that is on record. Raises Problem 503 if that cannot be read in time."""
        if not await self.service.catch_up(self.follower):
            raise unavailable("not-caught-up", "figures are being made ready; try again")
        async with self._turn:
            lines = self.timelines.on_record(asked.period.as_of)
            cases = await asyncio.to_thread(_cases, lines, asked)
            if asked.by is None:
                return Made(asked, await asyncio.to_thread(figures_of, cases, asked.period), {})
            grouping = Grouping(asked.by, await self._teams(cases, asked), asked.unit)
            return Made(asked, *await asyncio.to_thread(grouped, cases, asked.period, grouping))

    async def names(self, by: By, groups: Collection[str]) -> Mapping[str, Any]:
        """What groups are called: a text, or one for each language; nothing of those without a name."""
        match by:
            case "service" | "unit":
                return await said_of(self.service.database, groups, "name")
            case "grid":
                found = await said_of(self.service.database, [f"grid-{code}" for code in groups], "name")
                return {id.removeprefix("grid-"): name for id, name in found.items()}
            case _:
                return {}

    async def _teams(self, cases: Sequence[Case], asked: Asked) -> Mapping[str, str]:
        if asked.by != "team":
            return {}
        went = {who for case in cases if asked.period.has(case) for who, _ in case.went}
        return await said_of(self.service.database, went, "team")


def _cases(lines: Sequence[Timeline], asked: Asked) -> list[Case]:
    moment = asked.period.as_of
    found = (line.as_of(moment) for line in lines)
    return [case for case in found if case is not None and asked.concerns(case)]
