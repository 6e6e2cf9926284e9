"""A table of residents into a registry beside the rest of the stack: records a second, and how soon a list
answers meanwhile."""

from __future__ import annotations

import asyncio
import statistics
from random import Random
from time import monotonic, perf_counter

from deploy.stack import PARTS, ephemeral
from tests.load.rounds import console
from tests.support.community import Community, community
from tests.support.everyday_tables import sent

PAUSE_S = 0.2
CHARACTERS = [chr(0x4E00 + number) for number in range(3000)]


def residents(count: int) -> str:
    """A table of residents who are all others."""
    random, rows = Random(7), ["name,phone,address,grid,tier,flags,languages"]
    for number in range(count):
        name = "王" + "".join(random.choices(CHARACTERS, k=2))
        place = f"{number // 400 + 1}栋{number // 100 % 4 + 1}单元{number % 100 + 101}"
        rows.append(f"{name},139{number:08},{place},shaba-{number % 12 + 1:02},general,lives-alone,zh;yi")
    return "\n".join(rows) + "\n"


async def rows_of_a_table(count: int) -> None:
    """Once into an empty registry, with all four services running; then the same table again."""
    data = residents(count)
    with ephemeral(PARTS) as stack:
        async with community(stack.up()) as shaba:
            waits: list[float] = []
            looking = asyncio.create_task(_look(shaba, waits))
            first, again = [await _timed(shaba, data) for _ in range(2)]
            looking.cancel()
    console.print(f"[bold]A table of {count:,} residents[/bold], the whole stack running")
    console.print(f"  entered: {count / first:,.0f} records/s ({first:,.1f} s)")
    console.print(f"  sent again: {count / again:,.0f} rows/s ({again:,.1f} s)")
    ninety = statistics.quantiles(waits, n=10)[-1] * 1000
    console.print(
        f"  a list beside it: {statistics.median(waits) * 1000:,.0f} ms, one of ten over {ninety:,.0f} ms"
    )


async def _timed(shaba: Community, data: str) -> float:
    began = monotonic()
    reply = await sent(shaba.staff["registry"], "residents", data)
    took = monotonic() - began
    assert reply.body[-1]["finished"], reply.body[-1]
    last = reply.body[-1]
    console.print(
        f"  {last['entered']:,} entered, {last['unchanged']:,} unchanged, {last['refused']:,} refused"
    )
    return took


async def _look(shaba: Community, waits: list[float]) -> None:
    while True:
        began = perf_counter()
        assert (await shaba.staff["registry"].get("/v1/residents", limit="20")).status == 200
        waits.append(perf_counter() - began)
        await asyncio.sleep(PAUSE_S)
