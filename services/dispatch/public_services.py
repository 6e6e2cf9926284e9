"""What anybody may read here of registry: services that enter no home, grids, and the names of units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from shared.events.index import decode
from shared.events.registry import (
    GridAmended,
    GridDefined,
    GridRetired,
    Name,
    ServiceAmended,
    ServicePublished,
    ServiceWithdrawn,
    UnitAmended,
    UnitRegistered,
)
from shared.folds.record import FOLD, Record
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.event import Event
from shared.runtime.mongo import Database
from shared.runtime.service import Reaction

KNOWN: Sequence[type[Event]] = (
    *(ServicePublished, ServiceAmended, ServiceWithdrawn),
    *(GridDefined, GridAmended, GridRetired),
    *(UnitRegistered, UnitAmended),
)
FRESH_S = 1.0
"""How long what was read is believed, as another replica may have been told more."""
NEVER = "1970-01-01T00:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What there is at one moment.

    `services` are those that anybody may read of, those that were withdrawn too; `offered` the ids of those
    that can be asked for. `grids`: community → code → name. `units`: id → name. `changed` is when registry
    last said something new of any of it.
    """

    services: Mapping[str, ServicePublished] = field(default_factory=dict)
    offered: frozenset[str] = frozenset()
    grids: Mapping[str, Mapping[str, Name]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    changed: str = NEVER

    @property
    def communities(self) -> frozenset[str]:
        """Those that offer a service here, or did."""
        return frozenset(facts.community for facts in self.services.values())

    def offers(self, community: str) -> Mapping[str, ServicePublished]:
        """The services of `community` that can be asked for, by id."""
        return {
            id: facts
            for id, facts in self.services.items()
            if id in self.offered and facts.community == community
        }

    def readable(self, community: str) -> frozenset[str]:
        """The services of `community` whose requests anybody may read of."""
        return frozenset(id for id, facts in self.services.items() if facts.community == community)


@dataclass(slots=True)
class PublicServices:
    """The collection `public-services`: `{_id: stream, events: {version: {type, data, at}}}`.

    Each event has its place by its version, so that it makes no difference in which order they come, or how
    often.
    """

    database: Database
    _found: Catalogue = field(default_factory=Catalogue)
    _read: float = -FRESH_S

    def reactions(self) -> dict[str, Reaction]:
        """How the table follows registry."""
        return {model.type: self._learn for model in KNOWN}

    async def _learn(self, event: CloudEvent) -> None:
        said = {"type": event.type, "data": dict(event.data), "at": event.recorded}
        await self.database["public-services"].update_one(
            {"_id": event.stream}, {"$set": {f"events.{event.version}": said}}, upsert=True
        )
        self._read = -FRESH_S

    async def catalogue(self) -> Catalogue:
        """What there is now: what this replica was told at once, what another was told within a second."""
        if monotonic() - self._read >= FRESH_S:
            self._read = monotonic()
            self._found = catalogue_of(await self.database["public-services"].find({}).to_list(None))
        return self._found


def catalogue_of(documents: Sequence[Mapping[str, Any]]) -> Catalogue:
    """What `documents` of the collection say."""
    services: dict[str, ServicePublished] = {}
    offered: set[str] = set()
    grids: dict[str, dict[str, Name]] = {}
    units: dict[str, str] = {}
    changed = NEVER
    for document in sorted(documents, key=lambda document: str(document["_id"])):
        said: Mapping[str, Any] = document["events"]
        changed = max(changed, *(str(each["at"]) for each in said.values()))
        record = _record(said)
        match record.facts:
            case ServicePublished(public=True, enters_home=False) as service:
                services[str(document["_id"])] = service
                if not record.ended:
                    offered.add(str(document["_id"]))
            case GridDefined(community=community, grid=code, name=name) if not record.ended:
                grids.setdefault(community, {})[code] = name
            case UnitRegistered(name=called):
                units[str(document["_id"])] = called
    return Catalogue(services, frozenset(offered), grids, units, changed)


def _record(said: Mapping[str, Any]) -> Record:
    ordered = [said[version] for version in sorted(said, key=int)]
    decoded = (decode(each["type"], each["data"]) for each in ordered)
    return FOLD.over([event for event in decoded if event is not None])
