"""What registry's routes do with a thing on record: the same for every kind of thing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request, Response

from services.registry.domain.record import (
    ENDED,
    RECORD,
    Absorb,
    Amend,
    Assure,
    Command,
    End,
    Merge,
    Register,
    decode,
    exists,
)
from shared.events.registry import Amendment, Erasing
from shared.folds.record import Record
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.decider import NOT_FOUND, Refused, require
from shared.kernel.event import Event
from shared.kernel.times import format_time
from shared.runtime.access import Principal
from shared.runtime.execute import Aggregate, Transaction
from shared.runtime.http.calls import Commands
from shared.runtime.sealed import Erased

RECORDS: Aggregate[Command, Record, Event] = Aggregate(RECORD, decode)

UNKNOWN_RECORD = "nothing of this kind has the id in `into`; the list of its kind shows those there are"
UNKNOWN_COMMUNITY = "name one community of your token as `community`; it can be left out if there is just one"


@dataclass(frozen=True, slots=True)
class Registration:
    """A thing that is to be on record: its id, the path it is found under, and what makes its facts.

    `fresh` says that the id was made just now, so that nothing can be under it. `candidates` finds what is
    likely the same as these facts; it is left out where the caller has confirmed that nothing is.
    """

    id: str
    path: str
    facts: Callable[[Transaction], Awaitable[Event]]
    fresh: bool = True
    shown: Mapping[str, Json] | None = None
    secrets: Callable[[], Mapping[str, Json]] | None = None
    candidates: Callable[[Event], Awaitable[tuple[str, ...]]] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call that changes the thing `id`, which `kind` must have registered."""

    commands: Commands
    request: Request
    principal: Principal
    id: str
    kind: type[Event]

    async def own(self, transaction: Transaction) -> tuple[Record, Event]:
        """The thing and its facts. Raises Refused `not-found` for what is not there or another's, and Erased
        for a person who was erased."""
        record = await transaction.load(RECORDS, self.id)
        facts = record.facts
        require(
            isinstance(facts, self.kind) and may_reach(self.principal, self.id, facts), "not-found", NOT_FOUND
        )
        assert facts is not None
        if isinstance(record.end, Erasing):
            raise Erased(self.id)
        return record, facts

    async def run(self, work: Callable[[Transaction], Awaitable[Answer]]) -> Response:
        """Execute `work`."""
        return await self.commands.run(self.request, self.principal, work)


def may_reach(principal: Principal, id: str, facts: Event) -> bool:
    """Whether a thing is in a community of the caller's, and its unit's if the caller is a unit's client."""
    unit: str | None = id if id.startswith("unit-") else getattr(facts, "unit", None)
    sees = principal.unit is None or principal.unit == unit
    return sees and facts.community in principal.communities


async def register(
    commands: Commands, request: Request, principal: Principal, registration: Registration
) -> Response:
    """201 with the id of the thing; 200 if it was on record already in just that way."""

    async def work(transaction: Transaction) -> Answer:
        facts = await registration.facts(transaction)
        find = registration.candidates
        command = Register(facts, await find(facts) if find is not None else ())
        enter = transaction.begin if registration.fresh else transaction.decide
        await enter(RECORDS, registration.id, command)
        status = 201 if transaction.events else 200
        body = {"id": registration.id, **(registration.shown or {})}
        location = f"{registration.path}/{registration.id}"
        return Answer(status, body, location, transaction.version(registration.id))

    return await commands.run(request, principal, work, registration.secrets)


async def amend(call: Call, changes: Callable[[Transaction, Event], Awaitable[Amendment]]) -> Response:
    """200 with the id; `changes` makes the amendment of the facts that there are."""

    async def work(transaction: Transaction) -> Answer:
        _, facts = await call.own(transaction)
        await transaction.decide(RECORDS, call.id, Amend(await changes(transaction, facts)))
        return Answer(200, {"id": call.id}, etag=transaction.version(call.id))

    return await call.run(work)


async def end(call: Call, ending: Callable[[Event], Event]) -> Response:
    """200 with the id and the reason; `ending` makes the event of the facts that there are."""

    async def work(transaction: Transaction) -> Answer:
        record, facts = await call.own(transaction)
        require(record.merged_into is None, "record-ended", ENDED)
        after = await transaction.decide(RECORDS, call.id, End(ending(facts)))
        reason = str(getattr(after.end, "reason", None))
        return Answer(200, {"id": call.id, "ended": reason}, etag=transaction.version(call.id))

    return await call.run(work)


async def assure(call: Call) -> Response:
    """200 with the id and the time from which on the record is confirmed."""

    async def work(transaction: Transaction) -> Answer:
        await call.own(transaction)
        now = transaction.context.now
        await transaction.decide(RECORDS, call.id, Assure(now))
        body: dict[str, Json] = {"id": call.id, "assured_at": format_time(now)}
        return Answer(200, body, etag=transaction.version(call.id))

    return await call.run(work)


async def merge(call: Call, into: str) -> Response:
    """200 with the id and what it was merged into."""

    async def work(transaction: Transaction) -> Answer:
        await call.own(transaction)
        other = await transaction.load(RECORDS, into)
        facts = other.facts
        known = isinstance(facts, call.kind) and may_reach(call.principal, into, facts)
        require(known, "unknown-record", UNKNOWN_RECORD)
        await transaction.decide(RECORDS, call.id, Merge(call.id, into, other))
        if transaction.events:
            await transaction.decide(RECORDS, into, Absorb(call.id))
        body: dict[str, Json] = {"id": call.id, "merged_into": into}
        return Answer(200, body, etag=transaction.version(call.id))

    return await call.run(work)


async def must_exist(
    transaction: Transaction,
    stream: str,
    kind: type[Event],
    code: str,
    message: str,
    community: str | None = None,
) -> None:
    """Raise Refused(`code`) unless `stream` is a living thing that `kind` registered, in `community`."""
    record = await transaction.load(RECORDS, stream)
    there = community is None or (record.facts is not None and record.facts.community == community)
    require(there and exists(record, kind), code, message)


def community_of(principal: Principal) -> str:
    """The community that a caller's reading is recorded in, of whatever it reads: its first."""
    return min(principal.communities)


def community_for(principal: Principal, asked: str | None) -> str:
    """The community that a new record is for. Raises Refused `unknown-community`."""
    if asked is None and len(principal.communities) == 1:
        return min(principal.communities)
    if asked is None or asked not in principal.communities:
        raise Refused("unknown-community", UNKNOWN_COMMUNITY)
    return asked


def communities_for(principal: Principal, asked: Sequence[str] | None) -> tuple[str, ...]:
    """The communities that a new client, or a person, is for: those of the caller's that are asked for, or
    all. Raises Refused `unknown-community`."""
    if asked is None:
        return tuple(sorted(principal.communities))
    require(principal.communities.issuperset(asked), "unknown-community", UNKNOWN_COMMUNITY)
    return tuple(sorted(set(asked)))
