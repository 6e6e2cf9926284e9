"""What access costs: a token against a bare route, and a token seen again against none."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

from deploy.stack import ephemeral
from deploy.stack.ports import free_base
from tests.load.requests import BODY, CONNECTIONS, generate, peer
from tests.load.rounds import Goal, alternate, report
from tests.support.waiting import until


async def generate_form(url: str, form: dict[str, str], count: int) -> float:
    """Requests per second with a form for a body."""
    address = urlsplit(url)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.load.generator", str(address.port), address.path),
        *(str(CONNECTIONS), str(count)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "LOAD_TYPE": "application/x-www-form-urlencoded"},
    )
    output, _ = await process.communicate(urlencode(form).encode())
    assert process.returncode == 0, "the generator failed"
    return float(json.loads(output)["per_second"])


async def token_against_a_bare_route(rounds: int, count: int) -> None:
    """registry and its store alone; the bare route on the same store; the same generator, in turns."""
    with ephemeral(("rabbitmq", "store", "registry")) as stack:
        described = stack.up()
        url = described.services["registry"] + "/oauth/token"
        client = {
            "client_id": described.admin.client_id,
            "client_secret": described.admin.client_secret,
        }
        form = {"grant_type": "client_credentials", **client}
        with peer(stack) as bare:
            series = await alternate(
                rounds,
                "/s",
                {
                    "bare route": lambda: generate(bare, BODY, count),
                    "POST /oauth/token": lambda: generate_form(url, form, count),
                },
            )
    goals = [Goal("POST /oauth/token", "bare route", 0.4)]
    report(f"Tokens, {CONNECTIONS} connections, {count} a round", series, goals)


@contextmanager
def doors() -> Iterator[tuple[str, str]]:
    """The address of the two routes, and a token for the one that asks for it."""
    port = free_base() + 9
    command = [sys.executable, "-m", "tests.load.doors", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{port}", process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(10)


async def seen_token_against_none(rounds: int, count: int) -> None:
    """The same route with the check and without, both behind all that is around a service's routes."""
    with doors() as (base, token):
        await until(lambda: _answers(base, token))
        series = await alternate(
            rounds,
            "/s",
            {
                "without the check": lambda: generate(f"{base}/open", BODY, count, token),
                "with a seen token": lambda: generate(f"{base}/checked", BODY, count, token),
            },
        )
    goals = [Goal("with a seen token", "without the check", 1 / 1.1)]
    report(f"The token check, {CONNECTIONS} connections, {count} a round", series, goals)


async def _answers(base: str, token: str) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", urlsplit(base).port)
    except OSError:
        return False
    writer.close()
    return bool(token)
