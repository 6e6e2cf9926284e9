"""triage, assign and complete against the bare route; and 1,000 volunteers ranked beside ten commands."""

from __future__ import annotations

import statistics
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import perf_counter

import aiohttp

from deploy.stack import ephemeral
from shared.kernel.times import format_time
from tests.load.calls import CONNECTIONS, Call, Made, Target, make, target
from tests.load.requests import BODY, generate, peer
from tests.load.rounds import Goal, alternate, console, report
from tests.support.client import Client
from tests.support.community import HEALTH
from tests.support.waiting import until

VOLUNTEERS = 1_000
EACH_WEEK = 5
"""Duties of a volunteer in one week."""
ASKED = 20
"""Rankings, and runs of ten commands, of which a round takes the median."""


@dataclass(slots=True)
class Life:
    """Requests on their way together: each step is one command on each of `ids`, and goes before the next.

    Every request has a volunteer and a slot of its own, so that nobody is asked for twice at one time.
    """

    to: Target
    volunteers: list[str]
    count: int
    ids: list[str] = field(default_factory=list)
    _begun: int = 0

    async def take_in(self) -> None:
        """So many more, in place of those before."""
        self._begun += len(self.ids)
        self.ids = (await self._each([("/v1/requests", BODY)] * self.count)).ids

    async def triage(self) -> float:
        """Commands per second."""
        return await self._on_requests("triage", lambda _: {"priority": "urgent"})

    async def assign(self) -> float:
        """Commands per second, on what is triaged."""
        return await self._on_requests("assignments", self._placement)

    async def check_in(self) -> None:
        """A visit for each, and somebody there."""
        await self._on_requests("visits", self._placement)
        visits = [(f"/v1/visits/{id}.visit-1/check-in", {"method": "qr"}) for id in self.ids]
        await self._each(visits)

    async def complete(self) -> float:
        """Commands per second, on visits that somebody has checked in to."""
        now = datetime.now(UTC)
        times = {"started_at": format_time(now - timedelta(minutes=20)), "ended_at": format_time(now)}
        body = {"outcome": "done", "contact_made": True, **times}
        return await self._per_second([(f"/v1/visits/{id}.visit-1/complete", body) for id in self.ids])

    async def _on_requests(self, what: str, body: Callable[[int], object]) -> float:
        calls = [(f"/v1/requests/{id}/{what}", body(number)) for number, id in enumerate(self.ids)]
        return await self._per_second(calls)

    def _placement(self, number: int) -> dict[str, object]:
        turn, who = divmod(self._begun + number, len(self.volunteers))
        week, day = divmod(turn, EACH_WEEK)
        today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
        start = today + timedelta(weeks=week + 1, days=day - today.weekday())
        slot = {"start": format_time(start), "end": format_time(start + timedelta(hours=1))}
        return {"volunteer": self.volunteers[who], "slot": slot}

    async def _per_second(self, calls: Sequence[Call]) -> float:
        return (await self._each(calls)).per_second

    async def _each(self, calls: Sequence[Call]) -> Made:
        return await make(self.to.dispatch, self.to.token, calls)


async def life_against_a_bare_route(rounds: int, count: int, volunteers: int = VOLUNTEERS) -> None:
    """Relay on, registry stopped once its volunteers are known; the same store and generator, in turns."""
    with ephemeral(("rabbitmq", "store", "registry", "dispatch")) as stack:
        async with target(stack) as to, _caller(to) as dispatch:
            people = await _volunteers(to, dispatch, volunteers)
            stack.stop("registry")
            life = Life(to, people, count)
            with peer(stack) as bare:
                await _steps(rounds, life, lambda: generate(bare, BODY, count))
            await _matching(rounds, life, dispatch)


async def _steps(rounds: int, life: Life, bare: Callable[[], Awaitable[float]]) -> None:
    async def triage() -> float:
        await life.take_in()
        return await life.triage()

    async def complete() -> float:
        await life.check_in()
        return await life.complete()

    steps = {"triage": triage, "assign": life.assign, "complete": complete}
    series = await alternate(rounds, "/s", {"bare route": bare, **steps})
    goals = [Goal(name, "bare route", 0.7) for name in steps]
    report(f"Commands, {CONNECTIONS} connections, {life.count} a round", series, goals)


async def _matching(rounds: int, life: Life, dispatch: Client) -> None:
    """Both through HTTP, one call after the other."""
    life.count = rounds * ASKED * 10
    await life.take_in()
    left = iter(life.ids)
    ranked_for = f"/v1/requests/{life.ids[0]}/candidates"

    async def ten_commands() -> float:
        async def once() -> None:
            for _ in range(10):
                reply = await dispatch.post(f"/v1/requests/{next(left)}/triage", {"priority": "urgent"})
                assert reply.status == 200, reply.body

        return await _median_ms(once)

    async def ranked() -> float:
        async def once() -> None:
            reply = await dispatch.get(ranked_for)
            assert reply.status == 200, reply.body
            assert reply.body["considered"] >= len(life.volunteers)

        return await _median_ms(once)

    name = f"{len(life.volunteers):,} ranked"
    series = await alternate(rounds, "ms", {"ten commands": ten_commands, name: ranked})
    report("Matching", series, [Goal(name, "ten commands", 1.0, at_least=False)])


async def _median_ms(once: Callable[[], Awaitable[None]]) -> float:
    times = []
    for _ in range(ASKED):
        began = perf_counter()
        await once()
        times.append(perf_counter() - began)
    return statistics.median(times) * 1000


@asynccontextmanager
async def _caller(to: Target) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(to.dispatch, session, to.token)


async def _volunteers(to: Target, dispatch: Client, count: int) -> list[str]:
    """So many active ones, of whom dispatch knows."""
    began = perf_counter()
    named = {"unit": HEALTH, "team": "residents", "skills": ["first-aid"], "confirmed": True}
    calls = [("/v1/volunteers", {"name": f"志愿者{number}", **named}) for number in range(count)]
    ids = (await make(to.registry, to.token, calls)).ids
    request = (await dispatch.post("/v1/requests", BODY)).body["id"]

    async def known() -> bool:
        reply = await dispatch.get(f"/v1/requests/{request}/candidates")
        return bool(reply.body["considered"] >= count)

    await until(known, 120)
    console.print(f"  {count:,} volunteers in {perf_counter() - began:,.0f} s", style="dim")
    return ids
