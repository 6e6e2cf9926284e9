"""The page on deliveries: its snippets run as written, and what it says is so."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from services.notify.api.desk import TESTS, TESTS_WINDOW_S
from services.notify.domain.breaker import FAILURES_TO_OPEN
from services.notify.domain.schedule import SHORT
from services.notify.ledger import LOOKED_AT
from services.notify.progress import LATELY
from services.notify.records import STATES
from tests.support.community import HEALTH, Community
from tests.support.everyday_deliveries import waiting
from tests.support.notifying import partner_system

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "deliveries.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


async def test_every_snippet_runs_in_order(shaba: Community) -> None:
    assert {kind for kind, _ in BLOCK.findall(PAGE)} == {"sh"}
    script = "\n".join(text for _, text in BLOCK.findall(PAGE))
    notify = shaba.health["notify"]
    async with partner_system() as partner:
        body = {"unit": HEALTH, "url": partner.url, "events": ["volunteer-registered", "visit-completed"]}
        path = (await notify.post("/v1/endpoints", body)).headers["location"]
        await shaba.volunteer()
        event = await waiting(notify, path, "delivered")
        said = {"NOTIFY": notify.base, "UNIT": str(notify.token), "ENDPOINT": path.rpartition("/")[2]}
        shell = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", script),
            env={**os.environ, **said},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await asyncio.wait_for(shell.communicate(), 60)
        assert shell.returncode == 0, out.decode()[-2000:]
        await notify.call("DELETE", path)
    for shown in ('"accepted":true', '"held":null', event, '"state":"pending"', '"status":"active"'):
        assert shown in out.decode(), shown
    assert partner.ids[0] == event
    assert partner.ids[1].startswith("test-")


def test_what_it_says_is_so() -> None:
    for state in STATES:
        assert f"| `{state}` |" in PAGE
    assert f"{FAILURES_TO_OPEN} in a row failed" in PAGE
    assert f"of the last {LATELY} attempts" in PAGE
    assert f"if more than {LOOKED_AT:,} were" in PAGE
    assert (SHORT, "after five attempts" in PAGE) == (4, True)
    assert (TESTS, TESTS_WINDOW_S) == (20, 60)
    assert "A unit has 20 in a minute" in PAGE
    for path in re.findall(r"\]\(((?!http)[^)#]+)[^)]*\)", PAGE):
        assert (ROOT / "docs" / path).exists(), path
