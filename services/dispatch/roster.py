"""All volunteers who can be placed, in memory: what matching chooses from."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from time import monotonic, time
from typing import Any

from services.dispatch.domain.eligibility import Candidate, candidate
from shared.events.index import decode
from shared.events.registry import (
    RecordsMerged,
    TrainingRecorded,
    TrainingRevoked,
    VolunteerActivated,
    VolunteerAmended,
    VolunteerErased,
    VolunteerLeft,
    VolunteerRegistered,
    VolunteerResumed,
    VolunteerSuspended,
)
from shared.folds.record import FOLD
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.mongo import Database
from shared.runtime.service import Reaction

FOLLOWED = (
    *(VolunteerRegistered, VolunteerAmended, VolunteerActivated, VolunteerSuspended, VolunteerResumed),
    *(VolunteerLeft, VolunteerErased, TrainingRecorded, TrainingRevoked, RecordsMerged),
)
FRESH_S = 1.0
OVERLAP_MS = 10_000
"""How far the clocks of two replicas may be apart."""
_FAR_MS = 10**15
_ANYTHING_BEFORE = "volunteers-from-directory"
"""The mark of a roster that has all that the directory had learned before there was a roster."""


@dataclass(slots=True)
class Roster:
    """The collection `roster`: `{_id: volunteer, events: {version: {type, data}}, at: ms}`.

    As in the directory each event has its place by its version, so that neither order nor repeats matter.
    `at` is when something was learned last: by it every replica reads what another has learned, once a second
    at the most, and only when somebody asks.
    """

    database: Database
    fresh_s: float = FRESH_S
    _found: dict[str, dict[str, Candidate]] = field(default_factory=dict)
    _read_up_to: int = 0
    _looked_at: float = 0.0
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    def reactions(self) -> dict[str, Reaction]:
        """How the roster follows registry."""
        return {model.type: self._learn for model in FOLLOWED}

    async def open(self) -> None:
        """Make the index, and read all there is; safe to call again."""
        await self.database["roster"].create_index("at")
        if await self.database["roster"].find_one({"_id": _ANYTHING_BEFORE}) is None:
            await self._take_from_the_directory()
        await self._read_on()

    async def candidates(self, community: str) -> Collection[Candidate]:
        """Those of `community` who are active: neither invited only, nor suspended, nor gone."""
        async with self._reading:
            if monotonic() - self._looked_at > self.fresh_s:
                await self._read_on()
        return self._found.get(community, {}).values()

    async def _learn(self, event: CloudEvent) -> None:
        if not event.stream.startswith("volunteer-"):
            return  # something else was merged
        said = {f"events.{event.version}": {"type": event.type, "data": dict(event.data)}}
        await self.database["roster"].update_one(
            {"_id": event.stream}, {"$set": {**said, "at": _now()}}, upsert=True
        )
        self._looked_at = 0.0

    async def _read_on(self) -> None:
        self._looked_at = monotonic()
        since = min(self._read_up_to, _now() - OVERLAP_MS)
        newest = self._read_up_to
        async for document in self.database["roster"].find({"at": {"$gt": since, "$lt": _FAR_MS}}):
            self._take(document)
            newest = max(newest, document["at"])
        self._read_up_to = newest

    def _take(self, document: Mapping[str, Any]) -> None:
        id, said = document["_id"], document.get("events", {})
        events = (decode(said[version]["type"], said[version]["data"]) for version in sorted(said, key=int))
        record = FOLD.over(event for event in events if event is not None)
        facts = record.facts
        if not isinstance(facts, VolunteerRegistered):
            return
        there = self._found.setdefault(facts.community, {})
        if record.ended or facts.invited or facts.suspended is not None:
            there.pop(id, None)
        else:
            there[id] = candidate(id, facts)

    async def _take_from_the_directory(self) -> None:
        directory = self.database["directory"]
        ids = [str(found["_id"]) async for found in directory.find({}, {"_id": 1})]
        for id in ids:
            if id.startswith("volunteer-") and (document := await directory.find_one({"_id": id})):
                said = dict(document.get("events", {}))
                if "type" in document:  # as it was kept before things could be amended
                    said.setdefault("1", {"type": document["type"], "data": document["data"]})
                events = {f"events.{version}": each for version, each in said.items()}
                await self.database["roster"].update_one(
                    {"_id": id}, {"$set": {**events, "at": _now()}}, upsert=True
                )
        await self.database["roster"].update_one({"_id": _ANYTHING_BEFORE}, {"$set": {"at": 0}}, upsert=True)


def _now() -> int:
    return int(time() * 1000)
