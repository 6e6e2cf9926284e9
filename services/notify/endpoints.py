"""notify's endpoints: who listens for what, and the sealed address and key of each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

import structlog

from services.notify.signing import key_of
from shared.events.notify import EndpointRegistered
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.times import later
from shared.runtime.log import CommitLog
from shared.runtime.mongo import Database, Document, PyMongoError, StoreUnavailable
from shared.runtime.sealed import SealedDetails
from shared.runtime.service import Reaction

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as the read model has it. `since` is when it was registered."""

    id: str
    community: str
    unit: str
    events: tuple[str, ...]
    details: str
    since: str

    @property
    def oldest(self) -> str:
        """No delivery to it is older: a day before it was registered, for clocks that were set back."""
        return later(self.since, -86_400)


@dataclass(frozen=True, slots=True)
class Target:
    """What is sealed of an endpoint: where it listens, and the key that signs what it is sent."""

    url: str
    key: bytes


class Endpoints:
    """The collection `endpoints`, `{_id: stream, community, unit, events, details, since}`.

    Opened targets are kept in memory, since an endpoint's address and key never change; and what each unit
    has, until it has one more: there is one process of this service.
    """

    def __init__(self, database: Database, log: CommitLog, sealed: SealedDetails) -> None:
        self._endpoints = database["endpoints"]
        self._log = log
        self._sealed = sealed
        self._targets: dict[str, Target] = {}
        self._by_unit: dict[str, list[Endpoint]] = {}
        self._learned = 0
        self._registering: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._doubtful: set[str] = set()
        """Endpoints that may be in the log, and are not known to be in the collection."""

    async def open(self) -> None:
        """Make the index if it is missing."""
        await self._endpoints.create_index("unit")

    def reactions(self) -> dict[str, Reaction]:
        """How the model follows notify's own log."""
        return {EndpointRegistered.type: self._registered}

    async def _registered(self, event: CloudEvent) -> None:
        await self._learn(event.stream, event.data, event.time)

    @asynccontextmanager
    async def registering(self, unit: str, endpoint: str) -> AsyncIterator[None]:
        """Register `endpoint` inside of this: one at a time for each unit, so that `count` holds until it is
        in the log. After it the endpoint is taken in; if the store is away then, before the next fan-out.

        Raises StoreUnavailable or PyMongoError if an earlier one is not taken in yet and cannot be now.
        """
        lock = self._registering.setdefault(unit, asyncio.Lock())
        async with lock:
            await self.learn_doubtful()
            try:
                yield
            finally:
                self._doubtful.add(endpoint)
                try:
                    await self.learn_doubtful()
                except (PyMongoError, StoreUnavailable) as error:
                    # It may be registered, and its secret is shown only now: this is no reason to fail.
                    log.warning("endpoint-not-learned-yet", endpoint=endpoint, error=type(error).__name__)

    async def learn_doubtful(self) -> None:
        """Take in what was registered and could not be taken in at once: nothing is fanned out without it."""
        for endpoint in sorted(self._doubtful):
            for event in await self._log.stream(endpoint):
                await self._learn(event.stream, event.data, event.occurred_at)
            self._doubtful.discard(endpoint)

    async def _learn(self, endpoint: str, data: Mapping[str, Json], since: str) -> None:
        facts = {name: data[name] for name in ("community", "unit", "events", "details")}
        await self._endpoints.update_one(
            {"_id": endpoint}, {"$setOnInsert": {**facts, "since": since}}, upsert=True
        )
        self._learned += 1
        self._by_unit.pop(str(data["unit"]), None)

    async def of_units(self, units: Iterable[str]) -> list[Endpoint]:
        """All endpoints of these units, by id."""
        wanted = sorted(units)
        if missing := [unit for unit in wanted if unit not in self._by_unit]:
            learned = self._learned
            found = await self._find({"unit": {"$in": missing}})
            fresh = {unit: [each for each in found if each.unit == unit] for unit in missing}
            if learned != self._learned:
                return await self.of_units(wanted)  # one more came while we looked
            self._by_unit |= fresh
        return sorted((each for unit in wanted for each in self._by_unit[unit]), key=lambda each: each.id)

    async def all(self) -> list[Endpoint]:
        """Every endpoint, by id."""
        return await self._find({})

    async def get(self, endpoint: str) -> Endpoint | None:
        """The endpoint with this id."""
        found = await self._find({"_id": endpoint})
        return found[0] if found else None

    async def count(self, unit: str) -> int:
        """How many endpoints `unit` has."""
        return await self._endpoints.count_documents({"unit": unit})

    async def _find(self, query: Document) -> list[Endpoint]:
        documents = await self._endpoints.find(query).to_list(None)
        return sorted(map(_endpoint, documents), key=lambda endpoint: endpoint.id)

    async def target(self, endpoint: Endpoint) -> Target:
        """The address and key of `endpoint`. Raises Erased, KeyMissing or InvalidTag if they are lost."""
        if endpoint.id not in self._targets:
            content = await self._sealed.read(endpoint.details)
            self._targets[endpoint.id] = Target(str(content["url"]), key_of(str(content["secret"])))
        return self._targets[endpoint.id]


def _endpoint(document: Document) -> Endpoint:
    return Endpoint(
        id=document["_id"],
        community=document["community"],
        unit=document["unit"],
        events=tuple(document["events"]),
        details=document["details"],
        since=document["since"],
    )
