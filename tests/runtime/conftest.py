"""A store, sealed details and an executor over them, each of this test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.runtime.execute import Executor
from shared.runtime.keyring import load_keyring
from shared.runtime.mongo import Database
from shared.runtime.sealed import SealedDetails
from shared.runtime.store import EventStore


@pytest.fixture
async def store(database: Database) -> AsyncIterator[EventStore]:
    """A running event store."""
    log = EventStore(database)
    await log.start()
    yield log
    await log.stop()


@pytest.fixture
async def sealed(database: Database, tmp_path: Path) -> SealedDetails:
    """Sealed details with keys of their own."""
    details = SealedDetails(database, load_keyring(tmp_path / "keys.json"))
    await details.start()
    return details


@pytest.fixture
def executor(store: EventStore, sealed: SealedDetails) -> Executor:
    """What runs commands against the store."""
    return Executor(store, sealed)
