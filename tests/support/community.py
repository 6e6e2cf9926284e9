"""A running stack as its users meet it: an administrator, a dispatcher, an auditor, two units."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import aiohttp

from deploy.stack import StackFile
from shared.kernel.times import format_time
from tests.support.client import Client, Reply, access_token

SERVICES = ("registry", "dispatch", "notify", "audit")
HEALTH = "unit-health-centre"
SCHOOL = "unit-primary-school"
MEALS = "service-home-meals"
HEALTH_HELP = "service-home-health-help"


@dataclass
class Community:
    """Clients by role and service: `community.staff["dispatch"]`."""

    session: aiohttp.ClientSession
    stack: StackFile
    admin: dict[str, Client]
    staff: dict[str, Client]
    auditor: dict[str, Client]
    health: dict[str, Client]
    school: dict[str, Client]

    async def volunteer(self, unit: str = HEALTH) -> str:
        """A new volunteer of `unit` that dispatch knows of."""
        named = {"name": "李梅", "unit": unit, "team": "residents", "skills": ["first-aid"]}
        body = {**named, "confirmed": True}
        reply = await self.admin["registry"].post("/v1/volunteers", body)
        assert reply.status == 201, reply.body
        await self.dispatch_has(reply)
        return str(reply.body["id"])

    async def resident(self, name: str = "王秀英") -> str:
        """A new resident that dispatch knows of."""
        body = {
            "name": name,
            "phone": "13800000001",
            "address": "3栋2单元401",
            "grid": "shaba-03",
            "tier": "high",
            "flags": ["lives-alone"],
            "confirmed": True,
        }
        reply = await self.admin["registry"].post("/v1/residents", body)
        assert reply.status == 201, reply.body
        await self.dispatch_has(reply)
        return str(reply.body["id"])

    async def dispatch_has(self, reply: Reply) -> None:
        """Wait until dispatch has heard of what registry just answered."""
        after = {"Linli-After": reply.headers["linli-position"]}
        seen = await self.admin["dispatch"].call("GET", "/v1/requests?limit=1", headers=after)
        assert seen.status == 200, seen.body

    async def request(self, **fields: str) -> str:
        """A new request for a health problem at home."""
        body = {"service": HEALTH_HELP, "grid": "shaba-03", "channel": "telephone", **fields}
        reply = await self.staff["dispatch"].post("/v1/requests", body)
        assert reply.status == 201, reply.body
        return str(reply.body["id"])

    async def assigned(self, volunteer: str, slot: dict[str, str]) -> str:
        """A new request, triaged, with `volunteer` placed on it."""
        id = await self.request()
        await self.staff["dispatch"].post(f"/v1/requests/{id}/triage", {"priority": "urgent"})
        body = {"volunteer": volunteer, "slot": slot}
        reply = await self.staff["dispatch"].post(f"/v1/requests/{id}/assignments", body)
        assert reply.status == 201, reply.body
        return id


def slot(start_hours: float = 1, hours: float = 1) -> dict[str, str]:
    """A slot from some hours from now."""
    start = datetime.now(UTC) + timedelta(hours=start_hours)
    return {"start": format_time(start), "end": format_time(start + timedelta(hours=hours))}


@asynccontextmanager
async def community(stack: StackFile) -> AsyncIterator[Community]:
    """The clients of a running stack with the case loaded."""
    async with aiohttp.ClientSession() as session:
        registry = stack.services["registry"]

        async def clients(client: str, secret: str) -> dict[str, Client]:
            token = await access_token(session, registry, client, secret)
            return {name: Client(stack.services[name], session, token) for name in SERVICES}

        admin = await clients(stack.admin.client_id, stack.admin.client_secret)

        async def registered(path: str, body: dict[str, str]) -> dict[str, Client]:
            reply = await admin["registry"].post(path, body)
            assert reply.status == 201, reply.body
            return await clients(str(reply.body["client_id"]), str(reply.body["client_secret"]))

        name = f"test {uuid4().hex[:6]}"
        yield Community(
            session=session,
            stack=stack,
            admin=admin,
            staff=await registered("/v1/clients", {"name": name, "role": "dispatcher"}),
            auditor=await registered("/v1/clients", {"name": name, "role": "auditor"}),
            health=await registered(f"/v1/units/{HEALTH}/clients", {"name": name}),
            school=await registered(f"/v1/units/{SCHOOL}/clients", {"name": name}),
        )
