"""Which partner units may come in, and whose details they may see: the agreements that are in force.

Every service keeps them in a table of its own, made of registry's events, so that each checks by itself. An
agreement ends by the clock, whether or not anybody says so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from time import time

from shared.kernel.cloudevent import CloudEvent
from shared.kernel.times import parse_time
from shared.runtime.mongo import Database


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds from `starts_at` up to `ends_at`, in seconds since 1970."""

    services: frozenset[str]
    details_of: frozenset[str]
    starts_at: float
    ends_at: float

    def hold(self, now: float) -> bool:
        """Whether they do at `now`."""
        return self.starts_at <= now < self.ends_at


@dataclass(slots=True)
class Agreements:
    """The collection `agreements`: `{_id: agreement, unit, services, details_of, starts_at, ends_at, over}`,
    and `{_id: unit, over: true}` of a unit that takes part no longer.

    Each event sets fields of its own, so that it makes no difference how often it comes.
    """

    database: Database
    _of_units: dict[str, dict[str, Terms]] = field(default_factory=dict)
    _gone: set[str] = field(default_factory=set)
    _learned: int = 0

    def reactions(self) -> dict[str, Callable[[CloudEvent], Awaitable[None]]]:
        """The events of registry that this table is made of."""
        return {
            "agreement-signed": self._signed,
            "agreement-renewed": self._renewed,
            "agreement-expired": self._over,
            "agreement-ended": self._over,
            "unit-retired": self._over,
            "records-merged": self._merged,
        }

    async def load(self) -> None:
        """Read the table: for what another replica was told."""
        learned = -1
        while learned != self._learned:  # otherwise it may have been read just before something came to it
            learned = self._learned
            documents = await self.database["agreements"].find({}).to_list(None)
        self._of_units, self._gone = {}, set()
        for document in documents:
            self.take(document)

    def may_come_in(self, unit: str) -> bool:
        """Whether an agreement with `unit` is in force now."""
        now = time()
        return unit not in self._gone and any(terms.hold(now) for terms in self._terms(unit))

    def may_see_details(self, unit: str, service: str) -> bool:
        """Whether `unit` may see the personal details of requests for `service` now."""
        now = time()
        return self.may_come_in(unit) and any(
            service in terms.details_of and terms.hold(now) for terms in self._terms(unit)
        )

    def covers(self, unit: str, service: str) -> bool:
        """Whether an agreement in force with `unit` covers `service`."""
        now = time()
        return self.may_come_in(unit) and any(
            service in terms.services and terms.hold(now) for terms in self._terms(unit)
        )

    def _terms(self, unit: str) -> Collection[Terms]:
        return self._of_units.get(unit, {}).values()

    async def _signed(self, event: CloudEvent) -> None:
        said = {name: event.data[name] for name in ("unit", "services", "details_of", "starts_at")}
        await self._keep(event.stream, {"$set": said, "$max": {"ends_at": event.data["ends_at"]}})

    async def _renewed(self, event: CloudEvent) -> None:
        await self._keep(event.stream, {"$max": {"ends_at": event.data["ends_at"]}})

    async def _over(self, event: CloudEvent) -> None:
        await self._keep(event.stream, {"$set": {"over": True}})

    async def _merged(self, event: CloudEvent) -> None:
        if event.stream.startswith("unit-") and event.data.get("into") is not None:
            await self._over(event)

    async def _keep(self, id: str, change: Mapping[str, object]) -> None:
        table = self.database["agreements"]
        await table.update_one({"_id": id}, change, upsert=True)
        document = await table.find_one({"_id": id})
        assert document is not None
        self._learned += 1
        self.take(document)

    def take(self, document: Mapping[str, object]) -> None:
        """Believe a document of the table, in memory alone."""
        id, unit = str(document["_id"]), document.get("unit")
        if id.startswith("unit-"):
            self._gone.add(id)
        if not isinstance(unit, str):
            return
        of_unit = self._of_units.setdefault(unit, {})
        if document.get("over"):
            of_unit.pop(id, None)
            return
        details_of = document["details_of"]
        services = document.get("services", details_of)  # of those that were kept before, these are known
        assert isinstance(details_of, list)
        assert isinstance(services, list)
        starts, ends = (parse_time(str(document[name])).timestamp() for name in ("starts_at", "ends_at"))
        of_unit[id] = Terms(frozenset(services), frozenset(details_of), starts, ends)
