"""notify, wired in the order in which it starts."""

from __future__ import annotations

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

    sender = Sender(settings, endpoints, deliveries, outcomes, caught_up)
    react = by_type(reactions(service.keys, units))
    fan_out = Fanout(endpoints, deliveries, sender)

    async def heard(events: Sequence[CloudEvent]) -> None:
        await react(events)
        await fan_out(events)

    service.on_open(endpoints.open)
    service.on_open(deliveries.open)
    service.follow(["registry", "dispatch"], heard)
    service.also("report-outcomes", outcomes.run)
    service.also("send", sender.run)
    service.also("count-pending", lambda: count_pending(endpoints, deliveries))

    app = service.app("Linli notify", [endpoints_api.router, deliveries_api.router], BY_SERVICE["notify"])
    app.state.desk = Desk(settings.allow_networks, units, endpoints, deliveries)
    return app
