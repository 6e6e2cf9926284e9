"""How registry's routes put a thing on record: the same for every kind of thing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from fastapi import Request, Response

from services.registry.domain.record import RECORD, Command, Register, decode, exists
from shared.folds.record import Record
from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.decider import require
from shared.kernel.event import Event
from shared.runtime.access import Principal
from shared.runtime.execute import Aggregate, Transaction
from shared.runtime.http.calls import Commands

RECORDS: Aggregate[Command, Record, Event] = Aggregate(RECORD, decode)


@dataclass(frozen=True, slots=True)
class Registration:
    """A thing that is to be on record: its id, the path it is found under, and what makes its facts.

    `fresh` says that the id was made just now, so that nothing can be under it.
    """

    id: str
    path: str
    facts: Callable[[Transaction], Awaitable[Event]]
    fresh: bool = True
    shown: Mapping[str, Json] | None = None
    secrets: Callable[[], Mapping[str, Json]] | None = None


async def register(
    commands: Commands, request: Request, principal: Principal, registration: Registration
) -> Response:
    """201 with the id of the thing; 200 if it was on record already in just that way."""

    async def work(transaction: Transaction) -> Answer:
        command = Register(await registration.facts(transaction))
        enter = transaction.begin if registration.fresh else transaction.decide
        await enter(RECORDS, registration.id, command)
        status = 201 if transaction.events else 200
        body = {"id": registration.id, **(registration.shown or {})}
        return Answer(status, body, f"{registration.path}/{registration.id}", 1)

    return await commands.run(request, principal, work, registration.secrets)


async def must_exist(
    transaction: Transaction, stream: str, kind: type[Event], code: str, message: str
) -> None:
    """Raise Refused(`code`) unless `stream` is a living thing that `kind` registered."""
    require(exists(await transaction.load(RECORDS, stream), kind), code, message)


def community_of(principal: Principal) -> str:
    """The community that a caller writes in: its own, which for now is one."""
    return min(principal.communities)
