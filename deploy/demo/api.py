"""The public HTTP API as one of its callers uses it: a token, a key for every command, patience."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeVar
from uuid import uuid4

import aiohttp

from deploy.demo.errors import DemoFailed, Refusal
from shared.kernel.canonical import Json, decode_object

CONNECTIONS = 32
PATIENCE_S = 30.0
PAUSE_S = 0.2
PAGE = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is a success."""

    body: Mapping[str, Json]

    def text(self, name: str) -> str:
        """A field that is text. Raises DemoFailed if it is not."""
        return text_of(self.body, name)

    @property
    def items(self) -> list[dict[str, Json]]:
        """A list's items."""
        found = self.body.get("items")
        if not isinstance(found, list):
            raise DemoFailed("an answer that should be a list has no items")
        return [item for item in found if isinstance(item, dict)]


def text_of(body: Mapping[str, Json], name: str) -> str:
    """A field that is text. Raises DemoFailed if it is not."""
    found = body.get(name)
    if not isinstance(found, str):
        raise DemoFailed(f"an answer has no text in its field {name}")
    return found


@dataclass(frozen=True, slots=True)
class Api:
    """One caller. `positions` is kept by all callers together: the furthest that each service was written."""

    session: aiohttp.ClientSession
    services: Mapping[str, str]
    token: str
    positions: dict[str, int] = field(default_factory=dict)

    async def get(
        self, service: str, path: str, params: Mapping[str, str | int] | None = None, after: str | None = None
    ) -> Reply:
        """Read; `after` is a position (`registry@184`) that the answer must know of.

        Raises Refusal, or DemoFailed if no answer comes for half a minute.
        """
        headers = {"Linli-After": after} if after else {}
        return await self._call("GET", service, path, headers, None, params or {})

    async def post(self, service: str, path: str, body: Mapping[str, object]) -> Reply:
        """Give a command, again with the same Idempotency-Key for as long as its outcome is not known.

        Raises as `get` does.
        """
        return await self._call("POST", service, path, {"Idempotency-Key": str(uuid4())}, body, {})

    async def pages(
        self, service: str, path: str, params: Mapping[str, str | int] | None = None, cursor: str = "cursor"
    ) -> AsyncIterator[Reply]:
        """A list to its end, page by page. `cursor` is the parameter that takes up `next`."""
        wanted = {**(params or {}), "limit": PAGE}
        while True:
            reply = await self.get(service, path, wanted)
            yield reply
            if reply.body.get("next") is None:
                return
            wanted[cursor] = reply.text("next")

    async def _call(
        self,
        method: str,
        service: str,
        path: str,
        headers: Mapping[str, str],
        body: Mapping[str, object] | None,
        params: Mapping[str, str | int],
    ) -> Reply:
        call = f"{method} {service}{path}"
        sent = {**headers, "Authorization": f"Bearer {self.token}"}
        deadline = monotonic() + PATIENCE_S
        while True:
            try:
                async with self.session.request(
                    method, self.services[service] + path, json=body, headers=sent, params=params
                ) as response:
                    raw = await response.read()
                    if not (why := _worth_another_try(response.status, raw)):
                        return self._reply(call, response, raw)
            except (aiohttp.ClientError, TimeoutError) as error:
                why = type(error).__name__
            if monotonic() > deadline:
                raise DemoFailed(f"{call}: no success within {PATIENCE_S:.0f} s, last {why}")
            await asyncio.sleep(PAUSE_S)

    def _reply(self, call: str, response: aiohttp.ClientResponse, raw: bytes) -> Reply:
        if response.status >= 400:
            raise Refusal(call, response.status, _code(raw))
        service, at, pos = response.headers.get("Linli-Position", "").partition("@")
        if at:
            self.positions[service] = max(self.positions.get(service, 0), int(pos))
        return Reply(decode_object(raw))


def _worth_another_try(status: int, raw: bytes) -> str | None:
    """Why the same call may succeed soon; None if this answer stands."""
    if status == 503 or (status == 409 and _code(raw) == "stream-busy"):
        return f"{status} {_code(raw)}"
    return None


def _code(raw: bytes) -> str:
    try:
        return str(decode_object(raw).get("code", ""))
    except ValueError:
        return "without a problem document"


async def access_token(session: aiohttp.ClientSession, registry: str, client: str, secret: str) -> str:
    """An access token by client credentials, as every user gets one. Raises Refusal."""
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
    async with session.post(f"{registry}/oauth/token", data=form) as response:
        if response.status != 200:
            raise Refusal("POST registry/oauth/token", response.status, "")
        return Reply(decode_object(await response.read())).text("access_token")


async def for_each(items: Iterable[T], work: Callable[[T], Awaitable[None]], at_once: int) -> None:
    """Do `work` for every item, begun in order, `at_once` at a time. Raises what one of them raises."""
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(worker())
