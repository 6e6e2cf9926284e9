"""The unit's own queue on the broker."""

from __future__ import annotations

from datetime import datetime

from services.notify.channels.channel import Channel, Parcel, Target
from services.notify.domain.schedule import Answer
from shared.kernel.canonical import decode_object, encode
from shared.runtime.partner_queue import BrokerAway, NoQueue, Parted, PartnerQueues, QueueFull

TAKEN = 200
"""The status of what the queue took: AMQP has none."""
_CLOUDEVENT = "application/cloudevents+json"
_DATA = "application/json"


class Amqp(Channel):
    """The channel: one event is one message, in CloudEvents' structured mode or as its bare data."""

    def __init__(self, queues: PartnerQueues) -> None:
        self._queues = queues

    async def send(self, target: Target, parcel: Parcel, now: datetime) -> Answer:
        """Try once. Reasons: `no-queue`, `queue-full`, `broker` (away, hung, or it refuses)."""
        [body] = parcel.bodies
        event = decode_object(body)
        kind = _CLOUDEVENT
        if target.format == "data":
            body, kind = encode(event["data"]), _DATA
        try:
            await self._queues.put(target.address, Parted(parcel.id, body, kind, str(event["type"]), now))
        except NoQueue:
            return Answer(reason="no-queue")
        except QueueFull:
            return Answer(reason="queue-full")
        except BrokerAway as error:
            return Answer(reason="broker", error=str(error))
        return Answer(TAKEN)
