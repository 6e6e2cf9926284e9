"""Who held a seat is forgotten when the seat is vacated, or filled by another."""

from __future__ import annotations

from shared.events.registry import SeatFilled, SeatVacated
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.sealed import SealedDetails
from shared.runtime.service import Reaction
from shared.runtime.store import EventStore


def reactions(store: EventStore, sealed: SealedDetails) -> dict[str, Reaction]:
    """How registry follows its own log; safe to repeat."""

    async def forget(event: CloudEvent) -> None:
        earlier = [each for each in await store.stream(event.stream) if each.version < event.version]
        digests = [str(each.data["details"]) for each in earlier if "details" in each.data]
        if digests:
            await sealed.delete_named(digests)

    return {SeatFilled.type: forget, SeatVacated.type: forget}
