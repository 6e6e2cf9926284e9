"""What somebody asked for by hand: a delivery once more, or no more; all that was given up, again."""

from __future__ import annotations

from services.notify.deliveries import Deliveries
from services.notify.engine.sender import Sender
from shared.events.notify import DeliveriesRecovered, DeliveryCancelled, DeliveryResent
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.times import format_time
from shared.runtime.service import Reaction


class Asked:
    """Reactions to notify's own log: first the record, then the lane, if this process has it."""

    def __init__(self, deliveries: Deliveries, sender: Sender) -> None:
        self._deliveries = deliveries
        self._sender = sender

    def reactions(self) -> dict[str, Reaction]:
        """By event type."""
        return {
            DeliveryResent.type: self._resent,
            DeliveryCancelled.type: self._cancelled,
            DeliveriesRecovered.type: self._recovered,
        }

    async def _resent(self, event: CloudEvent) -> None:
        asked = DeliveryResent.model_validate(event.data)
        await self._deliveries.resent(event.place.pos, event.stream, asked, event.recorded)
        if (lane := self._sender.lane(event.stream)) is not None:
            lane.fresh.cancel(asked.number)  # it has a record now
            lane.retries.expect(event.recorded)
            lane.wake()

    async def _cancelled(self, event: CloudEvent) -> None:
        asked = DeliveryCancelled.model_validate(event.data)
        await self._deliveries.cancelled(event.place.pos, event.stream, asked, event.recorded)
        if (lane := self._sender.lane(event.stream)) is not None:
            lane.fresh.cancel(asked.number)
            lane.retries.drop(asked.number)
            lane.wake()

    async def _recovered(self, event: CloudEvent) -> None:
        asked = DeliveriesRecovered.model_validate(event.data)
        since = format_time(asked.since)
        last = await self._deliveries.recovered(event.place.pos, event.stream, since, event.recorded)
        if (lane := self._sender.lane(event.stream)) is not None:
            lane.retries.expect_between(event.recorded, last)
            lane.wake()
