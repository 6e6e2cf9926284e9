"""What every test can ask for: a real store, a real broker, a database of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from deploy.stack import PARTS, Stack, ephemeral
from deploy.stack.credentials import SERVICES
from shared.runtime.broker import Broker
from shared.runtime.mongo import Database, connect
from shared.runtime.mongo import database as open_database
from tests.support.community import Community, community


@pytest.fixture(scope="session")
def servers() -> Iterator[Stack]:
    """A broker and a store of this run's own, with a user for each service."""
    with ephemeral(("rabbitmq", "store")) as stack:
        yield stack


@pytest.fixture(scope="session")
def store_url(servers: Stack) -> str:
    """The address of the store with the operator's rights, or LINLI_TEST_MONGO_URL."""
    return os.environ.get("LINLI_TEST_MONGO_URL") or servers.site.mongo_url()


@pytest.fixture
async def database(store_url: str) -> AsyncIterator[Database]:
    """An empty database of this test's own."""
    client = connect(store_url)
    name = f"test_{uuid4().hex[:12]}"
    yield open_database(client, name)
    await client.drop_database(name)
    client.close()


@pytest.fixture
def broker(servers: Stack) -> Broker:
    """The broker with dispatch's rights."""
    return Broker(servers.site.amqp_url("dispatch"), "dispatch")


@pytest.fixture(scope="session")
def running_stack() -> Iterator[Stack]:
    """All four services on servers of their own, with the case loaded.

    Every test comes from one address, and many of them fail to say who they are: that holds up nobody here.
    """
    patient = {"LINLI_FAILURES": "1000000"}
    with ephemeral(PARTS, {name: patient for name in SERVICES}) as stack:
        yield stack


@pytest.fixture
async def shaba(running_stack: Stack) -> AsyncIterator[Community]:
    """The running stack as its users meet it."""
    async with community(running_stack.up()) as clients:
        yield clients
