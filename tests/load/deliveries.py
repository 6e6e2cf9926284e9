"""Deliveries beside raw signed posts and FastStream with httpx; from event to arrival beside the raw path; a
backlog that is held and sent; and what the others have of a partner that hangs."""

from __future__ import annotations

import asyncio
import math
import statistics
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from deploy.stack.processes import Process
from tests.load.delivery_asked import started
from tests.load.delivery_stage import DEADLINE_S, Stage, stage
from tests.load.rounds import Goal, Series, alternate, console, report

FAST, ALL = 20, 50
PER_SECOND = 100
SECONDS = 5
HANG_S = 2 * DEADLINE_S
HANG_ROUNDS = 3
BACKLOG = 100_000
PATIENCE_S = 300.0

Told = list[tuple[str, str, float]]
"""Of each event its id, its unit, and when it was begun to publish."""


@dataclass(frozen=True)
class Fine(Goal):
    """A goal below a tenth, which is shown to the thousandth."""

    def row(self, series: dict[str, Series]) -> tuple[str, str, str, str]:
        """See `Goal.row`."""
        what, _, _, holds = super().row(series)
        measured = series[self.ours].median / series[self.peer].median
        return what, f"{measured:.3f}", f"≥ {self.ratio:g}", holds


async def deliveries_against_peers(rounds: int, scale: float) -> None:
    """All of it on one stage, one after the other."""
    async with stage() as on:
        await on.found(FAST)
        await _delivered(on, 200)
        rate = await _rates(on, rounds, int(4_000 * scale))
        await _latencies(on, rounds, int(PER_SECOND * SECONDS * scale))
        await _backlog(on, int(BACKLOG * scale), rate)
        await on.found(ALL - FAST)
        await _isolation(on, min(rounds, HANG_ROUNDS), int(PER_SECOND * HANG_S * max(scale, 0.5)))


async def _rates(on: Stage, rounds: int, count: int) -> Series:
    series = await alternate(
        rounds,
        "/s",
        {
            "raw signed posts": partial(_raw, on, 2 * count),
            "FastStream, httpx": partial(_faststream, on, count // 4),
            "deliveries": partial(_delivered, on, count),
        },
    )
    goals = [Fine("deliveries", "raw signed posts", 0.08), Goal("deliveries", "FastStream, httpx", 3.0)]
    report(f"Deliveries from a full queue to {FAST} endpoints, {count} a round", series, goals)
    return series["deliveries"]


async def _raw(on: Stage, count: int) -> float:
    await on.receiver.ask("reset")
    async with started("delivery_peers", "raw", on.url(0), str(count)) as peer:
        return float(await peer.said())


async def _faststream(on: Stage, count: int) -> float:
    await on.receiver.ask("reset")
    async with on.queue() as queue:
        await on.source.ask("fill", count=count, queue=queue)
        arguments = (on.url(0), str(count), on.stack.site.amqp_url(), queue)
        async with started("delivery_peers", "faststream", *arguments) as peer:
            return float(await peer.said())


async def _delivered(on: Stage, count: int) -> float:
    """notify stands still while its queue is filled; then from its first moment to the last arrival."""
    await on.receiver.ask("reset")
    on.halt()
    try:
        await on.source.ask("publish", count=count, units=on.units[:FAST])
    finally:
        began = perf_counter()
        on.go()
    _, last = await on.receiver.ask("wait", count=count, patience=PATIENCE_S)
    await on.at_rest()
    return float(count / (last - began))


async def _latencies(on: Stage, rounds: int, count: int) -> None:
    series = await alternate(
        rounds,
        "ms",
        {
            "raw path": partial(_raw_path, on, count),
            "event to arrival": partial(_event_to_arrival, on, count),
        },
    )
    goals = [Goal("event to arrival", "raw path", 3.0, at_least=False)]
    report(f"From the event to its arrival, {PER_SECOND} events a second, medians", series, goals)


async def _raw_path(on: Stage, count: int) -> float:
    await on.receiver.ask("reset")
    async with on.queue() as queue:
        arguments = (on.url(0), "0", on.stack.site.amqp_url(), queue)
        async with started("delivery_peers", "forward", *arguments) as peer:
            assert await peer.said() == "consumes"
            told = await on.source.ask("fill_evenly", count=count, queue=queue, per_second=PER_SECOND)
            await on.receiver.ask("wait", count=count, patience=PATIENCE_S)
    return statistics.median(await _took_ms(on, told))


async def _event_to_arrival(on: Stage, count: int) -> float:
    await on.receiver.ask("reset")
    told = await _publish_evenly(on, count, on.units[:FAST])
    await on.receiver.ask("wait", count=count, patience=PATIENCE_S)
    return statistics.median(await _took_ms(on, told))


async def _publish_evenly(on: Stage, count: int, units: Collection[str]) -> Told:
    units = [*units]
    told: Told = await on.source.ask("publish_evenly", count=count, units=units, per_second=PER_SECOND)
    return told


async def _took_ms(on: Stage, told: Told) -> list[float]:
    arrived = await on.receiver.ask("all")
    return sorted((arrived[id] - began) * 1000 for id, _, began in told)


async def _backlog(on: Stage, count: int, rate: Series) -> None:
    """All endpoints paused, `count` deliveries held, then all resumed: memory, and deliveries a second."""
    await on.at_rest()
    process = Process(pid=on.process.pid, started="")
    before = process.memory_mb()
    for unit, endpoint in on.endpoints.items():
        reply = await on.of_unit(unit, "POST", f"/v1/endpoints/{endpoint}/pause")
        if reply.status == 404:
            console.print("  this notify pauses no endpoint: no backlog is measured")
            return
        assert reply.status < 300, reply.body
    await on.receiver.ask("reset")
    began = perf_counter()
    await on.heard(await on.source.ask("publish", count=count, units=on.units), PATIENCE_S)
    console.print(f"  {count:,} held after {perf_counter() - began:,.0f} s", style="dim")
    await on.at_rest()
    holding = process.memory_mb()
    drained, most = await _drained(on, count, process)
    assert not drained.early, f"{drained.early} came while they were to be held"
    series = {rate.name: rate, "drained": Series("drained", "/s", [drained.per_second])}
    memory = (
        f"notify has {before:,.0f} MB before: {holding - before:,.0f} MB more with {count:,} held "
        f"(goal: under 100), {most - before:,.0f} MB more at most while it sends them"
    )
    report(f"{count:,} held deliveries, then sent", series, [Goal("drained", rate.name, 0.9)], [memory])


@dataclass(frozen=True, slots=True)
class Drained:
    """How many came before anybody resumed, and how many a second came then."""

    early: int
    per_second: float


async def _drained(on: Stage, count: int, process: Process) -> tuple[Drained, float]:
    """And how much memory notify had at most meanwhile."""
    early, most = len(await on.receiver.ask("all")), 0.0
    began = perf_counter()
    resumed = asyncio.gather(*(_resume(on, unit, endpoint) for unit, endpoint in on.endpoints.items()))
    waiting = asyncio.create_task(on.receiver.ask("wait", count=count, patience=PATIENCE_S))
    while not waiting.done():
        most = max(most, process.memory_mb())
        await asyncio.wait([waiting], timeout=0.25)
    await resumed
    _, last = waiting.result()
    return Drained(early, count / (last - began)), most


async def _resume(on: Stage, unit: str, endpoint: str) -> None:
    reply = await on.of_unit(unit, "POST", f"/v1/endpoints/{endpoint}/resume", {"backlog": "send"})
    assert reply.status < 300, reply.body


async def _isolation(on: Stage, rounds: int, count: int) -> None:
    series = await alternate(
        rounds,
        "ms",
        {"none hangs": partial(_others, on, count, []), "one hangs": partial(_others, on, count, [0])},
    )
    title = f"From the event to its arrival, 99 of 100, {PER_SECOND} events a second for {ALL} endpoints"
    note = f"one hangs: the first answers nothing for {DEADLINE_S:.0f} s, the deadline; measured: the others"
    report(title, series, [Goal("one hangs", "none hangs", 2.0, at_least=False)], [note])


async def _others(on: Stage, count: int, hanging: list[int]) -> float:
    """The 99th percentile of all but the first, while those of these numbers hang; after it, all arrive."""
    await on.at_rest()
    await on.receiver.ask("reset", hanging=hanging)
    told = await _publish_evenly(on, count, on.units)
    others = [each for each in told if each[1] != on.units[0]]
    await on.receiver.ask("wait", count=len(others), patience=PATIENCE_S)
    await on.receiver.ask("free")
    await on.receiver.ask("wait", count=count, patience=PATIENCE_S)
    took = await _took_ms(on, others)
    return took[math.ceil(0.99 * len(took)) - 1]
