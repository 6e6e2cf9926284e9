"""POST /v1/requests against a bare FastAPI route; then the whole stack's sustained rate."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from urllib.parse import urlsplit

import aiohttp

from deploy.stack import PARTS, Stack, ephemeral
from deploy.stack.ports import taken
from tests.load.rounds import Goal, alternate, console, report
from tests.support.client import access_token
from tests.support.community import HEALTH, MEALS, community
from tests.support.receiver import receiving
from tests.support.waiting import until

CONNECTIONS = 64
BODY = {"service": MEALS, "grid": "shaba-03", "channel": "telephone"}
TEXT = {**BODY, "text": "老人独居, 头晕, 请尽快上门量血压"}


async def generate(url: str, body: dict[str, str], count: int, token: str = "") -> float:
    """Requests per second that the generator, a process of its own, reached."""
    address = urlsplit(url)
    headers = f"Authorization: Bearer {token}\r\n" if token else ""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.load.generator", str(address.port), address.path),
        *(str(CONNECTIONS), str(count)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "LOAD_HEADERS": headers},
    )
    output, _ = await process.communicate(json.dumps(body).encode())
    assert process.returncode == 0, "the generator failed"
    return float(json.loads(output)["per_second"])


@contextmanager
def peer(stack: Stack) -> Iterator[str]:
    """The peer's route, on the same store."""
    port = stack.ports.base + 9
    command = [sys.executable, "-m", "tests.load.peer", str(port), stack.site.mongo_url()]
    process = subprocess.Popen(command)
    try:
        deadline = monotonic() + 20
        while not taken(port):
            assert monotonic() < deadline, "the peer does not start"
            sleep(0.05)
        yield f"http://127.0.0.1:{port}/requests"
    finally:
        process.terminate()
        process.wait(10)


async def post_against_a_bare_route(rounds: int, count: int) -> None:
    """Relay on, the other services stopped; the same store, the same generator, in turns."""
    with ephemeral(("rabbitmq", "store", "registry", "dispatch")) as stack:
        described = stack.up()
        async with aiohttp.ClientSession() as session:
            token = await access_token(
                session,
                described.services["registry"],
                described.admin.client_id,
                described.admin.client_secret,
            )
        stack.stop("registry")
        url = described.services["dispatch"] + "/v1/requests"
        with peer(stack) as bare:
            series = await alternate(
                rounds,
                "/s",
                {
                    "bare route": lambda: generate(bare, BODY, count),
                    "POST /v1/requests": lambda: generate(url, BODY, count, token),
                    "with text": lambda: generate(url, TEXT, count, token),
                },
            )
    goals = [Goal("POST /v1/requests", "bare route", 1.2), Goal("with text", "bare route", 0.9)]
    report(f"Requests, {CONNECTIONS} connections, {count} a round", series, goals)


async def whole_stack(count: int) -> None:
    """All four services, one endpoint: requests a second from the first call to the last webhook."""
    with ephemeral(PARTS) as stack:
        async with community(stack.up()) as shaba, receiving() as receiver:
            body = {"unit": HEALTH, "url": receiver.url, "events": ["request-created"]}
            endpoint = await shaba.health["notify"].post("/v1/endpoints", body)
            receiver.secret = str(endpoint.body["secret"])
            client = shaba.staff["dispatch"]
            assert client.token is not None
            load = {**BODY, "service": "service-home-health-help"}
            began = monotonic()
            accepted = await generate(f"{client.base}/v1/requests", load, count, client.token)
            behind = count - len(receiver.created())
            await until(lambda: len(receiver.created()) >= count, 120)
            took = monotonic() - began
    console.print("[bold]The whole stack[/bold]: each request recorded by audit and told to one endpoint")
    console.print(f"  accepted {accepted:,.0f} /s; when the last was accepted, {behind} webhooks were due")
    console.print(f"  sustained, to the last webhook: {count / took:,.0f} /s")
