"""A partner unit's system: takes webhooks, verifies each with the official package, and notes them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook


@dataclass
class Receiver:
    """What arrived: how often each event came, by id, and the events themselves."""

    url: str = ""
    secret: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    events: dict[str, Any] = field(default_factory=dict)

    async def take(self, request: web.Request) -> web.Response:
        """Verify and note one webhook; 400 if its signature is wrong."""
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        event = Webhook(self.secret).verify(body, headers)
        assert event == json.loads(body)
        self.counts[headers["webhook-id"]] += 1
        self.events[headers["webhook-id"]] = event
        return web.Response(status=204)

    def created(self) -> set[str]:
        """The ids of the requests whose creation was told."""
        return {e["subject"] for e in self.events.values() if e["type"] == "request-created"}


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that listens on a free port of 127.0.0.1."""
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    receiver.url = f"http://127.0.0.1:{port}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()
