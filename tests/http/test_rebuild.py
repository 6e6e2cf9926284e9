"""The read models are made anew while the service goes on."""

from __future__ import annotations

import asyncio

from tests.http.test_board import grid_of_its_own, triaged
from tests.support.client import Client, Reply
from tests.support.community import Community


async def rows_of(client: Client, grid: str) -> list[object]:
    found: list[object] = []
    query = {"grid": grid, "limit": "500"}
    while True:
        page = (await client.get("/v1/requests", **query)).body
        found += page["items"]
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


async def heard(client: Client, last: Reply) -> None:
    """The list has what `last` did."""
    headers = {"Linli-After": last.headers["linli-position"]}
    assert (await client.call("GET", "/v1/requests?limit=1", headers=headers)).status == 200


async def test_a_rebuild_under_writes_leaves_what_the_log_says(shaba: Community) -> None:
    """Lists are asked meanwhile and never lack what they had."""
    grid, desk, admin = await grid_of_its_own(shaba), shaba.staff["dispatch"], shaba.admin["dispatch"]
    for _ in range(5):
        _, last = await triaged(shaba, grid, "urgent")
    await heard(desk, last)
    before = await rows_of(desk, grid)
    over, written, least = False, 0, [len(before)]

    async def write() -> None:
        nonlocal written
        while not over:
            await triaged(shaba, grid, "routine")
            written += 1

    async def read() -> None:
        while not over:
            least.append(len(await rows_of(desk, grid)))

    tasks = [asyncio.create_task(work()) for work in (write, write, read)]
    try:
        replies = await asyncio.gather(*(admin.post("/v1/rebuild") for _ in range(2)))
    finally:
        over = True
        await asyncio.gather(*tasks)
    done = [reply for reply in replies if reply.status == 200]
    assert done
    assert {reply.body["code"] for reply in replies if reply not in done} <= {"rebuild-under-way"}
    assert done[0].body["rebuilt"] == ["memory.v3"]
    assert least == sorted(least)
    _, last = await triaged(shaba, grid, "stat")
    await heard(desk, last)
    live = await rows_of(desk, grid)
    assert live[: len(before)] == before
    assert len(live) == len(before) + written + 1
    assert (await admin.post("/v1/rebuild")).status == 200
    assert await rows_of(desk, grid) == live
    again = await admin.post("/v1/rebuild")
    assert again.status == 200
    assert await rows_of(desk, grid) == live
