"""notify running in this process, partners that take webhooks, and sources that it hears."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import aiohttp
import uvicorn
from aiohttp import web
from fastapi import FastAPI
from pydantic import SecretStr
from standardwebhooks import Webhook

from services.notify.app import build
from services.registry.domain.roles import SCOPES
from services.registry.signing import SIGNING, Grant, Signer, load_signer
from shared.events.registry import Role
from shared.kernel.canonical import Json
from shared.kernel.cloudevent import CloudEvent, encoded, parse
from shared.kernel.commit import Commit
from shared.runtime.keyring import load_keyring
from shared.runtime.log import placed
from shared.runtime.mongo import Database
from shared.runtime.service import Service
from shared.runtime.settings import NotifySettings
from tests.support.client import Client
from tests.support.drafts import draft
from tests.support.waiting import until

AT = "2026-11-24T03:29:28.123Z"
NOWHERE = "http://127.0.0.1:1"
UNIT = "unit-health-centre"
OTHER_UNIT = "unit-police-station"
FOR_LONG = {"starts_at": "2026-01-01T00:00:00.000Z", "ends_at": "2999-01-01T00:00:00.000Z"}


@dataclass(frozen=True)
class Received:
    """One webhook as it came."""

    id: str
    headers: dict[str, str]
    body: bytes

    def verified(self, secret: str) -> dict[str, Json]:
        """The body, if the official package accepts the signature."""
        body: dict[str, Json] = Webhook(secret).verify(self.body, self.headers)
        return body


@dataclass
class Partner:
    """A partner's system. It answers what `answers` says, then 204; while it hangs, nothing; when it is
    endless, 200 and a body that never ends."""

    url: str = ""
    answers: deque[web.Response] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)
    free: asyncio.Event = field(default_factory=asyncio.Event)
    endless: bool = False
    answering: Callable[[str], web.Response] | None = None
    """Says the answer to a webhook of this id, where `answers` says none."""

    @property
    def ids(self) -> list[str]:
        return [webhook.id for webhook in self.received]

    async def receive(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(headers.get("webhook-id", ""), headers, await request.read()))
        if self.answers or self.answering is None:
            answer = self.answers.popleft() if self.answers else web.Response(status=204)
        else:
            answer = self.answering(headers["webhook-id"])
        await self.free.wait()
        return await _never_end(request) if self.endless else answer


async def _never_end(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    with suppress(ConnectionError):
        while True:
            await response.write(b"x" * 4096)
    return response


@asynccontextmanager
async def partner_system(hangs: bool = False) -> AsyncIterator[Partner]:
    """A partner's system on a free port of loopback."""
    found = Partner()
    if not hangs:
        found.free.set()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", found.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    found.url = f"http://{host}:{port}/hook/secret-path-of-the-url"
    try:
        yield found
    finally:
        found.free.set()
        await runner.cleanup()


@dataclass
class Spoken:
    """The log of a service that notify follows: commits in order, each with one event."""

    service: str = "registry"
    commits: list[Commit] = field(default_factory=list)

    def say(self, type: str, stream: str, **data: Json) -> CloudEvent:
        """Append one commit; its event."""
        commit = placed(draft((stream, 1), data=data, type=type), len(self.commits) + 1, AT)
        self.commits.append(commit)
        return parse(encoded(self.service, commit)[0])

    def agreement(self, unit: str) -> CloudEvent:
        """An agreement with `unit`, in force for long."""
        terms: dict[str, Json] = {"services": [], "details_of": [], **FOR_LONG}
        return self.say("agreement-signed", f"agreement-of-{unit}", units=[unit], unit=unit, **terms)

    def volunteers(self, count: int, units: Sequence[str] = (UNIT,)) -> list[CloudEvent]:
        """So many events that concern `units`."""
        return [
            self.say(
                "volunteer-registered",
                f"volunteer-{len(self.commits)}",
                units=[*units],
                unit=units[0],
                team="residents",
                skills=[],
                details="the-digest-of-a-name",
            )
            for _ in range(count)
        ]


@dataclass
class Notify:
    """A running notify."""

    url: str
    service: Service
    signer: Signer
    session: aiohttp.ClientSession
    app: FastAPI

    async def hears(self, events: Sequence[CloudEvent]) -> None:
        """Take events as from the broker."""
        [follower] = [found for found in self.service.followers if found.name == "events"]
        await follower.take(events)

    def token(self, role: Role = "unit", unit: str | None = UNIT) -> str:
        """An access token, signed by registry's key."""
        client, of_unit = f"client-{role}", unit if role == "unit" else None
        grant = Grant(client, client, role, SCOPES[role], ("shaba",), of_unit)
        return self.signer.token(grant, NOWHERE)[0]

    async def call(
        self,
        method: Literal["GET", "POST", "PATCH", "DELETE"],
        path: str,
        token: str,
        body: object = None,
        **headers: str,
    ) -> tuple[int, Any]:
        """Status and body of a call."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        reply = await Client(self.url, self.session, token).call(method, path, body, headers=named)
        return reply.status, reply.body

    async def endpoint(self, url: str, unit: str = UNIT, events: Sequence[str] = ("*",)) -> tuple[str, str]:
        """Register an endpoint as the unit's own client; its id and secret."""
        body = {"unit": unit, "url": url, "events": [*events]}
        status, answer = await self.call("POST", "/v1/endpoints", self.token(unit=unit), body)
        assert status == 201, answer
        return str(answer["id"]), str(answer["secret"])

    async def deliveries(self, query: str = "", unit: str = UNIT) -> list[dict[str, Any]]:
        """All deliveries that the unit's own client sees, over all pages."""
        found: list[dict[str, Json]] = []
        following: Json = ""
        while following is not None:
            path = f"/v1/deliveries?limit=500&{query}" + (f"&cursor={following}" if following else "")
            status, answer = await self.call("GET", path, self.token(unit=unit))
            assert status == 200, answer
            found += answer["items"]
            following = answer["next"]
        return found

    async def states(self, unit: str = UNIT) -> list[str]:
        """The states of all deliveries, sorted."""
        return sorted(str(delivery["state"]) for delivery in await self.deliveries(unit=unit))

    async def outcomes(self) -> list[dict[str, Json]]:
        """All outcomes in notify's own log, in order, each with the `outcome` that it is."""
        commits = await self.service.store.read(0, 10_000)
        found: list[dict[str, Any]] = []
        for event in (event for commit in commits for event in commit.events):
            if event.type in ("notification-delivered", "notification-failed"):
                made: Any = event.data["deliveries"]
                found += [{**each, "outcome": _outcome(event.type, each)} for each in made]
        return sorted(found, key=lambda each: str(each["at"]))


def _outcome(event_type: str, attempt: dict[str, Any]) -> str:
    if event_type == "notification-delivered":
        return "delivered"
    return "failed" if "next_at" in attempt else "exhausted"


def notify_settings(database: Database, store_url: str, folder: Path, **more: object) -> NotifySettings:
    """Settings of a notify on `database`, without a broker, that may deliver to loopback."""
    settings: dict[str, object] = {
        "mongo_url": SecretStr(store_url),
        "mongo_db": database.name,
        "amqp_url": SecretStr("amqp://notify:none@127.0.0.1:1/"),
        "port": 1,
        "key_file": folder / "notify.json",
        "client_secret": SecretStr("none"),
        **{f"{name}_url": NOWHERE for name in ("registry", "dispatch", "notify", "audit")},
        "retry_schedule": "0.05,0.05",
        "allow_networks": "127.0.0.0/8",
        "deadline": 5.0,
        "probe_seconds": 0.2,
        **more,
    }
    return NotifySettings.model_validate(settings)


@asynccontextmanager
async def notify(settings: NotifySettings, leads: bool = True) -> AsyncIterator[Notify]:
    """notify behind a server of its own, open for calls; not waited for to lead, if it is not to."""
    app = build(settings)
    service: Service = app.state.service
    signer = load_signer(load_keyring(settings.key_file.with_name("registry.json"), (SIGNING,)))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            running = Notify(url, service, signer, session, app)
            await until(lambda: server.started or serving.done())
            await until(lambda: is_open(session, running.url))
            await until(lambda: service.leads or not leads)
            await service.keys.add_key(signer.kid, signer.x)
            for unit in (UNIT, OTHER_UNIT):
                await service.keys.reactions()["agreement-signed"](Spoken().agreement(unit))
            try:
                yield running
            finally:
                server.should_exit = True
                await serving


async def is_open(session: aiohttp.ClientSession, url: str) -> bool:
    """Whether it takes calls, which it does before it has caught up with sources that are not there."""
    try:
        async with session.get(f"{url}/v1/event-types") as response:
            return response.status == 200
    except aiohttp.ClientConnectorError:
        return False
