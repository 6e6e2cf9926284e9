"""notify, wired in the order in which it starts.

One process of notify runs at a time: nothing in the store keeps a second sender from sending the same
deliveries, and a unit's number of endpoints is guarded in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fastapi import FastAPI

from services.notify.api import deliveries as deliveries_api
from services.notify.api import endpoints as endpoints_api
from services.notify.api.desk import Desk
from services.notify.deliveries import Deliveries
from services.notify.endpoints import Endpoints
from services.notify.engine.fanout import Fanout
from services.notify.engine.metrics import count_pending
from services.notify.engine.outcomes import Outcomes
from services.notify.engine.sender import Sender
from services.notify.reactions import reactions
from services.notify.units import Units
from shared.events.index import BY_SERVICE
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.background import Background
from shared.runtime.keyring import load_keyring
from shared.runtime.service import CATCH_UP_S, Service, by_type
from shared.runtime.settings import NotifySettings


def build(settings: NotifySettings) -> FastAPI:
    """The application."""
    service = Service("notify", settings, load_keyring(settings.key_file))
    units = Units(service.database)
    endpoints = Endpoints(service.database, service.store, service.sealed)
    deliveries = Deliveries(service.database)
    outcomes = Outcomes(service.store, deliveries, settings.community)
    own_log = service.project("log", by_type(endpoints.reactions(), outcomes.reactions()))

    async def caught_up() -> None:
        head = await service.store.head()
        while not await own_log.wait_for("notify", head, CATCH_UP_S):
            continue

    agreements = service.keys.agreements
    sender = Sender(settings, endpoints, deliveries, outcomes, caught_up, agreements.may_come_in)
    react = by_type(service.keys.reactions(), reactions(units))
    fan_out = Fanout(endpoints, deliveries, sender)

    async def heard(events: Sequence[CloudEvent]) -> None:
        # Keys and units are registry's to speak of; another service may not make itself believed by them.
        await react([event for event in events if event.service == "registry"])
        await fan_out(events)

    service.on_open(endpoints.open)
    service.on_open(deliveries.open)
    service.follow(["registry", "dispatch"], heard)
    service.also("deliver", lambda: _deliver(sender, outcomes))
    service.also("count-pending", lambda: count_pending(endpoints, deliveries))

    app = service.app("Linli notify", [endpoints_api.router, deliveries_api.router], BY_SERVICE["notify"])
    app.state.desk = Desk(settings.allow_networks, units, endpoints, deliveries)
    return app


async def _deliver(sender: Sender, outcomes: Outcomes) -> None:
    """Send and report until cancelled. The sender ends first, so that the last report misses no outcome."""
    sending, reporting = Background(), Background()
    reporting.start("report-outcomes", outcomes.run)
    sending.start("send", sender.run)
    try:
        await asyncio.Event().wait()
    finally:
        await sending.stop()
        await reporting.stop()
