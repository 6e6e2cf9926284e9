"""What somebody asked for by hand: a delivery once more, or no more; all that was given up, again."""

from __future__ import annotations

from services.notify.deliveries import Deliveries, Stretch
from services.notify.engine.retries import EARLIEST, FAR_S
from services.notify.engine.sender import Sender
from shared.events.notify import DeliveriesRecovered, DeliveryCancelled, DeliveryResent, EndpointResumed
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.times import format_time, later
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
            EndpointResumed.type: self._resumed,
        }

    async def _resent(self, event: CloudEvent) -> None:
        asked = DeliveryResent.model_validate(event.data)
        await self._deliveries.resent(event.place.pos, event.stream, asked, event.recorded)
        if (lane := self._sender.lane(event.stream)) is not None:
            lane.fresh.cancel(asked.number)  # it has a record now
            lane.retries.again(asked.number, event.recorded)
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
        await self._deliveries.recovered(event.place.pos, event.stream, since, event.recorded)
        if (lane := self._sender.lane(event.stream)) is not None:
            lane.retries.open(event.recorded)
            lane.wake()

    async def _resumed(self, event: CloudEvent) -> None:
        resumed = EndpointResumed.model_validate(event.data)
        if resumed.skipped_to is None:
            return
        pending = Stretch(event.stream, "pending", EARLIEST, later(event.recorded, FAR_S))
        await self._deliveries.skipped(event.place.pos, pending, resumed.skipped_to, event.recorded)
        self._sender.skipped(event.stream, resumed.skipped_to)
