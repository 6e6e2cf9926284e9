"""The community as registry shows it before the day begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from deploy.demo.api import Api
from deploy.demo.day import Offer
from shared.kernel.canonical import Json


@dataclass(frozen=True, slots=True)
class Community:
    """What the case put on record: how many grids, units and teams, seats by kind, and the catalogue."""

    grids: int
    units: int
    teams: int
    seats: Counter[str]
    catalogue: Sequence[Offer]

    @property
    def categories(self) -> int:
        """How many categories the services are of."""
        return len({offer.category for offer in self.catalogue})

    def offer(self, service: str) -> Offer:
        """The service with this id."""
        return next(offer for offer in self.catalogue if offer.id == service)


async def read_community(desk: Api) -> Community:
    """The community, as the dispatch desk reads it through the API."""
    seats = await _listed(desk, "seats")
    return Community(
        grids=len(await _listed(desk, "grids")),
        units=len(await _listed(desk, "units")),
        teams=len(await _listed(desk, "teams")),
        seats=Counter(str(seat["seat"]) for seat in seats),
        catalogue=[Offer.model_validate(service) for service in await _listed(desk, "services")],
    )


async def _listed(desk: Api, things: str) -> list[dict[str, Json]]:
    pages = [page.items async for page in desk.pages("registry", f"/v1/{things}")]
    return [item for items in pages for item in items]
