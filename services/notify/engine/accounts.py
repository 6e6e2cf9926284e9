"""The queues and users that endpoints have on the broker: made for those that are there, and taken away."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from services.notify.endpoints import Endpoint, Endpoints, NoAddress
from shared.runtime.broker_accounts import AccountsFailed, BrokerAccounts, queue_of, user_of
from shared.runtime.mongo import PyMongoError

LOOK_S = 5.0

log = structlog.get_logger()


class Accounts:
    """Keeps the broker's accounts as the endpoints are. Each step can be repeated, by any process."""

    def __init__(self, endpoints: Endpoints, accounts: BrokerAccounts) -> None:
        self._endpoints = endpoints
        self._accounts = accounts
        self._made: set[str] = set()
        self._gone: set[str] = set()
        self._wake = asyncio.Event()
        endpoints.watch(lambda _: self._wake.set())

    async def run(self) -> None:
        """Look at every change, and every few seconds for what failed; until cancelled."""
        self._made, self._gone = set(), set()
        while True:
            self._wake.clear()
            for id in self._endpoints.ever():
                found = self._endpoints.even_if_removed(id)
                if found.facts.channel == "amqp" and found.facts.via is None:
                    await self.settle(found)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._wake.wait()

    async def settle(self, endpoint: Endpoint) -> None:
        """Make or remove the account of `endpoint`; what cannot be done now is done later."""
        done = self._gone if endpoint.state.ended else self._made
        if endpoint.id in done:
            return
        try:
            if endpoint.state.ended:
                await self._accounts.remove(queue_of(endpoint.id), user_of(endpoint.id))
            else:
                await self._make(endpoint)
            done.add(endpoint.id)
        except (AccountsFailed, PyMongoError, NoAddress) as error:
            log.warning("account-not-settled", endpoint=endpoint.id, error=type(error).__name__)

    async def _make(self, endpoint: Endpoint) -> None:
        target = await self._endpoints.target(endpoint)
        await self._accounts.ensure(target.address, user_of(endpoint.id), target.secrets[0])
