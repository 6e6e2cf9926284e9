"""Which volunteers may come in: all but those who were suspended, have left, were erased or entered twice.

Every service keeps that in its table of access, made of registry's events, so that each checks by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from shared.kernel.cloudevent import CloudEvent
from shared.runtime.mongo import Database

PREFIX = "volunteer:"


@dataclass(slots=True)
class Volunteers:
    """Of the collection `access`: `{_id: volunteer:<id>, suspended, resumed, gone}`, with the versions at
    which a volunteer was last suspended and resumed, and whether it is out for good.

    Each event sets fields of its own, so that it makes no difference how often it comes.
    """

    database: Database
    _out: set[str] = field(default_factory=set)

    def reactions(self) -> dict[str, Callable[[CloudEvent], Awaitable[None]]]:
        """The events of registry that this is made of."""
        return {
            "volunteer-suspended": self._suspended,
            "volunteer-resumed": self._resumed,
            "volunteer-left": self._gone,
            "volunteer-erased": self._gone,
            "records-merged": self._merged,
        }

    def may_come_in(self, volunteer: str) -> bool:
        """Whether nothing was heard that keeps `volunteer` out."""
        return volunteer not in self._out

    def take(self, document: Mapping[str, object]) -> None:
        """Believe a document of the table, in memory alone."""
        volunteer = str(document["_id"]).removeprefix(PREFIX)
        suspended, resumed = (int(str(document.get(name, 0))) for name in ("suspended", "resumed"))
        if document.get("gone") or suspended > resumed:
            self._out.add(volunteer)
        else:
            self._out.discard(volunteer)

    async def _suspended(self, event: CloudEvent) -> None:
        await self._keep(event.stream, {"$max": {"suspended": event.version}})

    async def _resumed(self, event: CloudEvent) -> None:
        await self._keep(event.stream, {"$max": {"resumed": event.version}})

    async def _gone(self, event: CloudEvent) -> None:
        await self._keep(event.stream, {"$set": {"gone": True}})

    async def _merged(self, event: CloudEvent) -> None:
        if event.stream.startswith("volunteer-") and event.data.get("into") is not None:
            await self._gone(event)

    async def _keep(self, volunteer: str, change: Mapping[str, object]) -> None:
        table, id = self.database["access"], f"{PREFIX}{volunteer}"
        await table.update_one({"_id": id}, change, upsert=True)
        document = await table.find_one({"_id": id})
        assert document is not None
        self.take(document)
