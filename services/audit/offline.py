"""The log of any store, verified without the service: of a copy, of a backup.

python -m services.audit.offline STORE_URL DATABASE [SIZE CHAIN]

SIZE and CHAIN (hex) are a head that was remembered, as an earlier verification gave it. Prints the verdict
as JSON; ends with 0 if the log is intact, with 1 if it is not.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from services.audit.check import check_log
from services.audit.domain.chain import Head
from services.audit.entries import Entries
from services.audit.verify import Verdict
from shared.kernel.canonical import encode
from shared.runtime.mongo import Database, connect, database


async def verify_database(found: Database, known: Sequence[Head] = ()) -> Verdict:
    """The verdict on the log in `found`, by the head kept apart in it and by those that are `known`."""
    entries = Entries(found)
    kept = (await entries.tip()).head
    return await check_log(entries, [*known, kept])


async def copy_log(source: Database, target: Database) -> int:
    """Copy the log, and the head kept apart, into another database that has none; how many entries."""
    entries, copies, copied = Entries(source), Entries(target), 0
    await copies.open()
    tip = await entries.tip()
    async for page in entries.pages():
        if page:
            await copies.append(page)
            copied += len(page)
    await copies.keep_tip(tip)
    return copied


async def _verify_at(url: str, name: str, known: Sequence[Head]) -> Verdict:
    client = connect(url)
    try:
        return await verify_database(database(client, name), known)
    finally:
        client.close()


def main(arguments: Sequence[str]) -> int:
    """See the module."""
    match arguments:
        case [url, name]:
            known = []
        case [url, name, size, chain]:
            known = [Head(int(size), bytes.fromhex(chain))]
        case _:
            print("python -m services.audit.offline STORE_URL DATABASE [SIZE CHAIN]", file=sys.stderr)
            return 2
    verdict = asyncio.run(_verify_at(url, name, known))
    print(encode(verdict.to_json()).decode())
    return 0 if verdict.intact else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
