"""Who is no more: a volunteer's endpoints are removed, a unit's are told nothing; addresses are forgotten."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.notify.domain.endpoint_commands import Command, DisableEndpoint, RemoveEndpoint
from services.notify.endpoints import Endpoint, Endpoints
from shared.events.notify import EndpointAmended, EndpointRegistered, EndpointRemoved, EndpointSecretRotated
from shared.events.registry import UnitRetired, VolunteerErased, VolunteerLeft
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.erasure import Erasure
from shared.runtime.log import CommitLog
from shared.runtime.sealed import SealedDetails
from shared.runtime.service import Reaction

SEALED = {
    EndpointRegistered.type: "details",
    EndpointAmended.type: "address",
    EndpointSecretRotated.type: "details",
}
"""Where an endpoint's events name what is sealed."""

Decide = Callable[[Endpoint, Command], Awaitable[None]]


class Leavers:
    """Reactions to registry's events, and to notify's own. `caught_up` returns when all endpoints that are in
    the log are known in memory; each reaction is safe to repeat."""

    def __init__(
        self,
        endpoints: Endpoints,
        log: CommitLog,
        sealed: SealedDetails,
        erasure: Erasure,
        decide: Decide,
        caught_up: Callable[[], Awaitable[bool]],
    ) -> None:
        self._endpoints = endpoints
        self._log = log
        self._sealed = sealed
        self._erasure = erasure
        self._decide = decide
        self._caught_up = caught_up

    def reactions(self) -> dict[str, Reaction]:
        """To what registry says."""
        return {
            VolunteerLeft.type: self._left,
            VolunteerErased.type: self._erased,
            UnitRetired.type: self._retired,
        }

    def own_reactions(self) -> dict[str, Reaction]:
        """To what notify says itself."""
        return {EndpointRemoved.type: self._removed}

    async def _left(self, event: CloudEvent) -> None:
        await self._caught_up()
        for endpoint in self._endpoints.all():
            if endpoint.facts.volunteer == event.stream:
                await self._decide(endpoint, RemoveEndpoint())

    async def _erased(self, event: CloudEvent) -> None:
        await self._left(event)
        await self._erasure.follow(event)

    async def _retired(self, event: CloudEvent) -> None:
        await self._caught_up()
        for endpoint in self._endpoints.of_units([event.stream]):
            await self._decide(endpoint, DisableEndpoint("unit-retired"))

    async def _removed(self, event: CloudEvent) -> None:
        """Its addresses and secrets are deleted; of what it was there are codes and times alone."""
        said = await self._log.stream(event.stream)
        named = (each.data.get(SEALED[each.type]) for each in said if each.type in SEALED)
        await self._sealed.delete_named([str(digest) for digest in named if digest is not None])
