"""notify's bulletins and reports: what was published to whom and who has read it, in the store.

Title and text are sealed under the bulletin's, or the report's, own id: nothing says whom they name. So an
erasure of a person does not reach them; a bulletin's are deleted when it is withdrawn for `personal-data`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from services.notify.units import Units
from shared.events.notify import (
    BulletinPublished,
    BulletinRead,
    BulletinWithdrawn,
    ReportRead,
    ReportSubmitted,
)
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.mongo import Document
from shared.runtime.service import Reaction, Service, by_type

_OF_A_BULLETIN = (
    *("community", "to_all", "urgent", "reply_by", "details"),
    *("at", "withdrawn", "withdrawn_at", "version"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which bulletins or reports: of `communities`, those that `unit` sees (all, if it is None), behind the
    id `after`; `unread` or not, `start` up to before `end` (written times), in answer to `bulletin`."""

    communities: Collection[str]
    unit: str | None = None
    after: str | None = None
    unread: bool | None = None
    start: str | None = None
    end: str | None = None
    bulletin: str | None = None

    def plainly(self) -> list[Document]:
        """The conditions that bulletins and reports have in common."""
        moments = {"$gte": self.start, "$lt": self.end}
        bounds = {name: moment for name, moment in moments.items() if moment is not None}
        return [
            {"community": {"$in": sorted(self.communities)}},
            *([{"_id": {"$lt": self.after}}] if self.after is not None else []),
            *([{"at": bounds}] if bounds else []),
        ]


class Bulletins:
    """The collections `bulletins`: `{_id, community, units, to_all, urgent, reply_by, details, at, read:
    {unit: {at, client}}, waiting: [unit], withdrawn, withdrawn_at, version}`, and `reports`: `{_id,
    community, unit, client, bulletin, details, at, read_at, version}`.

    Each event sets what is its own, so that it makes no difference how often it comes, or to how many
    processes.
    """

    def __init__(self, service: Service, units: Units) -> None:
        self._service = service
        self._units = units
        self._bulletins = service.database["bulletins"]
        self._reports = service.database["reports"]
        self._follower = service.project("bulletins", by_type(self.reactions()))
        service.on_open(self._open)

    async def _open(self) -> None:
        for collection in (self._bulletins, self._reports):
            await collection.create_index([("community", 1), ("_id", 1)])

    def reactions(self) -> dict[str, Reaction]:
        """How both collections follow notify's own log."""
        return {
            BulletinPublished.type: self._published,
            BulletinRead.type: self._read,
            BulletinWithdrawn.type: self._withdrawn,
            ReportSubmitted.type: self._submitted,
            ReportRead.type: self._report_read,
        }

    async def _published(self, event: CloudEvent) -> None:
        data, units = event.data, event.data["units"]
        said = {name: data.get(name) for name in ("community", "units", "to_all", "urgent", "details")}
        said |= {"reply_by": data.get("reply_by"), "at": event.time, "read": {}, "waiting": units}
        await self._bulletins.update_one(
            {"_id": event.stream}, {"$setOnInsert": said, "$max": {"version": event.version}}, upsert=True
        )

    async def _read(self, event: CloudEvent) -> None:
        unit = str(event.data["unit"])
        receipt = {"at": event.time, "client": event.data["client"]}
        change = {"$set": {f"read.{unit}": receipt}, "$pull": {"waiting": unit}}
        await self._bulletins.update_one(
            {"_id": event.stream}, {**change, "$max": {"version": event.version}}
        )

    async def _withdrawn(self, event: CloudEvent) -> None:
        said = {"withdrawn": event.data["reason"], "withdrawn_at": event.time}
        await self._bulletins.update_one(
            {"_id": event.stream, "version": {"$lt": event.version}},
            {"$set": {**said, "version": event.version}},
        )
        if event.data["reason"] == "personal-data":
            found = await self._bulletins.find_one({"_id": event.stream})
            assert found is not None
            await self._service.sealed.delete_named([found["details"]])

    async def _submitted(self, event: CloudEvent) -> None:
        said = {name: event.data.get(name) for name in ("community", "unit", "client", "bulletin", "details")}
        said |= {"at": event.time}
        await self._reports.update_one(
            {"_id": event.stream}, {"$setOnInsert": said, "$max": {"version": event.version}}, upsert=True
        )

    async def _report_read(self, event: CloudEvent) -> None:
        await self._reports.update_one(
            {"_id": event.stream}, {"$set": {"read_at": event.time}, "$max": {"version": event.version}}
        )

    async def known_units(self, community: str) -> tuple[frozenset[str], frozenset[str]]:
        """The units of `community` that notify has heard of, and those of them that may come in now."""
        known = frozenset(await self._units.of_community(community))
        return known, frozenset(filter(self._service.keys.agreements.may_come_in, known))

    async def caught_up(self) -> None:
        """Wait, for a while, until what is on record now is in both collections."""
        await self._service.catch_up(self._follower)

    async def bulletin(self, id: str) -> Document | None:
        """The whole document of a bulletin."""
        return await self._bulletins.find_one({"_id": id})

    async def report(self, id: str) -> Document | None:
        """The whole document of a report."""
        return await self._reports.find_one({"_id": id})

    async def bulletins(self, wanted: Wanted, limit: int) -> list[Document]:
        """The first `limit` of those that are wanted, the newest first: for a unit with its own receipt
        alone, else with those that it waits for."""
        conditions = [*wanted.plainly(), *_seen_by(wanted.unit), *_unread(wanted)]
        own = ("waiting", "units") if wanted.unit is None else (f"read.{wanted.unit}",)
        fields = dict.fromkeys((*_OF_A_BULLETIN, *own), 1)
        cursor = self._bulletins.find({"$and": conditions}, fields).sort("_id", -1).limit(limit)
        return await cursor.to_list(limit)

    async def reports(self, wanted: Wanted, limit: int) -> list[Document]:
        """The first `limit` of those that are wanted, the newest first."""
        only = {"unit": wanted.unit, "bulletin": wanted.bulletin}
        conditions = [*wanted.plainly(), {name: value for name, value in only.items() if value is not None}]
        if wanted.unread is not None:
            conditions.append({"read_at": {"$exists": not wanted.unread}})
        cursor = self._reports.find({"$and": conditions}).sort("_id", -1).limit(limit)
        return await cursor.to_list(limit)

    async def words(self, documents: Sequence[Document]) -> dict[str, dict[str, Json]]:
        """Title and text of each, by digest; what was deleted is missing."""
        return await self._service.sealed.read_many([document["details"] for document in documents])


def _seen_by(unit: str | None) -> list[Document]:
    if unit is None:
        return []
    return [{"$or": [{"units": unit}, {"to_all": True, "withdrawn": {"$exists": False}}]}]


def _unread(wanted: Wanted) -> list[Document]:
    """Those that hold and that the unit, or some unit that they went to, has not read; or all others."""
    if wanted.unread is None:
        return []
    key = "waiting.0" if wanted.unit is None else f"read.{wanted.unit}"
    waits = {key: {"$exists": wanted.unit is None}}
    if wanted.unread:
        return [{"withdrawn": {"$exists": False}}, waits]
    return [{"$or": [{"withdrawn": {"$exists": True}}, {key: {"$exists": wanted.unit is not None}}]}]
