"""What consent was withdrawn for goes, from registry's own details.

The order: what is left is sealed anew; one commit says that consent is withdrawn and names what was sealed
anew; then the read model follows; then the earlier details are deleted, and dispatch deletes its own. Before
the commit nothing is lost, and the sweeper takes what was sealed. Behind it a follower of the log deletes,
which goes on where it was: it takes what the log names and has superseded, so that to repeat it takes nothing
more. An amendment at the same moment is decided on the same stream, and so begins again.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.registry.api.listed import listing
from services.registry.domain.person import PERSON, Command, Reseal, WithdrawConsent, without
from shared.events.index import decode
from shared.events.registry import COVERED, ConsentPurpose, ConsentWithdrawn
from shared.folds.person import FOLD, Person
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.event import Event
from shared.runtime.execute import Aggregate, Transaction
from shared.runtime.log import CommitLog
from shared.runtime.sealed import SealedDetails
from shared.runtime.service import Reaction

PERSONS: Aggregate[Command, Person, Event] = Aggregate(PERSON, decode)


async def records_of(transaction: Transaction, resident: str) -> dict[str, Person]:
    """The resident, and all who turned out to be that one, however often it was merged."""
    found: dict[str, Person] = {}
    waiting = [resident]
    while waiting:
        id = waiting.pop(0)
        if id not in found:
            found[id] = await transaction.load(PERSONS, id)
            waiting.extend(found[id].record.absorbed)
    return found


async def survivor_of(transaction: Transaction, resident: str) -> str:
    """The record that this one was merged into, however often; itself if it was not."""
    seen = {resident}
    into = (await transaction.load(PERSONS, resident)).record.merged_into
    while into is not None and into not in seen:
        seen.add(into)
        resident, into = into, (await transaction.load(PERSONS, into)).record.merged_into
    return resident


async def holds_on(transaction: Transaction, resident: str) -> tuple[str, ...]:
    """The legal holds in force on any of the records of the person that `resident` is."""
    persons = await records_of(transaction, await survivor_of(transaction, resident))
    return tuple(hold for person in persons.values() for hold in person.held_by())


async def withdraw(
    transaction: Transaction, sealed: SealedDetails, resident: str, purposes: Sequence[ConsentPurpose]
) -> Person:
    """Decide that consent for `purposes` is withdrawn, and seal anew what is left, unless there is a hold."""
    persons = await records_of(transaction, resident)
    held, before = bool(await holds_on(transaction, resident)), len(transaction.events)
    person = persons[resident]
    for purpose in purposes:
        command = WithdrawConsent(purpose, tuple(persons), held)
        person = await transaction.decide(PERSONS, resident, command)
    if not held and len(transaction.events) > before:
        for id in persons:
            await reseal(transaction, sealed, id, purposes)
    return person


async def reseal(
    transaction: Transaction, sealed: SealedDetails, id: str, purposes: Sequence[ConsentPurpose]
) -> None:
    """Seal anew what is kept of `id`, without what `purposes` cover; nothing if they cover none of it."""
    person = await transaction.load(PERSONS, id)
    facts = person.resident
    if facts is None or person.erased:
        return
    kept = await sealed.read(facts.details)
    left = without(kept, purposes)
    if left == kept:
        return
    found_by = None if person.record.ended else listing("resident", facts.community, facts.grid, left)
    await transaction.decide(PERSONS, id, Reseal(transaction.seal(id, left, listing=found_by)))


class Withdrawals:
    """Follows registry's own withdrawals: deletes the details that were superseded."""

    def __init__(self, log: CommitLog, sealed: SealedDetails) -> None:
        self._log = log
        self._sealed = sealed

    def reactions(self) -> dict[str, Reaction]:
        """Event type → what is done about it."""
        return {ConsentWithdrawn.type: self.follow}

    async def follow(self, event: CloudEvent) -> None:
        """Delete what `event` says is to go, but for what is in force; safe to repeat."""
        said = decode(event.type, event.data)
        if not isinstance(said, ConsentWithdrawn) or said.held or not COVERED[said.purpose]:
            return
        # Up to this commit only: the read model may not have heard of what came behind it.
        [commit] = await self._log.read(event.place.pos - 1, 1)
        last = {each.stream: each.version for each in commit.events}
        for id in said.persons:
            stored = await self._log.stream(id)
            heard = [each for each in stored if each.version <= last.get(id, each.version)]
            decoded = (decode(each.type, each.data) for each in heard)
            details = FOLD.over(each for each in decoded if each is not None).details
            await self._sealed.delete_named(sorted({*details[:-1]} - {*details[-1:]}))
