"""Everybody who calls: staff and units' systems, each with a client of its own and a token for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from deploy.demo.api import CONNECTIONS, Api, access_token
from deploy.stack import StackFile

TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Callers:
    """The callers by role; of the units' systems one for each unit."""

    admin: Api
    dispatcher: Api
    auditor: Api
    units: Mapping[str, Api]

    def position(self, service: str) -> str:
        """The furthest that any of them has written to `service`, as a consistency token."""
        return f"{service}@{self.admin.positions.get(service, 0)}"


@asynccontextmanager
async def callers(stack: StackFile, units: Sequence[str]) -> AsyncIterator[Callers]:
    """The administrator of a new stack, and whom it registers. Raises Refusal."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False) as session:
        positions: dict[str, int] = {}

        async def caller(client: str, secret: str) -> Api:
            token = await access_token(session, stack.services["registry"], client, secret)
            return Api(session, stack.services, token, positions)

        admin = await caller(stack.admin.client_id, stack.admin.client_secret)

        async def registered(path: str, body: Mapping[str, str]) -> Api:
            reply = await admin.post("registry", path, body)
            return await caller(reply.text("client_id"), reply.text("client_secret"))

        yield Callers(
            admin=admin,
            dispatcher=await registered("/v1/clients", {"name": "dispatch desk", "role": "dispatcher"}),
            auditor=await registered("/v1/clients", {"name": "auditor", "role": "auditor"}),
            units={unit: await registered(f"/v1/units/{unit}/clients", {"name": unit}) for unit in units},
        )
