"""notify, wired in the order in which it starts.

Of several processes one does the work: it hears, numbers and sends. All of them answer calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

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
from services.notify.channels.opening import open_channels
from services.notify.consumers import Consumers
from services.notify.deliveries import Deliveries
from services.notify.domain.endpoint import ENDPOINT, Command
from services.notify.endpoints import Endpoint, Endpoints
from services.notify.engine.accounts import Accounts
from services.notify.engine.asked import Asked
from services.notify.engine.composing import Composer
from services.notify.engine.fanout import Fanout
from services.notify.engine.metrics import keep_counting
from services.notify.engine.outcomes import ACTOR, Outcomes
from services.notify.engine.retention import Retention
from services.notify.engine.sender import Sender
from services.notify.inbox import Inbox
from services.notify.leavers import Leavers
from services.notify.ledger import Ledger
from services.notify.messages import Messages
from services.notify.progress import Progress
from services.notify.reactions import reactions
from services.notify.units import Units
from shared.events.details import DetailsErased
from shared.events.examples import example_of
from shared.events.index import BY_SERVICE, decode
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.commit import Answer
from shared.kernel.times import to_milliseconds
from shared.runtime.background import Background
from shared.runtime.broker_accounts import BrokerAccounts
from shared.runtime.erasure import Erasure
from shared.runtime.execute import Aggregate, Context, Transaction
from shared.runtime.ids import new_event_id
from shared.runtime.keyring import load_keyring
from shared.runtime.service import CATCH_UP_S, Service, by_type
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
    endpoints = Endpoints(service.sealed)
    messages, deliveries = Messages(service.database), Deliveries(service.database)
    progress = Progress(service.database)
    outcomes = Outcomes(service.store, deliveries, settings.community)
    followed = service.keep("endpoints", endpoints)

    async def caught_up() -> None:
        head = await service.store.head()
        for follower in (own_log, followed):
            while not await follower.wait_for("notify", head, CATCH_UP_S):
                continue

    async def decide(endpoint: Endpoint, command: Command) -> None:
        await _decide(service, endpoint, command)

    erasure = Erasure(service.name, service.store, service.sealed, DetailsErased)
    leavers = Leavers(
        *(endpoints, service.store, service.sealed, erasure, decide), lambda: service.catch_up(followed)
    )
    sender = Sender(
        *(endpoints, messages, deliveries, progress, outcomes),
        schedule=settings.retry_schedule,
        first_probe=settings.probe_seconds,
        caught_up=caught_up,
        may_be_told=service.keys.agreements.may_come_in,
        disable=decide,
        sure=lambda: service.surely_leads,
    )
    fan_out = Fanout(messages)
    asked = Asked(deliveries, sender)
    settle = by_type(outcomes.reactions(), asked.reactions(), leavers.own_reactions())
    react = by_type(service.keys.reactions(), reactions(units), leavers.reactions())

    async def own(events: Sequence[CloudEvent]) -> None:
        await settle(events)
        await fan_out(events)

    async def heard(events: Sequence[CloudEvent]) -> None:
        # Keys and units are registry's to speak of; another service may not make itself believed by them.
        await react([event for event in events if event.service == "registry"])
        await fan_out(events)

    own_log = service.project("log", own, led=True)
    service.follow(["registry", "dispatch"], heard, led=True)
    service.on_open(messages.open)
    service.on_open(deliveries.open)
    composer = Composer(endpoints, messages, sender.idle)
    ledger = Ledger(messages, deliveries, progress)
    retention = Retention(endpoints, messages, deliveries, ledger, sender.give_up, settings.keep_days)
    service.also("deliver", lambda: _deliver(settings, sender, outcomes, messages), led=True)
    service.also("compose", lambda: _behind(caught_up, composer.run), led=True)
    service.also("retain", lambda: _behind(caught_up, retention.run), led=True)
    service.also("count", lambda: keep_counting(endpoints, deliveries, sender), led=True)

    accounts = None
    if settings.broker_admin_url is not None:
        accounts = Accounts(endpoints, BrokerAccounts(settings.broker_admin_url))
        service.also("accounts", accounts.run, led=True)

    inbox = Inbox(messages)
    service.also("look-into-boxes", inbox.run)

    app = service.app("Linli notify", ROUTERS, BY_SERVICE["notify"], example_of)
    app.state.bulletins = bulletins
    app.state.boxes = inbox_api.Boxes(inbox, Consumers(service.database))
    app.state.desk = Desk(
        service, settings, units, endpoints, messages, deliveries, progress, followed, accounts
    )
    return app


async def _behind(caught_up: Callable[[], Awaitable[None]], work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` once every endpoint is known: what is not known to be waited for would be taken away."""
    await caught_up()
    await work()


async def _deliver(settings: NotifySettings, sender: Sender, outcomes: Outcomes, messages: Messages) -> None:
    """Send and report until cancelled. The sender ends first, so that the last report misses no outcome."""
    sending, reporting = Background(), Background()
    messages.forget()
    async with open_channels(settings) as channels:
        reporting.start("report-outcomes", outcomes.run)
        sending.start("send", lambda: sender.run(channels))
        try:
            await asyncio.Event().wait()
        finally:
            await sending.stop()
            await reporting.stop()


async def _decide(service: Service, endpoint: Endpoint, command: Command) -> None:
    """Put it on record."""

    async def work(transaction: Transaction) -> Answer:
        await transaction.decide(Aggregate(ENDPOINT, decode), endpoint.id, command)
        return Answer(204, {})

    now, id = to_milliseconds(datetime.now(UTC)), new_event_id()
    await service.executor.execute(Context(ACTOR, now, correlation=id, commit_id=id), work)
