"""Matching with what this service knows: who could go, as of now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.dispatch.directory import Directory
from services.dispatch.domain.eligibility import Wanted
from services.dispatch.domain.matching import Known, Ranked, rank
from services.dispatch.duties import Duties
from services.dispatch.roster import Roster
from shared.events.dispatch import RequestCreated, Slot
from shared.folds.request import Request


@dataclass(frozen=True, slots=True)
class Matchmaker:
    """`roster`: who there is; `duties`: what each has done and has to do."""

    directory: Directory
    roster: Roster
    duties: Duties

    async def wanted(self, created: RequestCreated, slot: Slot) -> Wanted:
        """What a request asks of whoever goes in `slot`."""
        languages = await self.directory.languages_of(created.resident)
        return Wanted(
            slot=slot,
            skills=created.skills,
            training=created.training,
            languages=frozenset(languages),
            grid=created.grid,
            tier=created.tier,
        )

    async def ranked(self, request: Request, slot: Slot, now: datetime) -> list[Ranked]:
        """All who are active in the request's community, the best first. Nothing is booked or asked."""
        created = request.created
        assert created is not None
        wanted = await self.wanted(created, slot)
        candidates = await self.roster.candidates(created.community)
        ids = [each.id for each in candidates]
        known = Known(
            calendars=self.duties.calendars(ids, slot),
            visited=self.duties.visited(created.resident) if created.resident is not None else {},
            grids=self.duties.grids(ids, now),
            asked={each.volunteer for each in request.assignments if each.status in ("offered", "expired")},
            declined={each.volunteer for each in request.assignments if each.status == "declined"},
            first_choice=request.first_choice,
        )
        return rank(wanted, candidates, known)
