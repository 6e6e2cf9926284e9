"""Many calls that are each another one, made by the generator."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from deploy.stack import Stack
from tests.support.client import access_token

CONNECTIONS = 64

Call = tuple[str, object]
"""A path, and the body of the POST to it."""


@dataclass(frozen=True, slots=True)
class Made:
    """What came of calls: how many a second, and the `id` that each answered, in their order."""

    per_second: float
    ids: list[str]


async def make(base: str, token: str, calls: Iterable[Call], connections: int = CONNECTIONS) -> Made:
    """Make each of `calls` once."""
    headers = f"Authorization: Bearer {token}\r\n"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.load.generator", str(urlsplit(base).port), "-"),
        *(str(connections), "0"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 26,
        env={**os.environ, "LOAD_HEADERS": headers},
    )
    lines = "".join(f"{json.dumps(call)}\n" for call in calls)
    output, _ = await process.communicate(lines.encode())
    assert process.returncode == 0, "the generator failed"
    said: dict[str, Any] = json.loads(output)
    return Made(float(said["per_second"]), said["ids"])


@dataclass(frozen=True, slots=True)
class Target:
    """registry and dispatch of a stack, as its administrator calls them; dispatch's process by `pid`."""

    registry: str
    dispatch: str
    token: str
    pid: int


@asynccontextmanager
async def target(stack: Stack) -> AsyncIterator[Target]:
    """The services of `stack`, which has both."""
    described = stack.up()
    registry, admin = described.services["registry"], described.admin
    async with aiohttp.ClientSession() as session:
        token = await access_token(session, registry, admin.client_id, admin.client_secret)
    yield Target(registry, described.services["dispatch"], token, described.pids["dispatch"])
