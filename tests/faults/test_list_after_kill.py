"""dispatch keeps its list of requests in memory: after a `kill -9` it says the same as before."""

from __future__ import annotations

import asyncio

import aiohttp

from deploy.stack import ephemeral
from shared.kernel.canonical import Json
from shared.runtime.mongo import connect
from shared.runtime.projection import SAVE_COMMITS
from tests.support.client import Client, access_token
from tests.support.community import MEALS
from tests.support.waiting import until

COUNT = SAVE_COMMITS + 100


async def listed(dispatch: Client, **wanted: str) -> list[Json]:
    """All pages."""
    items: list[Json] = []
    params = {"limit": "200", **wanted}
    while True:
        page = await dispatch.get("/v1/requests", **params)
        assert page.status == 200, page.body
        items += page.body["items"]
        if page.body["next"] is None:
            return items
        params["cursor"] = page.body["next"]


async def test_a_killed_dispatch_lists_what_it_listed_before() -> None:
    parts = ("rabbitmq", "store", "registry", "dispatch")
    with ephemeral(parts) as stack:
        described = stack.up()
        # No connection is kept: one of those to a process that was killed would be tried first.
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
            admin = described.admin
            token = await access_token(
                session, described.services["registry"], admin.client_id, admin.client_secret
            )
            dispatch = Client(described.services["dispatch"], session, token)
            body = {"service": MEALS, "grid": "shaba-03", "channel": "telephone"}
            replies = await asyncio.gather(*(dispatch.post("/v1/requests", body) for _ in range(COUNT)))
            assert {reply.status for reply in replies} == {201}
            ids = [str(reply.body["id"]) for reply in replies]
            store = connect(stack.site.mongo_url())
            snapshots = store["linli_dispatch"]["snapshots"]

            async def is_saved() -> bool:
                return await snapshots.find_one({"_id": "memory.v3"}) is not None

            await until(is_saved, 20)
            store.close()
            late = ids[::30]
            for id in late:
                triaged = await dispatch.post(f"/v1/requests/{id}/triage", {"priority": "urgent"})
                dispatch.headers["Linli-After"] = triaged.headers["linli-position"]
            before = await listed(dispatch)
            assert {item["id"] for item in before if isinstance(item, dict)} == set(ids)
            assert len(await listed(dispatch, status="triaged")) == len(late)

            stack.kill("dispatch")
            stack.start("dispatch")
            assert await listed(dispatch) == before
            assert len(await listed(dispatch, status="triaged", priority="urgent")) == len(late)
