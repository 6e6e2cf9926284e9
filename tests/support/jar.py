"""A jar that is filled: the smallest aggregate that has a rule, a repeat and a refusal; and calls on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from shared.kernel.canonical import Json
from shared.kernel.commit import Actor, Answer
from shared.kernel.decider import Decider, Fold, require
from shared.kernel.event import Event
from shared.runtime.execute import Aggregate, Context, Transaction
from shared.runtime.ids import new_event_id, new_id
from shared.runtime.log import CommitLog

FULL = 100

Work = Callable[[Transaction], Awaitable[Answer]]


class Filled(Event):
    """Something was put in."""

    type: ClassVar[str] = "jar-filled"

    amount: int
    details: str | None = None


@dataclass(frozen=True, slots=True)
class Add:
    """Put `amount` in, whatever is there; `details` is the digest of what was said with it."""

    amount: int
    details: str | None = None


@dataclass(frozen=True, slots=True)
class FillTo:
    """See to it that `total` is in it."""

    total: int


def decide(command: Add | FillTo, total: int) -> Sequence[Filled]:
    amount = command.amount if isinstance(command, Add) else command.total - total
    require(amount >= 0, "never-less", "nothing can be taken out of a jar")
    require(total + amount <= FULL, "full", f"a jar holds {FULL}")
    details = command.details if isinstance(command, Add) else None
    return [Filled(community="shaba", amount=amount, details=details)] if amount else []


def decode(event_type: str, data: Mapping[str, Json]) -> Filled | None:
    return Filled.model_validate(data) if event_type == Filled.type else None


JAR: Aggregate[Add | FillTo, int, Filled] = Aggregate(
    Decider(decide, Fold(0, lambda total, event: total + event.amount)), decode
)


def call(key: str | None = None, body: str = "body", if_match: int | None = None) -> Context:
    """A call with this Idempotency-Key, if any."""
    return Context(
        actor=Actor("dispatcher", "client-1"),
        now=datetime.now(UTC),
        correlation="correlation-1",
        commit_id=key or new_event_id(),
        repeatable=key is not None,
        request_mac=body if key is not None else None,
        if_match=if_match,
    )


def on(jar: str, command: Add | FillTo) -> Work:
    """What a route does: 201 with what is in the jar now; 200 if nothing was to be done."""

    async def work(transaction: Transaction) -> Answer:
        total = await transaction.decide(JAR, jar, command)
        status = 201 if transaction.events else 200
        return Answer(status, {"id": jar, "total": total}, f"/v1/jars/{jar}", transaction.version(jar))

    return work


def on_a_fresh_jar(command: Add | FillTo) -> Work:
    """A route that makes a new thing, with an id of its own at every try."""

    async def work(transaction: Transaction) -> Answer:
        jar = new_id("jar")
        total = await transaction.begin(JAR, jar, command)
        return Answer(201, {"id": jar, "total": total}, f"/v1/jars/{jar}", 1)

    return work


async def total(store: CommitLog, jar: str) -> int:
    """What is in this jar, as its log says."""
    return sum(int(str(event.data["amount"])) for event in await store.stream(jar))
