"""notify as a process of its own, on a real broker, killed and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from deploy.stack import Stack
from services.registry.domain.roles import SCOPES
from services.registry.signing import SIGNING, Grant, Signer, load_signer
from shared.events.notify import NotificationDelivered
from shared.runtime.broker import Broker, declare_queue
from shared.runtime.keyring import load_keyring
from shared.runtime.mongo import Database
from shared.runtime.mongo import database as open_database
from shared.runtime.relay import Relay
from shared.runtime.store import EventStore
from tests.support.drafts import draft
from tests.support.following import running
from tests.support.notifying import FOR_LONG, NOWHERE, UNIT, Partner, is_open
from tests.support.waiting import until

CHECKOUT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """`python -m services.notify`."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.url = f"http://127.0.0.1:{environment['LINLI_PORT']}"
        self._environment = environment
        self._output = folder / "notify.log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, session: aiohttp.ClientSession) -> None:
        with self._output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "services.notify"),
                cwd=CHECKOUT,
                env={"PATH": os.environ["PATH"], **self._environment},
                stdout=output,
                stderr=output,
            )
        await until(lambda: self._takes_calls(session), 30)

    async def _takes_calls(self, session: aiohttp.ClientSession) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, self.said()
        return await is_open(session, self.url)

    async def kill(self) -> None:
        """kill -9, if it runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def ends(self) -> bool:
        """SIGTERM; whether it ends by that and not by an error. Raises TimeoutError if it does not end."""
        assert self._process is not None
        self._process.terminate()
        return await asyncio.wait_for(self._process.wait(), 15) in (0, -signal.SIGTERM)

    def said(self) -> str:
        return self._output.read_text()


@pytest.fixture
async def process(
    servers: Stack, store_url: str, database: Database, tmp_path: Path
) -> AsyncIterator[Process]:
    """notify on this test's database, with nothing in its queue from others."""
    async with Broker(servers.site.amqp_url("notify"), "notify").connected("tests") as connection:
        queue = await declare_queue(
            await connection.channel(), "notify.events.v1", ["registry.#", "dispatch.#"]
        )
        await queue.purge()
    environment = {
        "LINLI_MONGO_URL": store_url,
        "LINLI_MONGO_DB": database.name,
        "LINLI_AMQP_URL": servers.site.amqp_url("notify"),
        "LINLI_PORT": str(free_port()),
        "LINLI_KEY_FILE": str(tmp_path / "notify.json"),
        "LINLI_CLIENT_SECRET": "none",
        "LINLI_ALLOW_NETWORKS": "127.0.0.0/8",
        "LINLI_RETRY_SCHEDULE": "1,1,1",
        **{f"LINLI_{name}_URL": NOWHERE for name in ("REGISTRY", "DISPATCH", "NOTIFY", "AUDIT")},
    }
    found = Process(environment, tmp_path)
    yield found
    await found.kill()


@asynccontextmanager
async def registry(servers: Stack, database: Database, signer: Signer) -> AsyncIterator[EventStore]:
    """A source with registry's rights on the broker, which has published its key."""
    beside = open_database(database.client, f"{database.name}_registry")
    store = EventStore(beside)
    await store.start()
    relay = Relay("registry", store, beside, Broker(servers.site.amqp_url("registry"), "registry"))
    key = draft(
        (f"key-{signer.kid}", 1), type="signing-key-published", data={"kid": signer.kid, "x": signer.x}
    )
    await store.append(key)
    terms = {"unit": UNIT, "services": [], "details_of": [], **FOR_LONG}
    await store.append(draft(("agreement-1", 1), type="agreement-signed", data=terms))  # type: ignore[arg-type]
    async with running(relay):
        yield store
    await store.stop()
    await database.client.drop_database(beside.name)


async def say(store: EventStore, count: int) -> set[str]:
    """So many events that concern the unit; their ids."""
    head = await store.head()
    data = {"units": [UNIT], "unit": UNIT, "team": "residents", "skills": [], "details": "-"}
    drafts = [
        draft((f"volunteer-{head}-{n}", 1), type="volunteer-registered", data=data)  # type: ignore[arg-type]
        for n in range(count)
    ]
    commits = await asyncio.gather(*(store.append(wanted) for wanted in drafts))
    return {commit.events[0].id for commit in commits}


async def test_killed_in_the_middle_of_a_load_every_webhook_arrives_and_every_outcome_is_told(
    servers: Stack, database: Database, process: Process, partner: Partner, tmp_path: Path
) -> None:
    signer = load_signer(load_keyring(tmp_path / "registry.json", (SIGNING,)))
    grant = Grant("client-1", "client-1", "unit", SCOPES["unit"], ("shaba",), UNIT)
    authorized = {"Authorization": f"Bearer {signer.token(grant, NOWHERE)[0]}"}
    async with (
        aiohttp.ClientSession(headers=authorized) as session,
        registry(servers, database, signer) as store,
    ):
        await process.start(session)
        await until(lambda: _is_let_in(session, process.url))
        body = {"unit": UNIT, "url": partner.url, "events": ["*"]}
        async with session.post(f"{process.url}/v1/endpoints", json=body) as response:
            assert response.status == 201
            secret = (await response.json())["secret"]

        due = await say(store, 300)
        await until(lambda: len(partner.received) >= 50)
        await process.kill()
        arrived = len(set(partner.ids))
        assert arrived < 300, "the kill found no load"
        due |= await say(store, 200)
        await process.start(session)
        await until(lambda: set(partner.ids) == due, 30)
        await until(lambda: _all_told(database, due), 30)
        for webhook in partner.received:
            webhook.verified(secret)

        assert await process.ends()
        for planted in (secret, "secret-path-of-the-url"):
            assert planted not in process.said()
    # Doubles are what was on its way, or not yet reported, when the kill came.
    assert len(partner.received) <= 500 + arrived


async def _is_let_in(session: aiohttp.ClientSession, url: str) -> bool:
    async with session.get(f"{url}/v1/endpoints") as response:
        return response.status == 200


async def _all_told(database: Database, due: set[str]) -> bool:
    told: set[str] = set()
    for commit in await EventStore(database).read(0, 10_000):
        for event in commit.events:
            if event.type == NotificationDelivered.type:
                report = NotificationDelivered.model_validate(event.data)
                told |= {made.message for made in report.deliveries}
    states = await database["deliveries"].distinct("state")
    return told == due and states == ["delivered"]
