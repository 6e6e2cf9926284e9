"""What notify counts."""

from __future__ import annotations

import asyncio

import structlog
from prometheus_client import Counter, Gauge

from services.notify.deliveries import Deliveries
from services.notify.endpoints import Endpoints
from shared.runtime.mongo import NetworkTimeout

ATTEMPTS = Counter("linli_delivery_attempts_total", "attempts to deliver", ["outcome"])
PENDING = Gauge("linli_deliveries_pending", "deliveries not delivered and not given up, as last counted")

COUNT_EVERY_S = 15.0

log = structlog.get_logger()


async def count_pending(endpoints: Endpoints, deliveries: Deliveries) -> None:
    """Keep the gauge near the truth, until cancelled."""
    while True:
        try:
            PENDING.set(sum([await deliveries.count(found.id, "pending") for found in await endpoints.all()]))
        except NetworkTimeout:
            # The embedded store counts one by one; with very many it is not done in time.
            log.warning("pending-not-counted")
        await asyncio.sleep(COUNT_EVERY_S)
