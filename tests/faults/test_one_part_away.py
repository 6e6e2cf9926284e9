"""One part dies and stays away for a while: dispatch takes requests all the same, and all catch up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from deploy.stack import PARTS, Stack, ephemeral
from tests.support.accepted import BODY, assert_all_is_recorded_and_told, partner
from tests.support.client import Client
from tests.support.community import SERVICES, Community, community
from tests.support.waiting import until

REQUESTS = 100
ANSWER_S = 2.0
CATCH_UP_S = 10.0


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    schedule = {"LINLI_RETRY_SCHEDULE": "1,1,1"}
    with ephemeral(PARTS, {"notify": schedule}) as running:
        yield running


async def taken_in(shaba: Community, count: int) -> set[str]:
    """The ids of `count` requests that dispatch takes in, one after the other, none of them slowly."""
    accepted = set()
    for _ in range(count):
        async with asyncio.timeout(ANSWER_S):
            reply = await shaba.staff["dispatch"].post("/v1/requests", BODY)
        assert reply.status == 201, reply.body
        accepted.add(str(reply.body["id"]))
    return accepted


async def assert_is_with_the_others_again(service: Client, name: str, seconds: float) -> None:
    """Within `seconds` it says that it has its broker back and is behind none of the others."""

    async def is_with_them() -> bool:
        standings = (await service.get("/readyz")).body["dependencies"]
        # Of its own log a service is behind for a moment at every append.
        others = {standing for of, standing in standings.items() if not of.endswith(f":{name}")}
        return others <= {"up", "followed"}

    await until(is_with_them, seconds)


@pytest.mark.parametrize("part", ["audit", "notify", "registry", "rabbitmq"])
async def test_dispatch_needs_no_other_part_and_all_catch_up_when_it_is_back(stack: Stack, part: str) -> None:
    async with community(stack.up()) as shaba, partner(shaba) as receiver:
        await asyncio.to_thread(stack.kill, part)
        accepted = await taken_in(shaba, REQUESTS)
        assert part not in stack.running()
        await asyncio.to_thread(stack.start, part)
        await asyncio.gather(
            assert_all_is_recorded_and_told(shaba, receiver, accepted, CATCH_UP_S),
            *(assert_is_with_the_others_again(shaba.admin[n], n, CATCH_UP_S) for n in SERVICES),
        )
        # Behind it comes whatever was on its way twice, which must make no difference.
        accepted |= await taken_in(shaba, 1)
        await assert_all_is_recorded_and_told(shaba, receiver, accepted, CATCH_UP_S)
