"""A lease: who holds it does the work, and begins nothing once another may have taken it."""

from __future__ import annotations

import asyncio

import pytest

from shared.runtime.lease import STALE_S, Lease, LeaseLost, while_held
from shared.runtime.mongo import Collection, Database, NetworkTimeout
from tests.support.waiting import until


class Deaf(Lease):
    """A lease whose store does not take its beats any more."""

    heard = True

    async def save(self, checkpoint: int) -> None:
        if not self.heard:
            raise NetworkTimeout("for now")
        await super().save(checkpoint)


def leases(database: Database) -> Collection:
    return database["leases"]


async def idle() -> None:
    await asyncio.Event().wait()


async def test_it_is_sure_while_its_beat_is_fresh_and_another_takes_it_only_when_it_is_not(
    database: Database,
) -> None:
    first, second = (Lease(leases(database), owner, "lead") for owner in ("first", "second"))
    holding = asyncio.create_task(while_held(first, idle))
    await until(lambda: first.sure)
    waiting = asyncio.create_task(while_held(second, idle))
    first_beat = first.saved_at
    await until(lambda: first.saved_at > first_beat + STALE_S)
    assert first.sure
    assert second.epoch == 0
    holding.cancel()
    await until(lambda: second.sure)
    waiting.cancel()
    await asyncio.wait([holding, waiting])
    assert (first.epoch, second.epoch) == (1, 2)


async def test_one_that_alone_has_lost_the_store_is_not_sure_before_another_has_it(
    database: Database,
) -> None:
    deaf, other = Deaf(leases(database), "deaf", "lead"), Lease(leases(database), "other", "lead")
    holding = asyncio.create_task(while_held(deaf, idle))
    await until(lambda: deaf.sure)
    waiting = asyncio.create_task(while_held(other, idle))
    deaf.heard = False
    await until(lambda: not deaf.sure)
    assert other.epoch == 0
    await until(lambda: other.sure)
    deaf.heard = True
    with pytest.raises(BaseExceptionGroup) as lost:
        await holding
    assert lost.value.subgroup(LeaseLost) is not None
    waiting.cancel()
    await asyncio.wait([waiting])
