"""registry, wired in the order in which it starts."""

from __future__ import annotations

from fastapi import FastAPI

from services.registry.api import clients, directory, persons
from services.registry.bootstrap import Bootstrap
from services.registry.case.case import load_case
from services.registry.signing import SIGNING, load_signer
from services.registry.views import Records
from shared.events.index import BY_SERVICE
from shared.events.registry import ResidentErased
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.keyring import load_keyring
from shared.runtime.sealed import SealedDetails
from shared.runtime.service import Reaction, Service, by_type
from shared.runtime.settings import RegistrySettings


def erasures(sealed: SealedDetails) -> dict[str, Reaction]:
    """What registry does about its own erasures: deletes again, for a detail that was written meanwhile."""

    async def erase(event: CloudEvent) -> None:
        await sealed.erase(event.stream)

    return {ResidentErased.type: erase}


def build(settings: RegistrySettings) -> FastAPI:
    """The application. Raises ValueError for a case that does not exist."""
    if settings.case != "none":
        load_case(settings.case)
    keyring = load_keyring(settings.key_file, (SIGNING,))
    service = Service("registry", settings, keyring)
    signer = load_signer(keyring)
    records = Records(service.database)

    service.on_open(records.open)
    service.on_open(Bootstrap(service, settings, signer).run)
    service.project(
        "records", by_type(service.keys.reactions(), records.reactions(), erasures(service.sealed))
    )

    app = service.app(
        "Linli registry", [clients.router, directory.router, persons.router], BY_SERVICE["registry"]
    )
    app.state.signer = signer
    app.state.records = records
    return app
