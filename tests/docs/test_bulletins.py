"""Every snippet of the page on bulletins runs as written, in one shell, on a running stack."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import get_args

from services.notify.domain.bulletin import MOST_UNITS
from shared.events.notify import WithdrawnFor
from tests.support.community import Community

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "bulletins.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


async def test_every_snippet_runs_in_order(shaba: Community) -> None:
    assert {kind for kind, _ in BLOCK.findall(PAGE)} == {"sh"}
    script = "\n".join(text for _, text in BLOCK.findall(PAGE))
    desk, unit = shaba.staff["notify"], shaba.health["notify"]
    said = {"NOTIFY": desk.base, "DESK": str(desk.token), "UNIT": str(unit.token)}
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        env={**os.environ, **said},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(shell.communicate(), 60)
    assert shell.returncode == 0, out.decode()[-2000:]
    for shown in ('"unread":["unit-primary-school"]', "No water on Friday", "已备水"):
        assert shown in out.decode(), shown


def test_what_it_says_is_so() -> None:
    assert f"up to {MOST_UNITS} units" in PAGE
    for reason in get_args(WithdrawnFor):
        assert f"`{reason}`" in PAGE
    for path in re.findall(r"\]\(((?!http)[^)#]+)\)", PAGE):
        assert (ROOT / "docs" / path).exists(), path
