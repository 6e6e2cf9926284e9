"""What every service is made of, wired by plain calls in the order in which things start."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from time import monotonic

import aiohttp
import structlog
from fastapi import APIRouter, FastAPI

from shared.kernel.cloudevent import CloudEvent
from shared.kernel.event import Event
from shared.runtime.access import KeyTable
from shared.runtime.background import Background
from shared.runtime.broker import Broker
from shared.runtime.consumer import Consumer
from shared.runtime.execute import Executor
from shared.runtime.follower import Follower
from shared.runtime.http.calls import Commands
from shared.runtime.http.docs import docs_routes
from shared.runtime.http.edge import Edge, Gate
from shared.runtime.http.keyring import keyring_routes
from shared.runtime.http.openapi import described
from shared.runtime.http.problems import install
from shared.runtime.http.rate import FailureLimit, RateLimit
from shared.runtime.http.routes import add_routes
from shared.runtime.http.system import ExampleOf, system_routes
from shared.runtime.http.table import Table
from shared.runtime.keyring import Keyring
from shared.runtime.leading import Led
from shared.runtime.mongo import PyMongoError, StoreUnavailable, connect, database, ping
from shared.runtime.parking import Handler
from shared.runtime.projection import (
    KEPT_EVERY_S,
    LOOK_S,
    STORED_EVERY_S,
    Kept,
    View,
    at_most_every,
    by_parts,
    nudge,
)
from shared.runtime.rebuilding import Rebuilding
from shared.runtime.relay import Relay
from shared.runtime.rotation import Rotation
from shared.runtime.sealed import SealedDetails
from shared.runtime.settings import Settings
from shared.runtime.snapshots import Snapshots
from shared.runtime.source import Feed, OwnLog, Source
from shared.runtime.store import EventStore
from shared.runtime.timers import Clock, now
from shared.runtime.tokens import ServiceToken
from shared.runtime.tombstones import Tombstones

CATCH_UP_S = 2.0
SETTLE_S = 10.0
SWEEP_EVERY_S = 3600.0
SWEEP_ALL_EVERY = 24
VERSION = "0.1.0"

Reaction = Callable[[CloudEvent], Awaitable[None]]
Opening = Callable[[], Awaitable[None]]

log = structlog.get_logger()


def by_type(*tables: Mapping[str, Reaction]) -> Handler:
    """A handler that gives each event to the reactions for its type, table by table; others it leaves."""

    async def handle(events: Sequence[CloudEvent]) -> None:
        for event in events:
            for table in tables:
                if (reaction := table.get(event.type)) is not None:
                    await reaction(event)

    return handle


class Service:
    """One service's parts. `build` in its `app.py` adds followers, openings and routes, then `app`.

    `clock` is the time that commands go by."""

    def __init__(self, name: str, settings: Settings, keyring: Keyring, clock: Clock = now) -> None:
        self.name = name
        self.clock = clock
        self.settings = settings
        self.keyring = keyring
        self._client = connect(settings.mongo_url.get_secret_value())
        self.database = database(self._client, settings.mongo_db or f"linli_{name}")
        self.store = EventStore(self.database)
        self.sealed = SealedDetails(self.database, keyring)
        self.rotation = Rotation(self.sealed.collections, keyring)
        self._tombstones = Tombstones(self.database, self.sealed, self.store)
        self.executor = Executor(self.store, self.sealed)
        self.keys = KeyTable(self.database, settings.issuer_url(), FailureLimit(settings.failures))
        self.broker = Broker(settings.amqp_url.get_secret_value(), name)
        self.relay = Relay(name, self.store, self.database, self.broker)
        self.background = Background()
        self.followers: list[Follower] = []
        self.rebuildings: dict[str, Rebuilding] = {}
        self._consumers: list[Consumer] = []
        self._openings: list[Opening] = []
        self._work: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self._led = Led(self.database)
        self._session: aiohttp.ClientSession | None = None
        self._own_token: ServiceToken | None = None
        self._open = False
        self._opened_at = 0.0
        self._settled = False

    def follow(
        self,
        services: Sequence[str],
        handler: Handler,
        parks: bool = True,
        seen_again: Handler | None = None,
        gathers: float = 0.0,
        led: bool = False,
    ) -> Follower:
        """Follow other services (and this one, if named) through the broker and their feeds; `led`: in one
        process of this service at a time."""
        sources = {service: self._source(service) for service in services}
        follower = Follower("events", sources, handler, self.database, parks, seen_again)
        queue = f"{self.name}.events.v1"
        consumer = Consumer(self.broker, queue, services, follower, gathers)
        self._consumers.append(consumer)
        if led:
            self._led.consumers.append(consumer)
        self._run_follower(follower, led)
        self.also("consume", consumer.run, led)
        return follower

    def project(self, name: str, handler: Handler, led: bool = False) -> Follower:
        """Follow this service's own log, for a read model in the store; `led`: in one process at a time."""
        calm = at_most_every(STORED_EVERY_S, by_parts(handler))
        follower = Follower(name, {self.name: OwnLog(self.name, self.store)}, calm, self.database)
        return self._wake_by_appends(name, follower, LOOK_S if led else None, led)

    def keep(self, name: str, view: View) -> Follower:
        """Follow this service's own log, for a read model in memory, with snapshots."""
        kept = Kept(view, self.name, Snapshots(self.database, name))
        follower = Follower(
            name,
            {self.name: OwnLog(self.name, self.store)},
            at_most_every(KEPT_EVERY_S, view.follow),
            self.database,
            positions=kept.positions,
        )
        self.rebuildings[name] = Rebuilding(kept, follower, OwnLog(self.name, self.store))
        self.on_open(kept.open)
        self.also(f"snapshot-{name}", kept.keep_saving)
        return self._wake_by_appends(name, follower, LOOK_S, led=False)

    async def catch_up(self, follower: Follower) -> bool:
        """Wait, for a while, until `follower` has applied all that is in this service's log now; whether it
        has."""
        return await follower.wait_for(self.name, await self.store.head(), CATCH_UP_S)

    def _wake_by_appends(self, name: str, follower: Follower, look: float | None, led: bool) -> Follower:
        appended = self.store.watch()
        self.also(f"nudge-{name}", lambda: nudge(follower, self.name, appended, look), led)
        self._run_follower(follower, led)
        return follower

    def _run_follower(self, follower: Follower, led: bool) -> None:
        self.followers.append(follower)
        if led:
            self._led.followers.append(follower)
        self.also(f"follow-{follower.name}", follower.follow_feeds, led)

    def on_open(self, opening: Opening) -> None:
        """Run `opening` once the store answers, before anything is followed or served. Must be repeatable."""
        self._openings.append(opening)

    def also(self, name: str, work: Callable[[], Awaitable[None]], led: bool = False) -> None:
        """Keep `work` going while the service is open; `led`: in one process at a time."""
        (self._led.work if led else self._work).append((name, work))

    def app(
        self,
        title: str,
        routers: Sequence[APIRouter],
        event_types: Mapping[str, type[Event]],
        example_of: ExampleOf,
        files: tuple[str, ...] = (),
    ) -> FastAPI:
        """The application: the service opens by itself as soon as its store answers. `example_of`: the
        data of an example of each event type; `files`: how the paths begin that take files, `*` for one part
        of it."""
        app = FastAPI(
            title=title,
            version=VERSION,
            lifespan=self._lifespan,
            docs_url=None,
            redoc_url=None,
            telemetry={"tracing": False, "metrics": False, "logs": False},  # the edge has its own
        )
        app.state.keys = self.keys
        app.state.commands = Commands(self.name, self.executor, self.keyring, self.clock)
        app.state.service = self
        for router in (
            system_routes(self, event_types, example_of),
            keyring_routes(self),
            docs_routes(title),
            *routers,
        ):
            add_routes(app, router)
        table = Table(app.router.routes)
        app.router.routes.insert(0, table)
        install(app)
        app.openapi = described(app)  # type: ignore[method-assign]  # FastAPI's documented way
        gate = Gate(lambda: self._open, self.keys.knows, self._has_caught_up, RateLimit(), files, table)
        app.add_middleware(Edge, gate=gate)
        return app

    @property
    def leads(self) -> bool:
        """Whether this process does what one does at a time."""
        return self._led.leads

    @property
    def surely_leads(self) -> bool:
        """Whether no other process can have taken that over meanwhile."""
        return self._led.sure

    def has_settled(self) -> bool:
        """Whether it has caught up once with all that it follows, or has waited long enough for that.

        Until then it would refuse what others know; but it must serve while they are away.
        """
        if not self._settled and self._open:
            behind = any(f.is_behind(service) for f in self.followers for service in f.sources)
            self._settled = not behind or monotonic() - self._opened_at > SETTLE_S
        return self._settled

    async def dependencies(self) -> dict[str, str]:
        """Each thing that this service depends on, and whether it is there."""
        try:
            await ping(self._client)
            store = "up" if self._open else "opening"
        except PyMongoError:
            store = "down"
        found = {"store": store, "broker": "up" if self._broker_is_up() else "down"}
        for follower in self.followers:
            for service in follower.sources:
                found[f"{follower.name}:{service}"] = follower.standing(service)
        return found

    async def redrive(self) -> dict[str, int]:
        """Give parked events to their handlers again; how many were taken and how many still wait."""
        counts = [await follower.redrive() for follower in self.followers]
        return {"taken": sum(taken for taken, _ in counts), "waiting": sum(left for _, left in counts)}

    def _broker_is_up(self) -> bool:
        waiting = [] if self._led.leads else self._led.consumers
        return self.relay.connected and all(
            consumer.connected for consumer in self._consumers if consumer not in waiting
        )

    def _source(self, service: str) -> Source:
        if service == self.name:
            return OwnLog(service, self.store)
        return Feed(self.settings.url_of(service), self._http, self._token)

    def _http(self) -> aiohttp.ClientSession:
        assert self._session is not None
        return self._session

    async def _token(self) -> str:
        assert self._own_token is not None
        return await self._own_token()

    async def _has_caught_up(self, service: str, pos: int) -> bool:
        if service == self.name and all(self.name not in follower.sources for follower in self.followers):
            return await self.store.head() >= pos
        following = [follower for follower in self.followers if service in follower.sources]
        waits = [follower.wait_for(service, pos, CATCH_UP_S) for follower in following]
        # What is not followed here is not needed here.
        return all(await asyncio.gather(*waits))

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        self._session = aiohttp.ClientSession(trust_env=False)
        self._own_token = ServiceToken(
            self.settings.url_of("registry"),
            f"client-{self.name}",
            self.settings.client_secret,
            self._session,
        )
        opening = asyncio.create_task(self._open_when_the_store_answers())
        opening.add_done_callback(_end_the_process_if_it_failed)
        try:
            yield
        finally:
            opening.cancel()
            await asyncio.wait([opening])
            await self.background.stop()
            await self.store.stop()
            await self._session.close()
            self._client.close()

    async def _open_when_the_store_answers(self) -> None:
        while not self._open:
            try:
                await self._open_now()
            except (PyMongoError, StoreUnavailable) as error:
                log.warning("store-away", error=type(error).__name__)
                await asyncio.sleep(0.5)

    async def _open_now(self) -> None:
        await self.store.start()
        await self.sealed.start()
        await self._tombstones.restore()
        await self.keys.load()
        for opening in self._openings:
            await opening()
        for follower in self.followers:
            await follower.load()
        log.info("service-opens", head=await self.store.head())
        if self._led.work:
            self.background.start("lead", self._led.run)
        self.background.start("relay", self.relay.run)
        self.background.start("sweep-details", self._sweep)
        self.background.start("reseal-details", self.rotation.run)
        self.background.start("keys", self.keys.keep_loading)
        for name, work in self._work:
            self.background.start(name, work)
        self._open = True
        self._opened_at = monotonic()

    async def _sweep(self) -> None:
        for hour in count():
            sweep = self.sealed.sweep_own if hour % SWEEP_ALL_EVERY else self.sealed.sweep
            log.info("details-swept", orphans=await sweep(self.store.by_version))
            await asyncio.sleep(SWEEP_EVERY_S)
            await self._tombstones.compare()


def _end_the_process_if_it_failed(opening: asyncio.Task[None]) -> None:
    """A service that cannot open for another reason than its store being away must not linger."""
    if not opening.cancelled() and (error := opening.exception()) is not None:
        log.error("service-cannot-open", error=type(error).__name__, exc_info=error)
        os.kill(os.getpid(), signal.SIGTERM)
