"""The working calendars of communities, by what registry says of their days."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.dispatch.domain.working_time import NATIONAL, WorkingCalendar
from shared.events.index import decode
from shared.events.registry import WorkingDayDeclared, WorkingDayWithdrawn
from shared.folds.working_days import FOLD
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.event import Event
from shared.runtime.mongo import Database
from shared.runtime.service import Reaction

KNOWN: Sequence[type[Event]] = (WorkingDayDeclared, WorkingDayWithdrawn)
RELOAD_S = 1.0


@dataclass(slots=True)
class WorkingDays:
    """The collection `working_days`: `{_id: community, events: {version: {type, data}}}`.

    Each event has its place by its version, so that it makes no difference in which order they come, or how
    often. Calendars are in memory, so that a command asks for one without waiting.
    """

    database: Database
    _calendars: dict[str, WorkingCalendar] = field(default_factory=dict)
    _learned: int = 0

    def reactions(self) -> dict[str, Reaction]:
        """How the calendars follow registry."""
        return {model.type: self._learn for model in KNOWN}

    def calendar_of(self, community: str) -> WorkingCalendar:
        """The calendar of a community as it is known now; the country's, where nothing was declared."""
        return self._calendars.get(community, NATIONAL)

    async def load(self) -> None:
        """Read the collection: at the start, and for what another replica was told."""
        learned = -1
        while learned != self._learned:  # otherwise it may have been read just before something came to it
            learned = self._learned
            documents = await self.database["working_days"].find({}).to_list(None)
        self._calendars = {str(document["_id"]): _calendar(document) for document in documents}

    async def keep_loading(self) -> None:
        """Read it again and again, until cancelled."""
        while True:
            await asyncio.sleep(RELOAD_S)
            await self.load()

    async def _learn(self, event: CloudEvent) -> None:
        said = {"type": event.type, "data": dict(event.data)}
        document = await self.database["working_days"].find_one_and_update(
            {"_id": event.community},
            {"$set": {f"events.{event.version}": said}},
            upsert=True,
            return_document=True,
        )
        assert document is not None
        self._learned += 1
        self._calendars[event.community] = _calendar(document)


def _calendar(document: Mapping[str, Any]) -> WorkingCalendar:
    said = document["events"]
    decoded = [decode(said[version]["type"], said[version]["data"]) for version in sorted(said, key=int)]
    declared = FOLD.over(event for event in decoded if event is not None)
    days = {date.fromisoformat(day): its.working for day, its in declared.days.items()}
    return WorkingCalendar(
        closed=frozenset(day for day, working in days.items() if not working),
        open=frozenset(day for day, working in days.items() if working),
    )
