"""notify, wired in the order in which it starts.

Of several processes one does the work: it hears, numbers and sends. All of them answer calls.
"""

from __future__ import annotations

from fastapi import FastAPI

from services.notify.api import bulletins as bulletins_api
from services.notify.api import consumers as consumers_api
from services.notify.api import deliveries as deliveries_api
from services.notify.api import endpoints as endpoints_api
from services.notify.api import health as health_api
from services.notify.api import inbox as inbox_api
from services.notify.api import mending as mending_api
from services.notify.api import reports as reports_api
from services.notify.api import stream as stream_api
from services.notify.api import testing as testing_api
from services.notify.api.desk import Desk
from services.notify.bulletins import Bulletins
from services.notify.consumers import Consumers
from services.notify.engine.engine import Engine
from services.notify.inbox import Inbox
from services.notify.units import Units
from shared.events.examples import example_of
from shared.events.index import BY_SERVICE
from shared.runtime.keyring import load_keyring
from shared.runtime.service import Service
from shared.runtime.settings import NotifySettings

ROUTERS = [
    *(endpoints_api.router, health_api.router, testing_api.router),
    *(deliveries_api.router, mending_api.router),
    *(bulletins_api.router, reports_api.router),
    *(inbox_api.router, consumers_api.router, stream_api.router),
]


def build(settings: NotifySettings) -> FastAPI:
    """The application."""
    service = Service("notify", settings, load_keyring(settings.key_file))
    units = Units(service.database)
    bulletins = Bulletins(service, units)
    engine = Engine(service, settings)
    engine.wire(units)
    inbox = Inbox(engine.messages)
    service.also("look-into-boxes", inbox.run)

    app = service.app("Linli notify", ROUTERS, BY_SERVICE["notify"], example_of)
    app.state.bulletins = bulletins
    app.state.boxes = inbox_api.Boxes(inbox, Consumers(service.database))
    app.state.desk = Desk(
        *(service, settings, units, engine.endpoints, engine.messages, engine.deliveries),
        *(engine.progress, engine.followed, engine.accounts),
    )
    return app
