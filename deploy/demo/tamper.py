"""The proof that audit's verdict means something: a copy of its store is altered, and verified."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from deploy.demo.errors import DemoFailed
from deploy.demo.evidence import Entry, Verdict
from services.audit.domain.chain import Head, leaf_hash
from services.audit.offline import copy_log, verify_database
from services.audit.verify import Fault
from shared.events.dispatch import VisitCompleted
from shared.runtime.mongo import Database, connect, database

SOURCE, COPY = "linli_audit", "linli_audit_copy"


@dataclass(frozen=True, slots=True)
class Tampering:
    """What was altered in the copy, and what was found before and after that."""

    seq: int
    was: str
    became: str
    before: Fault | None
    after: Fault | None


async def tamper(store: str, entries: Collection[Entry], verdict: Verdict) -> Tampering:
    """Copy audit's log within the store at this URL, prettify one visit's outcome in the copy, verify it.

    The culprit is a careful one: the altered entry's own hash is made to fit again.
    """
    seq, was, became = _target(entries)
    known = [Head(verdict.entries, bytes.fromhex(verdict.chain))]
    client = connect(store)
    try:
        copy = database(client, COPY)
        await copy_log(database(client, SOURCE), copy)
        before = (await verify_database(copy, known)).fault
        await _alter(copy, seq, was, became)
        after = (await verify_database(copy, known)).fault
        return Tampering(seq, was, became, before, after)
    finally:
        client.close()


def _target(entries: Collection[Entry]) -> tuple[int, str, str]:
    """The first visit that did not go as wished; its outcome, and a better one."""
    visits = [entry for entry in entries if entry.event.type == VisitCompleted.type]
    if not visits:
        raise DemoFailed("no visit was completed")
    worse = [entry for entry in visits if entry.event.data["outcome"] != "done"]
    chosen = (worse or visits)[0]
    return chosen.seq, str(chosen.event.data["outcome"]), "done" if worse else "not-done"


async def _alter(copy: Database, seq: int, was: str, became: str) -> None:
    entry = await copy["entries"].find_one({"seq": seq})
    if entry is None:
        raise DemoFailed("the copy lacks an entry")
    leaf = bytes(entry["leaf"]).replace(f'"outcome":"{was}"'.encode(), f'"outcome":"{became}"'.encode())
    await copy["entries"].update_one({"seq": seq}, {"$set": {"leaf": leaf, "leaf_hash": leaf_hash(leaf)}})
