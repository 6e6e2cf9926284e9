"""A service that starts on a backup of its details which is older than an erasure serves nothing of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from deploy.stack import PARTS, Stack, ephemeral
from shared.runtime.mongo import Database, Document, connect, database
from tests.support.community import community
from tests.support.waiting import until

PLACES = ("details", "details-searched", "details-of-requests", "tombstones")
SERVICES = ("registry", "dispatch")


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with ephemeral(PARTS) as running:
        yield running


async def copied(store: Database) -> dict[str, list[Document]]:
    return {name: await store[name].find({}).to_list(None) for name in PLACES}


async def put_back(store: Database, copy: dict[str, list[Document]]) -> None:
    for name, documents in copy.items():
        await store[name].delete_many({})
        if documents:
            await store[name].insert_many(documents)


async def kept_of(store: Database, person: str) -> int:
    return sum([await store[name].count_documents({"subject": person}) for name in PLACES])


async def test_after_a_restore_nothing_of_an_erased_person_is_there(stack: Stack) -> None:
    client = connect(stack.site.mongo_url())
    stores = {service: database(client, f"linli_{service}") for service in SERVICES}
    async with community(stack.up()) as shaba:
        resident, other = await shaba.resident(), await shaba.resident()
        request = await shaba.request(resident=resident, text="头晕")
        copies = {service: await copied(store) for service, store in stores.items()}
        assert (await shaba.admin["registry"].post(f"/v1/residents/{resident}/erasure")).status == 200

        async def is_gone() -> bool:
            return not any([await kept_of(store, resident) for store in stores.values()])

        await until(is_gone)
        for service in SERVICES:
            await asyncio.to_thread(stack.kill, service)
            await put_back(stores[service], copies[service])
        assert not await is_gone()
        for service in SERVICES:
            await asyncio.to_thread(stack.start, service)

        assert await is_gone()
        path = f"/v1/requests/{request}/details"
        assert (await shaba.staff["dispatch"].get(path, purpose="service")).status == 410
        shown = await shaba.staff["registry"].get(f"/v1/residents/{other}/details", purpose="service")
        assert shown.status == 200
    client.close()
