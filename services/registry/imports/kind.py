"""What a kind of things is, of which there are tables."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.registry.api.bodies import NewBody
from services.registry.api.records import RECORDS
from services.registry.domain.record import Register
from services.registry.imports.columns import CONFIRMED, Column, columns_of
from shared.kernel.canonical import Json
from shared.kernel.event import Event
from shared.runtime.execute import Transaction

Content = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Reference:
    """What a row speaks of and must be on record: its stream, what put it there; else the refusal."""

    column: str
    stream: str
    registered_by: type[Event]
    code: str
    message: str


async def enter_record(transaction: Transaction, id: str, facts: Event) -> None:
    """Put a plain thing on record."""
    await transaction.begin(RECORDS, id, Register(facts))


def no_rule(_: Event, __: datetime) -> None:
    """Of a plain thing the body says it all."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: `name` as in paths, `prefix` of its ids, and what a row's body makes of itself.

    `facts` is given the body, its community and the digest of `sealed`, which is what is kept sealed of it.
    `alike` is what a body has in common with another of the same thing; `place` the fact that a person is
    likely to share with that, for those who are found by sealed details. `enter` puts it on record, if that
    is more than to register `facts`; `named` is the id of what has one by its nature, in a community of an
    installation whose first is given too; `check` raises Refused for facts that break a rule; `flat` is what
    a table says of facts that are no plain ones.
    """

    name: str
    prefix: str
    body: type[NewBody]
    scope: str
    facts: Callable[[Any, str, str | None], Event]
    references: Callable[[Any], tuple[Reference, ...]]
    sealed: Callable[[Any], Content | None]
    alike: Callable[[Any], tuple[str, ...]]
    place: str | None = None
    enter: Callable[[Transaction, str, Event], Awaitable[None]] = enter_record
    check: Callable[[Event, datetime], None] = no_rule
    named: Callable[[Any, str, str], str] | None = None
    flat: Callable[[Mapping[str, Json]], Mapping[str, Json]] = dict
    columns: tuple[Column, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", columns_of(self.body))

    @property
    def shown(self) -> tuple[Column, ...]:
        """The columns of what is on record, which are those of an export."""
        return tuple(column for column in self.columns if column.name != CONFIRMED)

    def cells(self, community: str, facts: Mapping[str, Json], content: Mapping[str, Json]) -> dict[str, str]:
        """What a table says of a thing on record, by column."""
        values = {**self.flat(facts), **content, "community": community}
        return {column.name: column.cell(values) for column in self.shown}
