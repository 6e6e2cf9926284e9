"""What notify counts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import structlog
from prometheus_client import Counter, Gauge

from services.notify.deliveries import Deliveries
from services.notify.endpoints import Endpoints
from shared.events.notify import Outcome
from shared.runtime.mongo import NetworkTimeout

if TYPE_CHECKING:
    from services.notify.engine.sender import Sender

ATTEMPTS = Counter("linli_delivery_attempts_total", "attempts to deliver", ["outcome"])
COUNTED: Mapping[Outcome, Counter] = {
    outcome: ATTEMPTS.labels(outcome) for outcome in ("delivered", "failed", "exhausted")
}
PENDING = Gauge("linli_deliveries_pending", "deliveries not delivered and not given up, as last counted")
HELD = Gauge("linli_endpoints_held", "endpoints that are told nothing now, by why", ["why"])

COUNT_EVERY_S = 15.0

log = structlog.get_logger()


async def keep_counting(endpoints: Endpoints, deliveries: Deliveries, sender: Sender) -> None:
    """Keep the gauges near the truth, until cancelled."""
    while True:
        try:
            retried = [await deliveries.count(found.id, "pending") for found in endpoints.all()]
            PENDING.set(sum(retried) + sender.backlog())
        except NetworkTimeout:
            # The embedded store counts one by one; with very many it is not done in time.
            log.warning("pending-not-counted")
        for why, count in sender.held().items():
            HELD.labels(why).set(count)
        await asyncio.sleep(COUNT_EVERY_S)
