"""audit, wired in the order in which it starts."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI

from services.audit import api
from services.audit.entries import Entries
from services.audit.forks import Forks
from services.audit.recorder import Recorder
from shared.events.examples import example_of
from shared.events.index import BY_SERVICE
from shared.kernel.cloudevent import CloudEvent
from shared.runtime.keyring import load_keyring
from shared.runtime.service import Service, by_type
from shared.runtime.settings import Settings

GATHERS_S = 0.01
FOLLOWED = ("registry", "dispatch", "notify", "audit")


def build(settings: Settings) -> FastAPI:
    """The application."""
    service = Service("audit", settings, load_keyring(settings.key_file))
    entries = Entries(service.database)
    forks = Forks(entries, service.store, settings.community)
    recorder = Recorder(entries, forks, FOLLOWED)
    learn = by_type(service.keys.reactions())

    async def take(events: Sequence[CloudEvent]) -> None:
        if events[0].service == "registry":
            await learn(events)
        await recorder.record(events)

    follower = service.follow(FOLLOWED, take, parks=False, seen_again=recorder.seen_again, gathers=GATHERS_S)

    async def open_log() -> None:
        await recorder.open()
        for name, reason in recorder.stopped.items():
            follower.stop(name, reason)

    service.on_open(open_log)

    app = service.app("Linli audit", [api.router], BY_SERVICE["audit"], example_of)
    app.state.log = api.Log(entries, recorder, forks, follower)
    return app
