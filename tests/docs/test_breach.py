"""Every snippet of the page for the case of a breach runs as written, with the README's functions."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from pathlib import Path

from deploy.stack import Stack
from tests.audit.test_api import read_all
from tests.support.community import Community
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "breach.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def functions() -> str:
    """The README's first block that defines what the others use."""
    blocks: list[str] = BLOCK.findall(README)
    return next(text for text in blocks if "from_stack()" in text)


async def test_every_snippet_says_who_was_shown_whose_details(
    running_stack: Stack, shaba: Community, tmp_path: Path
) -> None:
    seen, unseen = await shaba.resident(), await shaba.resident()
    path = f"/v1/residents/{seen}/details"
    for purpose in ("service", "complaint"):
        assert (await shaba.staff["registry"].get(path, purpose=purpose)).status == 200
    await shaba.admin["registry"].get(f"/v1/residents/{unseen}/details", purpose="report")
    auditor = shaba.auditor["audit"]

    async def recorded() -> list[dict[str, str]]:
        viewed = await read_all(auditor, type="details-viewed")
        return [entry["event"] for entry in viewed if entry["event"]["data"]["subject"] == seen]

    async def both() -> bool:
        return len(await recorded()) == 2

    await until(both)
    client = (await recorded())[0]["authid"]
    script = "\n".join([functions(), *BLOCK.findall(PAGE)])
    run = await asyncio.to_thread(
        subprocess.run,
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={
            **os.environ,
            "LINLI_DATA": str(running_stack.folder.path),
            "AUDITOR": str(auditor.token),
            "CLIENT": client,
            "RESIDENT": seen,
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    assert '"intact":true' in run.stdout
    assert re.search(rf"^ +2 subject={seen}$", run.stdout, re.MULTILINE), run.stdout
    assert f"subject={unseen}" not in "".join(
        line for line in run.stdout.splitlines() if f" {client} " in line
    )
    viewed = (tmp_path / "viewed.txt").read_text()
    assert f" {client} " in viewed
    assert "purpose=complaint" in viewed
    assert f"subject={unseen}" in viewed
    assert client in (tmp_path / "clients.txt").read_text()


def test_the_routes_that_it_names_are_there() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "services/registry/api").glob("*.py"))
    assert '"/clients/{client}/revoke"' in sources
    keyring = (ROOT / "shared/runtime/http/keyring.py").read_text()
    assert '"/v1/keyring"' in keyring
    assert '"/rotate"' in keyring
    assert '"/drop"' in keyring
    for path in re.findall(r"\]\(((?!http)[^)#]+)\)", PAGE):
        assert (ROOT / "docs" / path).exists(), path
