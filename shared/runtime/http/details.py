"""Showing personal details: each reading is on record before the answer leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request, Response

from shared.kernel.canonical import Json
from shared.kernel.commit import Answer
from shared.kernel.decider import Decider, Fold
from shared.kernel.event import Event
from shared.runtime.access import Principal
from shared.runtime.execute import Aggregate, Transaction
from shared.runtime.http.calls import Commands
from shared.runtime.ids import new_id
from shared.runtime.sealed import SealedDetails

# A reading is a fact about somebody outside: there is no rule to decide it by.
READINGS: Aggregate[Event, None, Event] = Aggregate(
    Decider(lambda viewed, _: [viewed], Fold(None, lambda state, _: state)), lambda *_: None
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read: sealed details by digest, and the event that says so."""

    digests: Sequence[str]
    viewed: Event


async def show(
    request: Request, principal: Principal, commands: Commands, sealed: SealedDetails, reading: Reading
) -> Response:
    """The details as `{"items": […]}`, after their reading was recorded. Raises Erased (410)."""
    items: list[Json] = [await sealed.read(digest) for digest in reading.digests]
    return await show_on_record(request, principal, commands, reading.viewed, {"items": items})


async def show_on_record(
    request: Request, principal: Principal, commands: Commands, viewed: Event, shown: Mapping[str, Json]
) -> Response:
    """`shown`, after `viewed` was recorded on an `access-…` stream of its own."""

    async def work(transaction: Transaction) -> Answer:
        await transaction.begin(READINGS, new_id("access"), viewed)
        return Answer(200, dict.fromkeys(shown))

    return await commands.run(request, principal, work, lambda: shown)


async def record(request: Request, principal: Principal, commands: Commands, viewed: Event) -> Response:
    """Record `viewed` for something that is no JSON; an empty answer, with the position of the record."""
    return await show_on_record(request, principal, commands, viewed, {})
