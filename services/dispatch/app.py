"""dispatch, wired in the order in which it starts."""

from __future__ import annotations

from fastapi import FastAPI

from services.dispatch.api import report, requests, visits
from services.dispatch.api.desk import Desk
from services.dispatch.directory import Directory
from services.dispatch.reactions import reactions
from services.dispatch.views import Requests
from shared.events.details import DetailsErased
from shared.events.index import BY_SERVICE
from shared.runtime.erasure import Erasure
from shared.runtime.keyring import load_keyring
from shared.runtime.service import Service, by_type
from shared.runtime.settings import Settings


def build(settings: Settings) -> FastAPI:
    """The application."""
    service = Service("dispatch", settings, load_keyring(settings.key_file))
    directory = Directory(service.database)
    board = Requests()
    erasure = Erasure(service.name, service.store, service.sealed, DetailsErased)

    registry = service.follow(["registry"], by_type(service.keys.reactions(), reactions(directory, erasure)))
    service.keep("requests.v1", board)

    routers = [requests.router, visits.router, report.router]
    app = service.app("Linli dispatch", routers, BY_SERVICE["dispatch"])
    app.state.desk = Desk(service, directory, board, registry)
    return app
