"""What size costs dispatch: requests a second once 100,000 are there; and 10,000 open timers at rest."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path
from time import perf_counter

from deploy.stack import Stack, ephemeral
from tests.load.calls import CONNECTIONS, Target, target
from tests.load.requests import BODY, generate, peer
from tests.load.rounds import Goal, Series, alternate, console, report

PARTS = ("rabbitmq", "store", "registry", "dispatch")
PORTION = 1_000
MANY = 100_000
TIMERS = 10_000
REST_S = 10.0
SETTLE_S = 15.0
"""How long dispatch may go on with what came before: it publishes, and saves a snapshot."""

_PROC = Path("/proc/self/stat").exists()
Runs = dict[str, Callable[[], Awaitable[float]]]


async def throughput_as_it_grows(rounds: int, scale: float) -> None:
    """The first thousands of requests, and thousands after 100,000; the bare route beside each, which shows
    what the store and the machine have to do with it."""
    many = int(MANY * scale)
    with ephemeral(PARTS) as stack:
        async with target(stack) as to:
            stack.stop("registry")
            create = partial(_create, to)
            await create(100)
            with peer(stack) as bare:
                runs: Runs = {
                    "bare route": lambda: generate(bare, BODY, PORTION),
                    "requests": lambda: create(PORTION),
                }
                series, before = await _portions(rounds, runs, "at first"), _memory_mb(stack)
                began = perf_counter()
                await create(many)
                console.print(f"  {many:,} more in {perf_counter() - began:,.0f} s", style="dim")
                series |= await _portions(rounds, runs, "then")
            after = _memory_mb(stack)
    goals = [Goal(f"{name}, then", f"{name}, at first", 0.9) for name in ("requests", "bare route")]
    memory = f"dispatch has {before:,.0f} MB at first, {after:,.0f} MB then"
    title = f"Among {many:,} requests, {CONNECTIONS} connections, {PORTION} a round"
    report(title, series, goals, [memory])


async def timers_at_rest(rounds: int, scale: float) -> None:
    """CPU time of dispatch while nothing is asked of it: with open requests, each with deadlines, and with
    none; in stacks of their own, which rest both. On Linux alone, which says what a process takes."""
    if not _PROC:
        return
    count = int(TIMERS * scale)
    async with AsyncExitStack() as exits:
        stacks = exits.enter_context(ExitStack())
        rests: Runs = {}
        for size in (0, count):
            to = await exits.enter_async_context(target(stacks.enter_context(ephemeral(PARTS))))
            if size:
                await _create(to, size)
            rests[f"{size:,} open"] = partial(_rest, to.pid)
        await asyncio.sleep(SETTLE_S)
        series = await alternate(rounds, "ms/s", rests)
    goals = [Goal(f"{count:,} open", "0 open", 1.1, at_least=False)]
    report(f"CPU time of dispatch at rest, {REST_S:.0f} s a round", series, goals)


async def _create(to: Target, count: int) -> float:
    return await generate(to.dispatch + "/v1/requests", BODY, count, to.token)


async def _portions(rounds: int, runs: Runs, when: str) -> dict[str, Series]:
    return await alternate(rounds, "/s", {f"{name}, {when}": run for name, run in runs.items()})


async def _rest(pid: int) -> float:
    """Milliseconds of CPU time that the process takes in a second."""
    took, began = _cpu_s(pid), perf_counter()
    await asyncio.sleep(REST_S)
    return (_cpu_s(pid) - took) / (perf_counter() - began) * 1000


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(stack: Stack) -> float:
    return next(part.memory_mb for part in stack.status() if part.name == "dispatch")
