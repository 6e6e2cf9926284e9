"""Lists in the log's order, by windows: the embedded store reads a range to its end, whatever the limit."""

from __future__ import annotations

import re
from collections.abc import Mapping

from shared.kernel.cloudevent import sequence
from shared.runtime.http.problems import Problem
from shared.runtime.mongo import Collection, Document

WIDTH = 1000
"""Commits that one window spans."""
WINDOWS = 40
"""Windows that one page may cost; then it ends, with a cursor to go on from."""

_CURSOR = re.compile(r"^\d{12}\.\d{4}$")
BEGINNING = sequence(0, 0)


def cursor(text: str | None) -> str:
    """The place that a page's cursor stands for. Raises Problem 400 if it is none."""
    if text is None:
        return BEGINNING
    if not _CURSOR.match(text):
        raise Problem(400, "invalid-cursor", "this is no cursor; send what `next` said")
    return text


async def page(
    collection: Collection,
    keys: tuple[str, str],
    span: tuple[str, int],
    limit: int,
    only: Mapping[str, object],
) -> tuple[list[Document], str | None]:
    """Documents in the order of the log, and the place to go on from; None if there is nothing behind.

    `keys` is the indexed field and what its texts have before the place; `span` the place behind which to
    begin and the position of the log's head. A page may be short, or empty, and still not be the last.
    """
    (field, prefix), (after, head) = keys, span
    found: list[Document] = []
    at = int(after.partition(".")[0])
    lower = after
    for _ in range(WINDOWS):
        upper = sequence(at + WIDTH, 0)
        query = {field: {"$gt": prefix + lower, "$lte": prefix + upper}, **only}
        wanted = limit + 1 - len(found)
        found += await collection.find(query).sort(field, 1).limit(wanted).to_list(wanted)
        if len(found) > limit:
            return found[:limit], str(found[limit - 1][field]).removeprefix(prefix)
        if at + WIDTH > head:
            return found, None
        at, lower = at + WIDTH, upper
    return found, lower
