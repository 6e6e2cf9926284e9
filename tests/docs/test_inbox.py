"""The page on fetching and listening: its snippets run as written, and what it says is so."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.notify.api.inbox import LONGEST_WAIT_S
from services.notify.consumers import MOST
from services.notify.inbox import MOST_OF_ONE
from services.registry.signing import LIFETIME_S
from shared.runtime.http.event_stream import HEARTBEAT_S, STUCK_S
from shared.runtime.settings import NotifySettings
from tests.support.community import Community
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "inbox.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
[POLLER] = [text for kind, text in BLOCK.findall(PAGE) if kind == "python"]


def environment(shaba: Community) -> dict[str, str]:
    unit = shaba.health["notify"]
    return {**os.environ, "NOTIFY": unit.base, "UNIT": str(unit.token)}


async def test_every_snippet_for_the_shell_runs_in_order(shaba: Community) -> None:
    for _ in range(2):
        await shaba.volunteer()
    await until(lambda: has_two(shaba))
    script = "\n".join(text for kind, text in BLOCK.findall(PAGE) if kind == "sh")
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        env=environment(shaba),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(shell.communicate(), 60)
    assert shell.returncode == 0, out.decode()[-2000:]
    for shown in ('"unitsequence":1', '"status":"deleted"', ": linli", "id: 2\n"):
        assert shown in out.decode(), shown


async def has_two(shaba: Community) -> bool:
    return len((await shaba.health["notify"].get("/v1/messages", limit="2")).body["items"]) == 2


@asynccontextmanager
async def poller(shaba: Community) -> AsyncIterator[asyncio.StreamReader]:
    """The program of the page as a process, which is killed at the end; what it prints."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", POLLER), env=environment(shaba), stdout=asyncio.subprocess.PIPE
    )
    assert program.stdout is not None
    try:
        yield program.stdout
    finally:
        program.kill()
        await program.wait()


async def printed(out: asyncio.StreamReader, type: str) -> list[int]:
    """The numbers that are printed up to the first message of this type."""
    found = []
    async with asyncio.timeout(20):
        while line := (await out.readline()).decode():
            number, shown, _ = line.split()
            found.append(int(number))
            if shown == type:
                return found
    raise EOFError


async def test_the_poller_hears_of_all_and_goes_on_where_it_was_killed(shaba: Community) -> None:
    mine = shaba.health["notify"]
    assert len(POLLER.splitlines()) <= 20
    head = (await mine.call("PUT", "/v1/consumers/case-system", {"start": "now"})).body["position"]
    try:
        async with poller(shaba) as out:
            await shaba.volunteer()
            first = await printed(out, "volunteer-registered")
            assert first == [*range(head + 1, first[-1] + 1)]
            await until(lambda: stands_at(shaba, first[-1]))
        async with poller(shaba) as out:
            await shaba.volunteer()
            assert (await printed(out, "volunteer-registered"))[0] == first[-1] + 1
    finally:
        assert (await mine.call("DELETE", "/v1/consumers/case-system")).status == 200


async def stands_at(shaba: Community, number: int) -> bool:
    found = await shaba.health["notify"].get("/v1/consumers/case-system")
    return bool(found.body["position"] >= number)


def test_what_it_says_is_so() -> None:
    keep = NotifySettings.model_fields["keep_days"].default
    for said in (
        f"kept for {keep:.0f} days",
        f"up to {LONGEST_WAIT_S} seconds",
        f"unit has up to {MOST} ",
        f"up to {MOST_OF_ONE} streams",
        f"every {HEARTBEAT_S:.0f} seconds",
        f"for {STUCK_S:.0f} seconds",
    ):
        assert said in PAGE.replace("\n", " "), said
    assert LIFETIME_S == 600
    for path in re.findall(r"\]\(((?!http)[^)#]+)\)", PAGE):
        assert (ROOT / "docs" / path).exists(), path
