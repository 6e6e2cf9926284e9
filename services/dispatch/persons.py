"""Which requests keep words of a person as their own."""

from __future__ import annotations

from dataclasses import dataclass

from services.dispatch.views import Requests
from shared.runtime.follower import Follower
from shared.runtime.service import Service


@dataclass(frozen=True, slots=True)
class Persons:
    """Requests that were taken in without a name, and turned out to be of a resident."""

    service: Service
    requests: Requests
    memory: Follower

    async def requests_of(self, resident: str) -> list[str]:
        """The ids of those of `resident` that were nobody's at first, as far as they are on record now."""
        await self.service.catch_up(self.memory)
        ids = [row.id for row in self.requests.of_resident(resident)]
        for id in ids:  # and what was merged into them
            ids += [row.id for row in self.requests.merged_into(id) if row.resident is None]
        return [id for id in ids if await self._was_nobodys(id)]

    async def _was_nobodys(self, id: str) -> bool:
        first, *_ = await self.service.store.stream(id)
        return "resident" not in first.data
