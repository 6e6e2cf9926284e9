"""A process that runs commands, each with a sealed detail, and prints the answer to each once it has it.

It starts when it reads a line. `in-turn` runs one after the other, on one stream; `at-once` all together,
so that details and commits go out in groups.

python -m tests.support.commander URL DATABASE KEY_FILE in-turn|at-once
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from shared.kernel.commit import Answer
from shared.runtime.execute import Executor, Outcome, Transaction
from shared.runtime.keyring import load_keyring
from shared.runtime.mongo import connect, database
from shared.runtime.sealed import Erased, SealedDetails
from shared.runtime.store import EventStore
from tests.support.jar import Add, call, on

ERASED = "resident-2"
"""A person who was erased before."""


@dataclass(frozen=True, slots=True)
class Order:
    """A command that may be repeated, since it has a key: one more into `jar`, with words of `person`, or
    with words that are nobody's."""

    key: str
    jar: str
    person: str | None

    async def work(self, transaction: Transaction) -> Answer:
        """What its route does."""
        digest = transaction.seal(self.person or self.jar, {"text": self.key}, self.person is not None)
        return await on(self.jar, Add(1, digest))(transaction)

    async def run(self, executor: Executor) -> Outcome:
        """Raises Erased for the person who was."""
        return await executor.execute(call(self.key), self.work)


ORDERS: Mapping[str, Sequence[Order]] = {
    "in-turn": [
        Order("key-1", "jar-1", "resident-1"),
        Order("key-2", "jar-1", ERASED),
        Order("key-3", "jar-1", None),
    ],
    "at-once": [
        Order("key-1", "jar-1", "resident-1"),
        Order("key-2", "jar-2", None),
        Order("key-3", "jar-3", ERASED),
        Order("key-4", "jar-4", "resident-1"),
    ],
}


async def print_answer(order: Order, executor: Executor) -> None:
    try:
        outcome = await order.run(executor)
        print(json.dumps({"key": order.key, "answer": asdict(outcome.answer)}), flush=True)
    except Erased:
        print(json.dumps({"key": order.key, "answer": None}), flush=True)


async def main(url: str, name: str, key_file: str, manner: str) -> None:
    client = connect(url)
    store = EventStore(database(client, name))
    sealed = SealedDetails(database(client, name), load_keyring(Path(key_file)))
    await store.start()
    await sealed.start()
    executor = Executor(store, sealed)
    print("ready", flush=True)
    sys.stdin.readline()
    if manner == "at-once":
        await asyncio.gather(*(print_answer(order, executor) for order in ORDERS[manner]))
    else:
        for order in ORDERS[manner]:
            await print_answer(order, executor)
    await store.stop()
    client.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4]))
