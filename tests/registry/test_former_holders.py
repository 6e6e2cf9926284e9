"""Who held a seat is forgotten when another holds it, or nobody; who holds it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.registry import former_holders
from services.registry.api.seats import COMMITTEE
from services.registry.domain.seat import Command, Fill, Vacate
from shared.events.registry import SeatFilled, SeatVacated
from shared.kernel.cloudevent import heard
from shared.kernel.commit import Actor, Answer
from shared.kernel.times import parse_time
from shared.runtime.execute import Context, Executor, Transaction
from shared.runtime.ids import new_event_id
from shared.runtime.keyring import load_keyring
from shared.runtime.mongo import Database
from shared.runtime.sealed import Erased, SealedDetails
from shared.runtime.store import EventStore

NOW = parse_time("2026-11-24T08:00:00Z")
SEAT = "seat-member-1"
VACATED = SeatVacated(community="shaba", units=("unit-1",), reason="left")


async def test_earlier_holders_are_forgotten_however_often_it_is_heard(
    database: Database, tmp_path: Path
) -> None:
    store, sealed = EventStore(database), SealedDetails(database, load_keyring(tmp_path / "keys.json"))
    await store.start()
    await sealed.start()
    executor, digests = Executor(store, sealed), list[str]()

    async def does(name: str | None) -> None:
        async def work(transaction: Transaction) -> Answer:
            command: Command = Vacate(VACATED)
            if name is not None:
                digests.append(transaction.seal(SEAT, {"holder": {"name": name}}))
                facts = SeatFilled(community="shaba", seat="member", unit="unit-1", details=digests[-1])
                command = Fill(facts, NOW)
            await transaction.decide(COMMITTEE, SEAT, command)
            return Answer(200, {})

        await executor.execute(Context(Actor("admin", "a"), NOW, "c", new_event_id()), work)

    reactions = former_holders.reactions(store, sealed)
    for step in ("陈建国", None, "赵敏"):
        await does(step)
    for _ in range(2):
        for commit in await store.read(0, 100):
            for event in heard("registry", commit):
                await reactions[event.type](event)
    with pytest.raises(Erased):
        await sealed.read(digests[0])
    assert await sealed.read(digests[1]) == {"holder": {"name": "赵敏"}}
    await store.stop()
