"""registry, wired in the order in which it starts."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI

from services.registry import former_holders
from services.registry.access import wire_access
from services.registry.agreement_clock import EXPIRY, RENEWAL, AgreementClock
from services.registry.api import (
    agreements,
    assurance,
    catalogue,
    client_lists,
    clients,
    consents,
    exports,
    facilities,
    holds,
    hsds,
    imports,
    keys,
    oauth,
    people,
    people_changes,
    people_merges,
    persons,
    places,
    published,
    report,
    seats,
    sign_in,
    staff,
    teams,
    tokens,
    trainings,
    units,
    volunteer_clients,
    volunteer_erasure,
    volunteer_states,
    working_days,
)
from services.registry.api.lists import FOLLOWER
from services.registry.bootstrap import Bootstrap
from services.registry.case.case import load_case
from services.registry.public_catalogue import PublicCatalogue
from services.registry.signing import SIGNING
from services.registry.staleness import KIND as GOES_STALE
from services.registry.staleness import Staleness
from services.registry.viewings import FOLLOWER as VIEWINGS
from services.registry.viewings import Viewings
from services.registry.views import Records
from services.registry.withdrawals import Withdrawals
from shared.events.examples import example_of
from shared.events.index import BY_SERVICE
from shared.events.registry import ResidentErased, VolunteerErased
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.keyring import load_keyring
from shared.runtime.parking import Handler
from shared.runtime.sealed import SealedDetails
from shared.runtime.service import Reaction, Service, by_type
from shared.runtime.settings import RegistrySettings
from shared.runtime.timers import Timers, by_kind

LOOK_EVERY_S = 10.0


ROUTERS = [
    *(oauth.router, clients.router, client_lists.router, keys.router, tokens.router),
    *(published.router, sign_in.router, staff.router),
    *(places.router, facilities.router, units.router, teams.router, catalogue.router),
    *(agreements.router, seats.router, hsds.router, volunteer_erasure.router),
    *(people.router, people_changes.router, people_merges.router, persons.router),
    *(consents.router, holds.router, report.router),
    *(imports.router, exports.router),
    *(volunteer_states.router, trainings.router, assurance.router, volunteer_clients.router),
    working_days.router,
]


def erasures(sealed: SealedDetails) -> dict[str, Reaction]:
    """What registry does about its own erasures: deletes again, for a detail that was written meanwhile."""

    async def erase(event: CloudEvent) -> None:
        await sealed.erase(event.stream)

    return {ResidentErased.type: erase, VolunteerErased.type: erase}


def in_turn(*handlers: Handler) -> Handler:
    """A handler that gives events to each of `handlers`, one after the other."""

    async def handle(events: Sequence[CloudEvent]) -> None:
        for handler in handlers:
            await handler(events)

    return handle


def build(settings: RegistrySettings) -> FastAPI:
    """The application. Raises ValueError for a case that does not exist, and for settings of access that
    cannot be meant."""
    if settings.case != "none":
        load_case(settings.case)
    keyring = load_keyring(settings.key_file, (SIGNING,))
    service = Service("registry", settings, keyring)
    access = wire_access(service, settings, keyring)
    records = Records(service.database)
    viewings = Viewings(service.database)

    timers = Timers(service.database)
    staleness = Staleness(timers, service.store, service.executor)
    clock = AgreementClock(timers, service.executor)
    fire = by_kind({GOES_STALE: staleness.fire, RENEWAL: clock.fire, EXPIRY: clock.fire})

    service.on_open(records.open)
    service.on_open(viewings.open)
    service.on_open(timers.open)
    service.on_open(Bootstrap(service, settings).run)
    heard = by_type(
        service.keys.reactions(),
        former_holders.reactions(service.store, service.sealed),
        erasures(service.sealed),
    )
    withdrawals = by_type(Withdrawals(service.store, service.sealed).reactions())
    service.project(FOLLOWER, in_turn(heard, records.follow, staleness.follow, clock.follow, withdrawals))
    service.project(VIEWINGS, viewings.follow)
    catalogue_view = PublicCatalogue()
    service.keep("catalogue.v1", catalogue_view)
    service.also("timers", lambda: timers.keep_looking(fire, LOOK_EVERY_S))

    app = service.app(
        "Linli registry",
        ROUTERS,
        BY_SERVICE["registry"],
        example_of,
        files=(imports.PATH,),
    )
    access.give(app)
    app.state.records = records
    app.state.catalogue = catalogue_view
    app.state.viewings = viewings
    return app
