"""What one process of a service does at a time, of however many there are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

from shared.runtime.background import Background
from shared.runtime.consumer import Consumer
from shared.runtime.follower import Follower
from shared.runtime.lease import Lease, while_held
from shared.runtime.mongo import Database

Work = Callable[[], Awaitable[None]]


class Led:
    """The work of whichever process holds the lease `lead`, that of its followers and consumers included."""

    def __init__(self, database: Database) -> None:
        self._leases = database["leases"]
        self.followers: list[Follower] = []
        self.consumers: list[Consumer] = []
        self.work: list[tuple[str, Work]] = []
        self.leads = False
        """Whether this process does it now."""
        self._lease: Lease | None = None

    @property
    def sure(self) -> bool:
        """Whether no other process can do it now."""
        return self.leads and self._lease is not None and self._lease.sure

    async def run(self) -> None:
        """Wait for the lease, and do it all while it is ours."""
        self._lease = Lease(self._leases, str(uuid4()), "lead")
        await while_held(self._lease, self._lead)

    async def _lead(self) -> None:
        running = Background()
        try:
            for follower in self.followers:
                await follower.load()  # where the process before came to
            self.leads = True
            for name, work in self.work:
                running.start(name, work)
            await asyncio.Event().wait()
        finally:
            self.leads = False
            await running.stop()
