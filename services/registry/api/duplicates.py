"""Whether somebody who is being entered is on record already.

Two entries are likely of one person if the name and the telephone, the address, or the grid or unit are the
same.
Two registrations of one person at the very same time are not caught: neither is on record for the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from fastapi import Request, Response

from services.registry.api.listed import likeness
from services.registry.api.records import RECORDS, Registration, register
from services.registry.domain.record import LIKELY_DUPLICATE
from shared.events.details import DetailsViewed
from shared.kernel.canonical import Json
from shared.kernel.commit import Actor, Answer
from shared.kernel.decider import Refused
from shared.kernel.event import Event
from shared.kernel.masks import mask_name
from shared.kernel.times import to_milliseconds
from shared.runtime.access import Principal
from shared.runtime.execute import Context, Transaction
from shared.runtime.http.calls import Commands
from shared.runtime.http.details import READINGS
from shared.runtime.http.problems import Problem
from shared.runtime.ids import new_event_id, new_id
from shared.runtime.service import Service

READING = {"resident": "residents:read", "volunteer": "registry:read"}
MOST = 20
"""Candidates that a refusal names."""


@dataclass(frozen=True, slots=True)
class Entered:
    """Who is being entered: `content` is what is to be sealed, `place` as for `listing`. `confirmed`: the
    caller says that it is nobody who is on record."""

    kind: str
    content: Mapping[str, Json]
    place: str
    confirmed: bool


async def register_person(
    commands: Commands, request: Request, principal: Principal, registration: Registration, entered: Entered
) -> Response:
    """As `register`. 409 `likely-duplicate` with `candidates`, their ids and masked names, unless confirmed:
    since that tells of them, each is recorded as `details-viewed` before the answer leaves."""
    if entered.confirmed:
        return await register(commands, request, principal, registration)
    service: Service = request.app.state.service
    find = _finder(service, commands.read(request, principal), entered)
    try:
        return await register(commands, request, principal, replace(registration, candidates=find))
    except Refused as refusal:
        if refusal.code != "likely-duplicate":
            raise
        if READING[entered.kind] not in principal.scopes:
            # Who may not list people is told of none.
            raise Refused("likely-duplicate", LIKELY_DUPLICATE) from None
        told = refusal.facts["candidates"]
        assert isinstance(told, list)
        ids = [str(id) for id in told]
    raise await _disclosed(service, request, principal, commands.read(request, principal), ids)


def _finder(
    service: Service, reading: Transaction, entered: Entered
) -> Callable[[Event], Awaitable[tuple[str, ...]]]:
    async def find(facts: Event) -> tuple[str, ...]:
        wanted = [likeness(entered.content, entered.place)]
        found = await service.sealed.search(wanted, {facts.community}, entered.kind, MOST)
        living = []
        for each in found:
            record = await reading.load(RECORDS, each.subject)
            # Details without a commit, and those that newer ones superseded, are found for a while.
            if not record.ended and getattr(record.facts, "details", None) in each.digests:
                living.append(each.subject)
        return tuple(living)

    return find


async def _disclosed(
    service: Service, request: Request, principal: Principal, reading: Transaction, ids: Sequence[str]
) -> Problem:
    """The refusal that names the candidates, once it is on record that they were shown."""
    facts = {id: (await reading.load(RECORDS, id)).facts for id in ids}
    digests = {id: str(getattr(its, "details", "")) for id, its in facts.items()}
    contents = await service.sealed.read_many([*digests.values()])

    async def work(transaction: Transaction) -> Answer:
        for id, its in facts.items():
            assert its is not None
            viewed = DetailsViewed(community=its.community, subject=id, purpose="duplicate-check", count=1)
            await transaction.begin(READINGS, new_id("access"), viewed)
        return Answer(200, {})

    await service.executor.execute(_context(request, principal), work)
    candidates: list[Json] = [{"id": id, **_masked(contents.get(digests[id], {}))} for id in ids]
    return Problem(409, "likely-duplicate", LIKELY_DUPLICATE, facts={"candidates": candidates})


def _masked(content: Mapping[str, Json]) -> dict[str, Json]:
    name = content.get("name")
    return {"name": mask_name(name)} if isinstance(name, str) else {}


def _context(request: Request, principal: Principal) -> Context:
    """Of a commit of its own: the call that is refused may come again under its Idempotency-Key."""
    return Context(
        actor=Actor(principal.role, principal.client),
        now=to_milliseconds(datetime.now(UTC)),
        correlation=request.scope["linli.request_id"],
        commit_id=new_event_id(),
        traceparent=request.scope["linli.traceparent"],
    )
