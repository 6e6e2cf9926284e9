"""The board among 50,000 requests of which 2,000 are open, beside the same among 2,000; and how soon it
shows what was written.

The rows are put into the snapshot that dispatch starts from: it is the pages that are measured.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from json import loads
from time import perf_counter

import aiohttp

from deploy.stack import Stack, ephemeral
from services.dispatch.rows import Row, values_of
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import START, sequence
from shared.kernel.times import later
from shared.runtime.mongo import connect, database
from shared.runtime.snapshots import Snapshots
from tests.load.requests import BODY
from tests.load.rounds import Goal, Series, alternate, console, report
from tests.support.client import Client, access_token

OPEN, MANY = 2_000, 50_000
ASKED = 30
"""Pages of which a round takes the median."""
WRITES = 300
SNAPSHOT = "memory.v3"
BEGAN = "2026-01-05T00:00:00.000Z"
STATUSES = ("received", "triaged", "triaged", "assigned", "assigned", "in-service", "referred", "on-hold")
UNITS = ("unit-health-centre", "unit-red-cross")

PAGES: dict[str, tuple[str, dict[str, str]]] = {
    "open, by due": ("/v1/requests", {"open": "true", "sort": "due", "limit": "50"}),
    "open, oldest first": ("/v1/requests", {"open": "true", "limit": "50"}),
    "open of a unit in a grid, by due": (
        "/v1/requests",
        {"open": "true", "sort": "due", "limit": "50", "unit": UNITS[0], "grid": "shaba-03"},
    ),
    "the board": ("/v1/board", {"limit": "20"}),
}


async def board_among_many(rounds: int, scale: float) -> None:
    """Both in stacks of their own, which are idle while the other one is asked."""
    sizes = (int(OPEN * scale), int(MANY * scale))
    with ExitStack() as stacks:
        async with aiohttp.ClientSession() as session:
            clients = {}
            for size in sizes:
                stack = stacks.enter_context(ephemeral(("rabbitmq", "store", "registry")))
                clients[size] = await _started(stack, session, size, sizes[0])
            for what, (path, query) in PAGES.items():
                await _compare(rounds, what, path, query, clients)
            await _lag(clients[sizes[-1]], session, int(WRITES * scale))


async def _started(stack: Stack, session: aiohttp.ClientSession, size: int, opened: int) -> Client:
    stack.up()
    store = connect(stack.site.mongo_url("dispatch"))
    snapshots = Snapshots(database(store, "linli_dispatch"), SNAPSHOT)
    await snapshots.save(START, _rows(size, opened))
    store.close()
    described = stack.start("dispatch")
    admin = described.admin
    token = await access_token(session, described.services["registry"], admin.client_id, admin.client_secret)
    return Client(described.services["dispatch"], session, token)


def _rows(size: int, opened: int) -> Iterator[Json]:
    """So many requests, the open ones spread evenly among them."""
    every = size // opened
    for number in range(size):
        status = STATUSES[number // every % len(STATUSES)] if number % every == 0 else "closed"
        created = later(BEGAN, number * 60)
        row = Row(
            id=f"request-{number:08d}",
            place=sequence(number + 1, 0),
            status=status,
            created_at=created,
            version=3,
            channel="telephone",
            community="shaba",
            service="service-home-health-help",
            category="community-service",
            grid=f"shaba-0{number % 7 + 1}",
            units=UNITS,
            priority="urgent",
            due=later(created, number * 7_919 % 90_000),
        )
        yield ["requests", [*values_of(row)]]


async def _compare(
    rounds: int, what: str, path: str, query: dict[str, str], clients: dict[int, Client]
) -> None:
    async def asked(size: int) -> float:
        times = []
        for _ in range(ASKED):
            began = perf_counter()
            page = await clients[size].get(path, **query)
            times.append(perf_counter() - began)
            assert page.status == 200, page.body
            assert page.body.get("items") or page.body.get("columns")
        return statistics.median(times) * 1000

    series: dict[str, Series] = await alternate(
        rounds, "ms", {f"among {size:,}": partial(asked, size) for size in clients}
    )
    few, many = (f"among {size:,}" for size in clients)
    report(f"Board page, {what}", series, [Goal(many, few, 3.0, at_least=False)])


async def _lag(client: Client, session: aiohttp.ClientSession, writes: int) -> None:
    """From the answer of a write to the event that shows its row."""
    told: dict[str, asyncio.Future[float]] = {}
    headers = {"Authorization": f"Bearer {client.token}"}
    async with session.get(f"{client.base}/v1/board/stream", headers=headers) as stream:
        listening = asyncio.create_task(_listen(stream, told))
        lags = []
        for _ in range(max(writes, 20)):
            reply = await client.post("/v1/requests", BODY)
            answered = perf_counter()
            shown = await asyncio.wait_for(_future(told, str(reply.body["id"])), 5)
            lags.append(max(shown - answered, 0.0) * 1000)
        listening.cancel()
    lags.sort()
    median, p99 = statistics.median(lags), lags[int(len(lags) * 0.99)]
    console.print(f"  board lag: median {median:.1f} ms, p99 {p99:.1f} ms ({len(lags)} writes)")


async def _listen(stream: aiohttp.ClientResponse, told: dict[str, asyncio.Future[float]]) -> None:
    async for line in stream.content:
        if line.startswith(b"data: "):
            shown = _future(told, str(loads(line[6:]).get("id")))
            if not shown.done():
                shown.set_result(perf_counter())


def _future(told: dict[str, asyncio.Future[float]], id: str) -> asyncio.Future[float]:
    return told.setdefault(id, asyncio.get_running_loop().create_future())
