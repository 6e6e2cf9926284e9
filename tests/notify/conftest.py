"""notify for tests: a running one, and settings to start others with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.runtime.mongo import Database
from shared.runtime.settings import NotifySettings
from tests.support.notifying import Notify, Partner, notify, notify_settings, partner_system


@pytest.fixture
def settings(database: Database, store_url: str, tmp_path: Path) -> NotifySettings:
    """Settings of a notify of this test's own."""
    return notify_settings(database, store_url, tmp_path)


@pytest.fixture
async def running(settings: NotifySettings) -> AsyncIterator[Notify]:
    """A running notify."""
    async with notify(settings) as found:
        yield found


@pytest.fixture
async def partner() -> AsyncIterator[Partner]:
    """A partner's system that answers at once."""
    async with partner_system() as found:
        yield found
