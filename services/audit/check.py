"""The whole log of a store put to the verifier, page by page, so that the service goes on answering."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from services.audit.domain.chain import Head
from services.audit.entries import Entries
from services.audit.verify import Verdict, Verifier


async def check_log(entries: Entries, known: Iterable[Head], size: int | None = None) -> Verdict:
    """The verdict on the first `size` entries, or on all there are. See `verify` for what it can prove.

    Raises PyMongoError if the store is away.
    """
    verifier = Verifier(known)
    async for page in entries.pages(size):
        for entry in page:
            verifier.check(entry)
        await asyncio.sleep(0)
    return verifier.verdict()
