"""The day, played: each wish taken in, triaged, given to a volunteer, visited, closed; by HTTP calls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from deploy.demo.api import Api, for_each
from deploy.demo.callers import Callers
from deploy.demo.day import Minutes, Wish
from deploy.demo.errors import DemoFailed, Refusal
from deploy.demo.people import Ids
from deploy.demo.population import VolunteerPerson
from deploy.demo.steps import Advance
from services.dispatch.domain.working_time import LOCAL
from shared.kernel.times import format_time

AT_ONCE = 12
NOT_FREE = "volunteer-not-free"
SATISFACTION = (5, 4, 5, 5, 3, 5, 4, 5, 2, 4)
"""What requesters say, one after the other."""


@dataclass(slots=True)
class Played:
    """What the callers were told of their calls: ids of what was answered with a success."""

    requests: list[str] = field(default_factory=list)
    assignments: list[str] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    refused: int = 0
    """How often a volunteer was not free."""


@dataclass(slots=True)
class Player:
    """Plays wishes as they come. `date` is the day of the slots; `people` are those `ids` stands for."""

    callers: Callers
    people: Sequence[VolunteerPerson]
    ids: Ids
    date: date
    played: Played = field(default_factory=Played)
    _placed: dict[int, asyncio.Event] = field(default_factory=dict)
    _done: list[tuple[Wish, str]] = field(default_factory=list)

    async def play(self, wishes: Sequence[Wish], advance: Advance) -> None:
        """Play `wishes`, begun in order. Raises Refusal or DemoFailed in an ExceptionGroup."""
        self._placed |= {wish.number: asyncio.Event() for wish in wishes}

        async def play_one(wish: Wish) -> None:
            await self._play(wish)
            advance()

        await for_each(wishes, play_one, AT_ONCE)

    @property
    def done(self) -> int:
        """How many requests were seen to, and are to be closed."""
        return len(self._done)

    async def close(self, advance: Advance) -> None:
        """What was done is resolved, the requesters are asked, and it closes. What was not stays open.

        At the end of the day: whoever went is free again with it, and could go elsewhere in that hour.
        """

        async def close_one(each: tuple[Wish, str]) -> None:
            await self._close(*each)
            advance()

        await for_each(self._done, close_one, AT_ONCE)

    async def _play(self, wish: Wish) -> None:
        desk = self.callers.dispatcher
        request = await self._take_in(wish)
        await desk.post("dispatch", f"/v1/requests/{request}/triage", {"priority": wish.priority})
        if wish.ending == "triaged":
            return
        placement = await self._place(wish, request)
        self._placed[wish.number].set()
        reply = await desk.post("dispatch", f"/v1/requests/{request}/visits", placement)
        if wish.ending == "visited":
            await self._visit(wish, reply.text("id"))
            if wish.visit.outcome == "done":
                self._done.append((wish, request))

    async def _take_in(self, wish: Wish) -> str:
        body: dict[str, object] = {"service": wish.service, "grid": wish.grid, "channel": wish.channel}
        if wish.resident is not None:
            body["resident"] = self.ids.residents[wish.resident]
        if wish.text is not None:
            body["text"] = wish.text
        caller = self.callers.dispatcher if wish.by_unit is None else self.callers.units[wish.by_unit]
        request = (await caller.post("dispatch", "/v1/requests", body)).text("id")
        self.played.requests.append(request)
        return request

    async def _place(self, wish: Wish, request: str) -> Mapping[str, object]:
        """Assign the first of the wish's volunteers who is free; who that is, and when."""
        if wish.rival is not None:
            await self._placed[wish.rival].wait()
        for volunteer in wish.volunteers:
            body = {"volunteer": self.ids.volunteers[volunteer], "slot": self._slot(wish.slot)}
            try:
                reply = await self.callers.dispatcher.post(
                    "dispatch", f"/v1/requests/{request}/assignments", body
                )
            except Refusal as refusal:
                if refusal.code != NOT_FREE:
                    raise
                self.played.refused += 1
                continue
            self.played.assignments.append(reply.text("id"))
            return body
        raise DemoFailed(f"nobody is free for {wish.service}, against the plan")

    async def _visit(self, wish: Wish, visit: str) -> None:
        volunteer = wish.volunteers[-1]
        said: dict[str, object] = {"method": wish.visit.method}
        if wish.visit.reason is not None:
            said["reason"] = wish.visit.reason
        if wish.visit.position is not None:
            latitude, longitude = wish.visit.position
            said["position"] = {"latitude": latitude, "longitude": longitude}
        caller = self.callers.dispatcher
        if wish.visit.by_unit:
            caller = self.callers.units[self.people[volunteer].unit]
            said["on_behalf_of"] = self.ids.volunteers[volunteer]
        began = (await caller.post("dispatch", f"/v1/visits/{visit}/check-in", said)).text("checked_in_at")
        await self._complete(wish, visit, caller, began)

    async def _complete(self, wish: Wish, visit: str, caller: Api, began: str) -> None:
        body = {
            "outcome": wish.visit.outcome,
            "contact_made": wish.visit.contact_made,
            "started_at": began,
            "ended_at": max(began, format_time(datetime.now(UTC))),
        }
        await caller.post("dispatch", f"/v1/visits/{visit}/complete", body)
        self.played.completed.append(visit)

    async def _close(self, wish: Wish, request: str) -> None:
        desk, path = self.callers.dispatcher, f"/v1/requests/{request}"
        await desk.post("dispatch", f"{path}/resolve", {"outcome": wish.visit.outcome})
        satisfaction = SATISFACTION[wish.number % len(SATISFACTION)]
        rating = {"solved": satisfaction > 2, "satisfaction": satisfaction}
        await desk.post("dispatch", f"{path}/rating", rating)
        await desk.post("dispatch", f"{path}/close", {})
        self.played.closed.append(request)

    def _slot(self, minutes: Minutes) -> dict[str, str]:
        midnight = datetime.combine(self.date, time(), LOCAL)
        start, end = (format_time(midnight + timedelta(minutes=at)) for at in minutes)
        return {"start": start, "end": end}
