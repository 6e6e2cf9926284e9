"""A process that appends to a log and prints the id of each commit once it is acknowledged.

It starts when it reads a line, so that several can start together.

python -m tests.support.appender URL DATABASE PREFIX COUNT CONCURRENCY
"""

from __future__ import annotations

import asyncio
import sys

from shared.runtime.mongo import connect, database
from shared.runtime.store import EventStore
from tests.support.drafts import draft


async def main(url: str, name: str, prefix: str, count: int, concurrency: int) -> None:
    client = connect(url)
    store = EventStore(database(client, name))
    await store.start()
    print("ready", flush=True)
    sys.stdin.readline()
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            commit = await store.append(draft((f"{prefix}-{number}", 1), id=f"{prefix}-{number}"))
            print(commit.id, flush=True)

    await asyncio.gather(*(worker() for _ in range(concurrency)))
    await store.stop()
    client.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))
