"""The fan-out: for each event and each endpoint that it concerns, one delivery."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from services.notify.deliveries import Deliveries, Delivery
from services.notify.domain.endpoint import wants
from services.notify.endpoints import Endpoint, Endpoints
from services.notify.engine.sender import Sender
from shared.kernel.canonical import decode_object, encode
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.partner import concerns, partner_form
from shared.kernel.times import format_time

CHUNK = 250
"""Inserted in one call: little enough to be done in time when the machine is busy."""


class Fanout:
    """A follower's handler. The same events again make no second delivery, and lose none."""

    def __init__(self, endpoints: Endpoints, deliveries: Deliveries, sender: Sender) -> None:
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._sender = sender

    async def __call__(self, events: Sequence[CloudEvent]) -> None:
        """Insert the deliveries of `events`, and hand them to the sender. The position moves after this."""
        units = {unit for event in events for unit in _units(event)}
        if not units:
            return
        # Until notify's own log is applied, an endpoint may be missing here.
        await self._sender.ready.wait()
        await self._endpoints.learn_doubtful()
        endpoints = await self._endpoints.of_units(units)
        concerned = [
            (event, endpoint)
            for event in events
            for endpoint in endpoints
            if concerns(event.data, endpoint.unit) and wants(endpoint.events, event.type)
        ]
        for start in range(0, len(concerned), CHUNK):
            await self._hand_on(_deliveries(concerned[start : start + CHUNK]))

    async def _hand_on(self, made: Sequence[tuple[Endpoint, Delivery]]) -> None:
        new = await self._deliveries.insert([delivery for _, delivery in made])
        for (endpoint, delivery), is_new in zip(made, new, strict=True):
            if is_new:
                self._sender.offer(endpoint, delivery)
            else:
                # It was inserted in an earlier try, which may have ended before it was handed on.
                self._sender.look(endpoint)


def _units(event: CloudEvent) -> list[str]:
    units = event.data.get("units")
    return [str(unit) for unit in units] if isinstance(units, list) else []


def _deliveries(concerned: Iterable[tuple[CloudEvent, Endpoint]]) -> list[tuple[Endpoint, Delivery]]:
    now = format_time(datetime.now(UTC))
    bodies: dict[tuple[str, str], bytes] = {}
    made = []
    for event, endpoint in concerned:
        key = (event.id, endpoint.unit)
        if key not in bodies:
            bodies[key] = encode(partner_form(decode_object(event.raw), endpoint.unit))
        delivery = Delivery(
            event=event.id,
            type=event.type,
            endpoint=endpoint.id,
            unit=endpoint.unit,
            body=bodies[key],
            attempts=0,
            next_at=now,
        )
        made.append((endpoint, delivery))
    return made
