"""The engine, wired: it hears, numbers, gathers, sends and clears up, in one process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from services.notify.aggregates import ENDPOINTS
from services.notify.channels.opening import open_channels
from services.notify.deliveries import Deliveries
from services.notify.domain.endpoint_commands import Command
from services.notify.endpoints import Endpoint, Endpoints
from services.notify.engine.accounts import Accounts
from services.notify.engine.asked import Asked
from services.notify.engine.composing import Composer
from services.notify.engine.fanout import Fanout
from services.notify.engine.metrics import keep_counting
from services.notify.engine.outcomes import ACTOR, Outcomes
from services.notify.engine.retention import Retention
from services.notify.engine.sender import Sender
from services.notify.leavers import Leavers
from services.notify.ledger import Ledger
from services.notify.messages import Messages
from services.notify.progress import Progress
from services.notify.reactions import reactions
from services.notify.units import Units
from shared.events.details import DetailsErased
from shared.kernel.cloudevent import CloudEvent
from shared.kernel.commit import Answer
from shared.kernel.times import to_milliseconds
from shared.runtime.background import Background
from shared.runtime.broker_accounts import BrokerAccounts
from shared.runtime.erasure import Erasure
from shared.runtime.execute import Context, Transaction
from shared.runtime.ids import new_event_id
from shared.runtime.service import CATCH_UP_S, Service, by_type
from shared.runtime.settings import NotifySettings


class Engine:
    """What notify keeps of messages and deliveries, and all that moves them. `wire` has `service` run it."""

    def __init__(self, service: Service, settings: NotifySettings) -> None:
        self._service = service
        self._settings = settings
        self.endpoints = Endpoints(service.sealed)
        self.messages = Messages(service.database)
        self.deliveries = Deliveries(service.database)
        self.progress = Progress(service.database)
        self.followed = service.keep("endpoints", self.endpoints)
        self._outcomes = Outcomes(service.store, self.deliveries, settings.community)
        self._sender = Sender(
            *(self.endpoints, self.messages, self.deliveries, self.progress, self._outcomes),
            schedule=settings.retry_schedule,
            first_probe=settings.probe_seconds,
            caught_up=self._caught_up,
            may_be_told=service.keys.agreements.may_come_in,
            disable=self._decide,
            sure=lambda: service.surely_leads,
        )
        url = settings.broker_admin_url
        self.accounts = None if url is None else Accounts(self.endpoints, BrokerAccounts(url))

    def wire(self, units: Units) -> None:
        """Follow the services, and notify's own log; send, gather, clear up and count while this leads."""
        service, fan_out = self._service, Fanout(self.messages)
        erasure = Erasure(service.name, service.store, service.sealed, DetailsErased)
        leavers = Leavers(
            *(self.endpoints, service.store, service.sealed, erasure, self._decide),
            lambda: service.catch_up(self.followed),
        )
        asked = Asked(self.deliveries, self._sender)
        settle = by_type(self._outcomes.reactions(), asked.reactions(), leavers.own_reactions())
        react = by_type(service.keys.reactions(), reactions(units), leavers.reactions())

        async def own(events: Sequence[CloudEvent]) -> None:
            await settle(events)
            await fan_out(events)

        async def heard(events: Sequence[CloudEvent]) -> None:
            # Keys and units are registry's to speak of; another service may not make itself believed by them.
            await react([event for event in events if event.service == "registry"])
            await fan_out(events)

        self._own_log = service.project("log", own, led=True)
        service.follow(["registry", "dispatch"], heard, led=True)
        service.on_open(self.messages.open)
        service.on_open(self.deliveries.open)
        self._work()

    def _work(self) -> None:
        service, sender = self._service, self._sender
        composer = Composer(self.endpoints, self.messages, sender.idle)
        ledger = Ledger(self.messages, self.deliveries, self.progress)
        retention = Retention(
            self.endpoints, self.messages, self.deliveries, ledger, sender.give_up, self._settings.keep_days
        )
        service.also("deliver", self._deliver, led=True)
        service.also("compose", lambda: self._behind(composer.run), led=True)
        service.also("retain", lambda: self._behind(retention.run), led=True)
        service.also("count", lambda: keep_counting(self.endpoints, self.deliveries, sender), led=True)
        if self.accounts is not None:
            service.also("accounts", self.accounts.run, led=True)

    async def _caught_up(self) -> None:
        head = await self._service.store.head()
        for follower in (self._own_log, self.followed):
            while not await follower.wait_for(self._service.name, head, CATCH_UP_S):
                continue

    async def _behind(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` once every endpoint is known: what is not known to be waited for would be taken away."""
        await self._caught_up()
        await work()

    async def _deliver(self) -> None:
        """Send and report until cancelled. The sender ends first, so that the last report misses nothing."""
        sending, reporting = Background(), Background()
        self.messages.forget()
        async with open_channels(self._settings) as channels:
            reporting.start("report-outcomes", self._outcomes.run)
            sending.start("send", lambda: self._sender.run(channels))
            try:
                await asyncio.Event().wait()
            finally:
                await sending.stop()
                await reporting.stop()

    async def _decide(self, endpoint: Endpoint, command: Command) -> None:
        """Have `command` decided on `endpoint`, and put on record."""

        async def work(transaction: Transaction) -> Answer:
            await transaction.decide(ENDPOINTS, endpoint.id, command)
            return Answer(204, {})

        now, id = to_milliseconds(datetime.now(UTC)), new_event_id()
        await self._service.executor.execute(Context(ACTOR, now, correlation=id, commit_id=id), work)
