"""A small HTTP client for tests: what a partner's program would do, and nothing more."""

from __future__ import annotations

from dataclasses import dataclass, field
from json import loads
from typing import Any

import aiohttp

PATIENCE = 5
NO_POSITION = 10_000_000
"""A position that nothing in a test reaches: who asks for it wants to be refused."""


@dataclass
class Reply:
    """An answer: its status, headers and JSON body: an empty object if there is none, a list of lines."""

    status: int
    headers: dict[str, str]
    body: Any
    raw: bytes


@dataclass
class Client:
    """Calls one service at `base`, with `token` if there is one."""

    base: str
    session: aiohttp.ClientSession
    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, path: str, json: object = None, **more: Any) -> Reply:
        """One call, as `_once` makes it; made again while the service asks for patience with a position that
        there is."""
        for _ in range(PATIENCE):
            reply = await self._once(method, path, json, **more)
            if not _asks_for_patience(reply, more.get("headers") or {}):
                break
        return reply

    async def _once(
        self,
        method: str,
        path: str,
        json: object = None,
        *,
        data: bytes | None = None,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
    ) -> Reply:
        """`data` are the bytes of a body that is sent as JSON whatever it is."""
        sent = {**self.headers, **(headers or {})}
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        async with self.session.request(
            method, self.base + path, json=json, data=data, headers=sent, params=params
        ) as response:
            raw = await response.read()
            kind = response.headers.get("Content-Type", "")
            body = await response.json(content_type=None) if _is_json(kind) and raw else {}
            if kind.startswith("application/x-ndjson"):
                body = [loads(line) for line in raw.splitlines()]
            return Reply(response.status, {k.lower(): v for k, v in response.headers.items()}, body, raw)

    async def get(self, path: str, **params: str) -> Reply:
        """GET with query parameters."""
        return await self.call("GET", path, params=params)

    async def post(self, path: str, json: object = None, **headers: str) -> Reply:
        """POST a JSON body; keyword arguments are headers, `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.call("POST", path, json, headers=named)

    async def patch(self, path: str, json: object = None, **headers: str) -> Reply:
        """PATCH a JSON body; keyword arguments are headers, `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.call("PATCH", path, json, headers=named)


def _asks_for_patience(reply: Reply, headers: dict[str, str]) -> bool:
    """Whether the service has not heard yet of what another answered; it waited for two seconds already."""
    position = headers.get("Linli-After", "").rpartition("@")[2]
    real = position.isdigit() and int(position) < NO_POSITION
    return real and reply.status == 503 and reply.body["code"] == "not-caught-up"


def _is_json(kind: str) -> bool:
    return "json" in kind and not kind.startswith("application/x-ndjson")


async def access_token(session: aiohttp.ClientSession, registry: str, client: str, secret: str) -> str:
    """An access token by client credentials."""
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    async with session.post(f"{registry}/oauth/token", data=form) as response:
        body = await response.json()
        assert response.status == 200, body
        token: str = body["access_token"]
        return token
